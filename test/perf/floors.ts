/**
 * `npm run bench:floors -- FOLDER [--work DIR] [--rounds 3]`: what the machine and the primitives need for the files of a
 * folder, without a backup program around them: the measured limit beside which a figure of `npm run bench` is read.
 *
 *   walk     one thread: every directory listed, every entry looked at
 *   read     two threads: every file opened, read and closed
 *   seal     the same, and each piece hashed as a block; extents compressed, encrypted, written and synced
 *   write    two threads: the same number of files of the same lengths made, written, dated, renamed; synced
 *            (a file of over 64 MiB as several)
 *   restore  the same, with what `seal` has written: each extent read, decrypted, decompressed, each block hashed
 *
 * Splitting, look-ups, the tree, the index and the transfer are missing here, and files come without a dependence on each other.
 */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { type FloorShare, filesPerFolder, pieceSizeBytes, type Stretch } from './floor-worker.ts'
import { spreadOf } from './statistics.ts'

const threads = 2
const stretchSizeBytes = 64 * 1024 * 1024
/** What a file costs beside its bytes, as so many more of them. */
const loadPerFileBytes = 32 * 1024

await main()

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
  for (const floor of ['read', 'seal', 'write', 'restore'] as const) {
    let round = 0
    await report(floor, rounds, async () => {
      const folderOf = (thread: number) => join(work, `${floor}-${round}-${thread}`)
      const sealedOf = (thread: number) => join(work, `sealed-${thread}`)
      await Promise.all(
        shares.map(
          async (share, thread) =>
            await runThread({ floor, files: share, folder: folderOf(thread), sealed: sealedOf(thread) }),
        ),
      )
      round++
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
  console.log(`${name.padEnd(7)} wall ${spread(wall)} s, CPU ${spread(cpu)} s`)
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

async function runThread(share: FloorShare): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const worker = new Worker(new URL('./floor-worker.ts', import.meta.url), { workerData: share })
    worker.once('error', reject)
    worker.once('exit', () => resolve())
  })
}
