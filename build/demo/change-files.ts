/** Two rounds of changes as a working day makes them, to a folder that belongs to the demo. */
import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename } from 'node:path'
import { below, type FolderRecord, shownName } from './folder-record.ts'

const kibibyte = 1024
/** A file is read whole to insert something. */
const longestInsertion = 64 * 1024 * kibibyte
const longestEdit = 1024 * kibibyte

interface Changes {
  readonly folder: string
  readonly done: string[]
  /** Next file that was not changed yet; undefined when there is none left. */
  readonly next: () => string | undefined
  readonly largest: string | undefined
  readonly record: FolderRecord
}

/** A first round of many kinds of changes. Answers one line for each kind, in words. */
export function changeMuch(folder: string, record: FolderRecord): string[] {
  const changes = startChanges(folder, record, 0)
  const { done, next, largest } = changes
  if (largest !== undefined) {
    appendFileSync(below(folder, largest), noise(64 * kibibyte, 1))
    done.push(`64 KiB appended to the largest file, ${shownName(largest)}`)
  }
  insertIntoMiddle(changes)
  repeat(5, 'small files edited', changes, (path) => appendFileSync(below(folder, path), '\nedited by the demo\n'))
  addEntries(changes)
  repeat(2, 'files deleted', changes, (path) => rmSync(below(folder, path)))
  const renamed = next()
  if (renamed !== undefined) {
    renameSync(below(folder, renamed), below(folder, `${renamed}.renamed`))
    done.push(`1 file renamed: ${shownName(renamed)}`)
  }
  renameFolder(changes)
  repeat(1, 'file with other permissions', changes, (path) => chmodSync(below(folder, path), 0o640))
  return done
}

/** A second, small round: what the first one touched is left alone, but for the largest file. */
export function changeLittle(folder: string, record: FolderRecord): string[] {
  const changes = startChanges(folder, record, 1)
  const { done, largest } = changes
  if (largest !== undefined) {
    const offset = Math.floor((record.get(largest)?.sizeBytes ?? 0) / 2)
    const fd = openSync(below(folder, largest), 'r+')
    writeSync(fd, noise(4 * kibibyte, 2), 0, 4 * kibibyte, offset)
    closeSync(fd)
    done.push(`4 KiB overwritten in the middle of the largest file`)
  }
  repeat(2, 'small files edited', changes, (path) => appendFileSync(below(folder, path), '\nedited again\n'))
  return done
}

function startChanges(folder: string, record: FolderRecord, round: number): Changes {
  const files = [...record].filter(
    ([path, { type, mode, sameFileAs }]) =>
      type === 'file' && sameFileAs === '' && (mode & 0o600) === 0o600 && isWritable(record, path),
  )
  const largest = files.reduce<string | undefined>((best, [path, { sizeBytes }]) => {
    return sizeBytes > (best === undefined ? 0 : (record.get(best)?.sizeBytes ?? 0)) ? path : best
  }, undefined)
  const small = files.filter(([path, { sizeBytes }]) => path !== largest && sizeBytes <= longestEdit)
  // Spread over the whole folder; another round takes others.
  const step = Math.max(1, Math.floor(small.length / 16))
  let at = round * Math.floor(step / 2)
  const next = () => {
    const path = small[at]?.[0]
    at += step
    return path
  }
  return { folder, done: [], next, largest, record }
}

function isWritable(record: FolderRecord, path: string): boolean {
  const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
  return ((record.get(parent)?.mode ?? 0) & 0o300) === 0o300
}

function repeat(count: number, words: string, changes: Changes, change: (path: string) => void): void {
  let done = 0
  for (let path = changes.next(); path !== undefined; path = done < count ? changes.next() : undefined) {
    change(path)
    done++
  }
  if (done > 0) changes.done.push(`${done} ${words}`)
}

function insertIntoMiddle({ folder, record, largest, done }: Changes): void {
  let chosen: string | undefined
  for (const [path, { type, mode, sizeBytes }] of record) {
    const isFit = type === 'file' && path !== largest && sizeBytes <= longestInsertion && (mode & 0o600) === 0o600
    if (isFit && sizeBytes > (chosen === undefined ? longestEdit : (record.get(chosen)?.sizeBytes ?? 0))) chosen = path
  }
  if (chosen === undefined) return
  const path = below(folder, chosen)
  const bytes = readFileSync(path)
  const middle = Math.floor(bytes.length / 2)
  writeFileSync(path, Buffer.concat([bytes.subarray(0, middle), noise(kibibyte, 3), bytes.subarray(middle)]))
  done.push(`1 KiB inserted into the middle of ${shownName(chosen)}`)
}

function addEntries({ folder, done }: Changes): void {
  const name = 'added by the demo'
  mkdirSync(below(folder, name))
  const at = (entry: string) => below(folder, `${name}/${Buffer.from(entry).toString('latin1')}`)
  writeFileSync(at('empty'), '')
  writeFileSync(at('Grüße – 名前.txt'), 'A name in several scripts.\n')
  writeFileSync(at('numbers'), noise(200 * kibibyte, 4))
  linkSync(at('numbers'), at('hard link to numbers'))
  symlinkSync('nowhere', at('link to nowhere'))
  done.push('1 folder added with 3 files, a hard link and a link')
}

/** Renames the first folder that holds a file directly, and not the largest one. */
function renameFolder({ folder, record, largest, done }: Changes): void {
  const foldersWithFiles = new Set<string>()
  for (const [path, { type }] of record) {
    if (type === 'file' && path.includes('/')) foldersWithFiles.add(path.slice(0, path.lastIndexOf('/')))
  }
  for (const path of foldersWithFiles) {
    const isFit = ((record.get(path)?.mode ?? 0) & 0o300) === 0o300 && isWritable(record, path)
    if (!isFit || largest?.startsWith(`${path}/`)) continue
    renameSync(below(folder, path), below(folder, `${path}.renamed`))
    done.push(`1 folder renamed: ${basename(shownName(path))}`)
    return
  }
}

/** Bytes that do not compress and are the same in every run. */
function noise(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  let state = seed * 0x9e3779b9
  for (let at = 0; at < sizeBytes; at++) {
    // Marsaglia, "Xorshift RNGs", 2003.
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state
  }
  return bytes
}
