/**
 * What a folder holds, byte for byte and with its metadata, written down so that a restored folder can be compared
 * with a state that is long gone. Uses nothing of the agent: what it says is a second opinion.
 */
import { createHash } from 'node:crypto'
import { type BigIntStats, closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

export interface EntryRecord {
  readonly type: 'file' | 'directory' | 'link' | 'other'
  readonly mode: number
  readonly owner: string
  readonly mtimeNs: bigint
  /** Files only; 0 for the others. */
  readonly sizeBytes: number
  /** SHA-256 of a file, target of a link (latin1); empty for the others. */
  readonly content: string
  /** Files with several names: the first of them in the order of the record; else empty. */
  readonly sameFileAs: string
}

/** Entries by their path below the folder, one character a byte (latin1); the folder itself is the empty path. */
export type FolderRecord = ReadonlyMap<string, EntryRecord>

const readBuffer = Buffer.allocUnsafe(4 * 1024 * 1024)
const pauseAfterEntries = 64

/** Reads all of `folder` without following links. Throws the system's error, or the signal's reason. */
export async function recordFolder(folder: string, signal?: AbortSignal): Promise<FolderRecord> {
  const record = new Map<string, EntryRecord>()
  const firstNames = new Map<string, string>()
  const waiting = ['']
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (record.size % pauseAfterEntries === 0) await setImmediate()
    signal?.throwIfAborted()
    const fullPath = below(folder, path)
    const stats = lstatSync(fullPath, { bigint: true })
    record.set(path, recordEntry(fullPath, path, stats, firstNames))
    if (!stats.isDirectory()) continue
    // Last name first, so that the order of the record is that of the names.
    const names = readdirSync(fullPath, { encoding: 'buffer' }).map((name) => name.toString('latin1'))
    for (const name of names.sort().reverse()) waiting.push(path === '' ? name : `${path}/${name}`)
  }
  return record
}

function recordEntry(fullPath: Buffer, path: string, stats: BigIntStats, firstNames: Map<string, string>): EntryRecord {
  const file = `${stats.dev}:${stats.ino}`
  const firstName = firstNames.get(file)
  if (stats.isFile() && stats.nlink > 1n && firstName === undefined) firstNames.set(file, path)
  return {
    type: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'other',
    mode: Number(stats.mode & 0o7777n),
    owner: `${stats.uid}:${stats.gid}`,
    mtimeNs: stats.mtimeNs,
    sizeBytes: stats.isFile() ? Number(stats.size) : 0,
    content: stats.isFile() ? hashFile(fullPath) : stats.isSymbolicLink() ? linkTarget(fullPath) : '',
    sameFileAs: firstName ?? '',
  }
}

function linkTarget(path: Buffer): string {
  return readlinkSync(path, { encoding: 'buffer' }).toString('latin1')
}

function hashFile(path: Buffer): string {
  const hash = createHash('sha256')
  const fd = openSync(path, 'r')
  try {
    for (let count = readSync(fd, readBuffer); count > 0; count = readSync(fd, readBuffer)) {
      hash.update(readBuffer.subarray(0, count))
    }
  } finally {
    closeSync(fd)
  }
  return hash.digest('hex')
}

/** The bytes of `folder`/`path` for the system; `path` as in a record. */
export function below(folder: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(path === '' ? folder : `${folder}/`), Buffer.from(path, 'latin1')])
}

/** A path of a record as people read it. */
export function shownName(path: string): string {
  return path === '' ? '(the folder itself)' : Buffer.from(path, 'latin1').toString()
}

const aspects = [
  ['type', 'another type'],
  ['content', 'other content'],
  ['sizeBytes', 'another size'],
  ['mode', 'other permissions'],
  ['owner', 'another owner'],
  ['mtimeNs', 'another time of change'],
  ['sameFileAs', 'other hard links'],
] as const

/** One line for each difference, in words; none when both are the same. */
export function compareRecords(expected: FolderRecord, found: FolderRecord): string[] {
  const differences: string[] = []
  for (const [path, entry] of expected) {
    const other = found.get(path)
    if (other === undefined) {
      differences.push(`${shownName(path)}: missing`)
      continue
    }
    const different = aspects.filter(([aspect]) => entry[aspect] !== other[aspect]).map(([, words]) => words)
    if (different.length > 0) differences.push(`${shownName(path)}: ${different.join(', ')}`)
  }
  for (const path of found.keys()) if (!expected.has(path)) differences.push(`${shownName(path)}: not expected`)
  return differences
}

/** Bytes of all files, those with several names once. */
export function totalBytes(record: FolderRecord): number {
  return sumOfSizes([...record.values()])
}

/** Bytes of the whole files that are new or differ since `before`: what a differential backup carries. */
export function bytesOfChangedFiles(before: FolderRecord, now: FolderRecord): number {
  const changed = [...now].filter(([path, entry]) => {
    const old = before.get(path)
    return old === undefined || old.content !== entry.content || old.mtimeNs !== entry.mtimeNs
  })
  return sumOfSizes(changed.map(([, entry]) => entry))
}

function sumOfSizes(entries: readonly EntryRecord[]): number {
  return entries.reduce((sum, entry) => sum + (entry.sameFileAs === '' ? entry.sizeBytes : 0), 0)
}

/** How many files, folders and other entries a record holds; the folder itself is not counted. */
export function countEntries(record: FolderRecord): { files: number; folders: number; others: number } {
  const counts = { files: 0, folders: -1, others: 0 }
  for (const { type } of record.values()) {
    if (type === 'file') counts.files++
    else if (type === 'directory') counts.folders++
    else counts.others++
  }
  return counts
}
