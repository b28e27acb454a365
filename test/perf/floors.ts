/**
 * `npm run bench:floors -- FOLDER [--work DIR] [--rounds 3]`: what the machine and the primitives need for the files of a
 * folder, without a backup program around them: the measured limit beside which a figure of `npm run bench` is read.
 *
 *   walk     one thread: every directory listed, every entry looked at
 *   read     two threads: every file opened, read and closed
 *   seal     the same, and each piece hashed as a block; extents compressed, encrypted, written and synced
 *   write    two threads: the same number of files of the same lengths made, written, dated, renamed; synced
 *            (a file of over 64 MiB as several)
 *   prove    the same, read back and hashed before the rename
 *
 * Splitting, look-ups, the tree, the index and the transfer are missing here, and files come without a dependence on each other.
 */
import { createSecretKey } from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
  writevSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { blockId } from '../../agent-core/codec/block-id.ts'
import { sealExtent } from '../../agent-core/codec/seal-extent.ts'
import { spreadOf } from './statistics.ts'

/** A file, or a stretch of one that is long. */
interface Stretch {
  readonly path: string
  readonly offset: number
  readonly sizeBytes: number
}

interface Share {
  readonly floor: 'read' | 'seal' | 'write' | 'prove'
  readonly files: readonly Stretch[]
  /** Where this thread writes. */
  readonly folder: string
}

const threads = 2
const pieceSizeBytes = 1024 * 1024
const extentSizeBytes = 256 * 1024
const stretchSizeBytes = 64 * 1024 * 1024
const filesPerFolder = 200
/** What a file costs beside its bytes, as so many more of them. */
const loadPerFileBytes = 32 * 1024
const key = Buffer.alloc(32, 7)

if (isMainThread) await main()
else {
  workOn(workerData as Share)
  parentPort?.postMessage('done')
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { rounds: { type: 'string', default: '3' }, work: { type: 'string', default: tmpdir() } },
    allowPositionals: true,
  })
  const [folder] = positionals
  const rounds = Number(values.rounds)
  if (folder === undefined || !Number.isSafeInteger(rounds) || rounds < 1) {
    process.stderr.write('npm run bench:floors -- FOLDER [--work DIR] [--rounds 3]\n')
    process.exitCode = 2
    return
  }
  let files: Stretch[] = []
  await report('walk', rounds, async () => {
    files = walk(folder)
  })
  const shares = shareOut(files)
  // Nothing is deleted before the end: ext4 makes files several times slower just after many were deleted.
  const work = mkdtempSync(join(values.work, 'floors-'))
  for (const floor of ['read', 'seal', 'write', 'prove'] as const) {
    let round = 0
    await report(floor, rounds, async () => {
      const folders = shares.map((_, thread) => join(work, `${floor}-${round}-${thread}`))
      round++
      await Promise.all(
        shares.map(async (share, thread) => await runThread({ floor, files: share, folder: folders[thread] ?? '' })),
      )
    })
  }
  rmSync(work, { recursive: true, force: true })
}

/** Prints wall and processor seconds of `act`, median (least–most). */
async function report(name: string, rounds: number, act: () => Promise<void>): Promise<void> {
  const wall: number[] = []
  const cpu: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now()
    const before = process.cpuUsage()
    await act()
    const { user, system } = process.cpuUsage(before)
    wall.push((performance.now() - startMs) / 1000)
    cpu.push((user + system) / 1e6)
  }
  console.log(`${name.padEnd(6)} wall ${spread(wall)} s, CPU ${spread(cpu)} s`)
}

function spread(values: readonly number[]): string {
  const { median, least, most } = spreadOf(values)
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`
}

function walk(folder: string): Stretch[] {
  const files: Stretch[] = []
  const open = [folder]
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name)
      const status = lstatSync(path)
      if (status.isDirectory()) open.push(path)
      else if (status.isFile()) {
        for (let offset = 0; offset === 0 || offset < status.size; offset += stretchSizeBytes) {
          files.push({ path, offset, sizeBytes: Math.min(stretchSizeBytes, status.size - offset) })
        }
      }
    }
  }
  return files
}

/** Neighbours stay together; the next of them go to the thread that has had least. */
function shareOut(files: readonly Stretch[]): readonly (readonly Stretch[])[] {
  const shares = Array.from({ length: threads }, () => ({ files: [] as Stretch[], load: 0 }))
  let taker = shares[0]
  for (const [index, file] of files.entries()) {
    const mayChange = index % filesPerFolder === 0 || file.sizeBytes >= pieceSizeBytes
    if (mayChange) taker = shares.toSorted((a, b) => a.load - b.load)[0]
    taker?.files.push(file)
    if (taker !== undefined) taker.load += file.sizeBytes + loadPerFileBytes
  }
  return shares.map((share) => share.files)
}

async function runThread(share: Share): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share })
    worker.once('error', reject)
    worker.once('exit', () => resolve())
  })
}

function workOn({ floor, files, folder }: Share): void {
  mkdirSync(folder)
  if (floor === 'read') readAll(files, () => {})
  else if (floor === 'seal') sealAll(files, join(folder, 'sealed'))
  else writeAll(files, folder, floor === 'prove')
}

function readAll(files: readonly Stretch[], take: (piece: Uint8Array) => void): void {
  const buffer = Buffer.allocUnsafeSlow(pieceSizeBytes)
  for (const { path, offset, sizeBytes } of files) {
    const fd = openSync(path, 'r')
    for (let at = 0; at < sizeBytes; ) {
      const got = readSync(fd, buffer, 0, Math.min(pieceSizeBytes, sizeBytes - at), offset + at)
      if (got === 0) break
      take(buffer.subarray(0, got))
      at += got
    }
    closeSync(fd)
  }
}

function sealAll(files: readonly Stretch[], target: string): void {
  const fd = openSync(target, 'w')
  const cipherKey = createSecretKey(key)
  const packed = Buffer.allocUnsafeSlow(extentSizeBytes)
  let filled = 0
  let lengths: number[] = []
  let number = 0
  const seal = (): void => {
    if (filled > 0) writevSync(fd, sealExtent(cipherKey, number++, packed.subarray(0, filled), lengths, 'lz4').pieces)
    filled = 0
    lengths = []
  }
  readAll(files, (piece) => {
    blockId(key, piece)
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + extentSizeBytes - filled)
      packed.set(part, filled)
      filled += part.length
      lengths.push(part.length)
      at += part.length
      if (filled === extentSizeBytes) seal()
    }
  })
  seal()
  fsyncSync(fd)
  closeSync(fd)
}

function writeAll(files: readonly Stretch[], folder: string, isProved: boolean): void {
  const data = Buffer.alloc(pieceSizeBytes, 'what is written')
  const back = Buffer.allocUnsafeSlow(pieceSizeBytes)
  const date = new Date(0)
  let last = 0
  for (const [index, { sizeBytes }] of files.entries()) {
    const target = join(folder, String(Math.floor(index / filesPerFolder)))
    if (index % filesPerFolder === 0) mkdirSync(target)
    const path = join(target, `${index}.part`)
    const fd = openSync(path, 'wx+')
    for (let at = 0; at < sizeBytes; at += pieceSizeBytes) {
      writeSync(fd, data, 0, Math.min(pieceSizeBytes, sizeBytes - at))
    }
    for (let at = 0; isProved && at < sizeBytes; at += pieceSizeBytes) {
      blockId(key, back.subarray(0, readSync(fd, back, 0, pieceSizeBytes, at)))
    }
    fchmodSync(fd, 0o644)
    futimesSync(fd, date, date)
    closeSync(fd)
    renameSync(path, join(target, String(index)))
    last = index
  }
  if (files.length === 0) return
  // One file's sync brings the file system's journal to the disk with all that was made before it.
  const fd = openSync(join(folder, String(Math.floor(last / filesPerFolder)), String(last)), 'r')
  fsyncSync(fd)
  closeSync(fd)
}
