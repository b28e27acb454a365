/**
 * What the base costs at a given number of blocks. Prints one line a figure: name, value, unit.
 *
 *   node test/perf/base-scale.ts --blocks 16000000 [--blocks-per-file 1000] [--way capture|connect] [--pages 100000]
 *     [--folder DIR]
 *
 * `--way capture` merges all blocks as one increment; `connect` as 64 index segments. Ids are made of a counter, so
 * nothing but the base grows. Times are CPU times of the process, if not called elapsed; those of look-ups and increments
 * are medians.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../../agent-core/base/clock.ts'
import { type BaseDb, openBase } from '../../agent-core/cache/base-db.ts'
import type { IndexedChunkFile } from '../../agent-core/format/index-segment.ts'
import { madeIndexFile } from '../support/index-files.ts'
import { testCapturedPoint, testKeyspace, testVaultId } from '../support/test-keys.ts'

const { values: options } = parseArgs({
  options: {
    blocks: { type: 'string', default: '1000000' },
    'blocks-per-file': { type: 'string', default: '1000' },
    way: { type: 'string', default: 'capture' },
    pages: { type: 'string', default: '0' },
    folder: { type: 'string', default: tmpdir() },
  },
})
const blocksPerFile = Number(options['blocks-per-file'])
const fileCount = Math.ceil(Number(options.blocks) / blocksPerFile)
const blockCount = fileCount * blocksPerFile
const lookUps = 100_000
const rounds = 5

/** Writes the id of a block of this number; the same every time. */
function writeId(number: number, ids: Uint32Array, at: number): void {
  let state = Math.imul(number, 0x9e3779b1) ^ Math.floor(number / 2 ** 32)
  for (let word = 0; word < 8; word++) {
    state = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    state = Math.imul(state ^ (state >>> 15), 0x735a2d97)
    state = (state ^ (state >>> 15)) + Math.imul(number, 0x85ebca6b) + word
    ids[at + word] = state
  }
}

function chunkFile(number: number): IndexedChunkFile {
  const words = new Uint32Array(blocksPerFile * 8)
  for (let block = 0; block < blocksPerFile; block++) writeId(number * blocksPerFile + block, words, block * 8)
  return madeIndexFile(number, new Uint8Array(words.buffer))
}

function* chunkFiles(first: number, end: number): Generator<IndexedChunkFile, void, undefined> {
  for (let number = first; number < end; number++) yield chunkFile(number)
}

function print(figure: string, value: number, unit: string): void {
  console.log(`${figure}: ${value.toLocaleString('en-US', { maximumFractionDigits: 2 })} ${unit}`)
}

/** CPU time of this process, user and system: other load on the machine does not change it. */
function timeMs(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] as number
}

function captureFiles(base: BaseDb, sequence: number, first: number, end: number): void {
  const point = testCapturedPoint(sequence)
  const files = chunkFiles(first, end)
  base.capture({ keyspace: testKeyspace, point, chunkFiles: files, vaults: [testVaultId], lastFileId: undefined })
}

/** Median time of a look-up, in µs; `numberOf` names the blocks to look for. */
function lookUpUs(base: BaseDb, numberOf: (index: number) => number, places: number): number {
  const words = new Uint32Array(lookUps * 8)
  for (let index = 0; index < lookUps; index++) writeId(numberOf(index), words, index * 8)
  const ids = Buffer.from(words.buffer)
  const times = Array.from({ length: rounds }, () =>
    timeMs(() => {
      let found = 0
      for (let at = 0; at < ids.length; at += 32) found += base.locate(ids.subarray(at, at + 32)).length
      if (found !== lookUps * places) throw new Error(`${found} places found`)
    }),
  )
  return (median(times) * 1000) / lookUps
}

function mergeAll(base: BaseDb): void {
  if (options.way === 'capture') {
    captureFiles(base, 1, 0, fileCount)
    return
  }
  const perSegment = Math.ceil(fileCount / 64)
  for (let segment = 0; segment * perSegment < fileCount; segment++) {
    const first = segment * perSegment
    const files = chunkFiles(first, Math.min(fileCount, first + perSegment))
    base.mergeIndex(testVaultId, testKeyspace, segment, files, Buffer.alloc(32))
  }
}

/** Watches how long a file becomes; a thread of its own, since the base works without pause. */
async function watchSize(path: string): Promise<() => Promise<number>> {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const code = `
    const { workerData: { path, stop }, parentPort } = require('node:worker_threads')
    const { statSync } = require('node:fs')
    let peak = 0
    parentPort.postMessage('ready')
    do peak = Math.max(peak, statSync(path, { throwIfNoEntry: false })?.size ?? 0)
    while (Atomics.wait(stop, 0, 0, 20) === 'timed-out')
    parentPort.postMessage(peak)
  `
  const worker = new Worker(code, { eval: true, workerData: { path, stop } })
  const next = () => new Promise<number>((resolve) => worker.once('message', resolve))
  await next()
  return () => {
    const peak = next()
    Atomics.store(stop, 0, 1)
    Atomics.notify(stop, 0)
    return peak
  }
}

async function measureMerge(path: string): Promise<void> {
  using base = openBase(path)
  const peakOf = await watchSize(`${path}-wal`)
  const generateMs = timeMs(() => {
    for (const _file of chunkFiles(0, fileCount));
  })
  const start = process.hrtime.bigint()
  const mergeMs = timeMs(() => mergeAll(base)) - generateMs
  print('merge of all blocks, elapsed, with making their tables', Number(process.hrtime.bigint() - start) / 1e9, 's')
  print(`merge of all blocks, by ${options.way}`, mergeMs / 1000, 's')
  print('… a second', blockCount / (mergeMs / 1000), 'blocks')
  print('… peak memory of the process', process.resourceUsage().maxRSS / 1024, 'MiB')
  print('… longest log', (await peakOf()) / 2 ** 20, 'MiB')
}

function measureLookUps(base: BaseDb): void {
  print(
    'look-up, miss',
    lookUpUs(base, (index) => 2 ** 33 + index, 0),
    'µs',
  )
  print(
    'look-up, hit, in random order',
    lookUpUs(base, (index) => (Math.imul(index, 0x9e3779b1) >>> 0) % blockCount, 1),
    'µs',
  )
  print(
    'look-up, hit, in the order of capture',
    lookUpUs(base, (index) => index, 1),
    'µs',
  )
}

function measureIncrements(base: BaseDb): void {
  let next = fileCount
  for (const blocks of [1000, 10_000, 100_000]) {
    const files = Math.ceil(blocks / blocksPerFile)
    const times = Array.from({ length: rounds }, () => {
      const ms = timeMs(() => captureFiles(base, next, next, next + files))
      next += files
      return ms
    })
    print(`capture of ${blocks} new blocks, median`, median(times), 'ms')
    print(`capture of ${blocks} new blocks, slowest of ${rounds}`, Math.max(...times), 'ms')
  }
}

function measureChunkFiles(base: BaseDb): void {
  print(
    'numbers of all chunk files',
    timeMs(() => {
      base.placedChunks(testVaultId)
      base.waitingChunks(testVaultId)
    }),
    'ms',
  )
  print(
    'names of all chunk files of the vault',
    timeMs(() => base.placedChunkFiles(testVaultId, testKeyspace)),
    'ms',
  )
  print(
    'forgetting 10 chunk files',
    timeMs(() => base.forgetChunkFiles(Array.from({ length: 10 }, (_, index) => index + 1))),
    'ms',
  )
}

function measurePages(base: BaseDb): void {
  const pages = Number(options.pages)
  if (pages === 0) return
  const idOf = (page: number) => {
    const words = new Uint32Array(8)
    writeId(page, words, 0)
    return Buffer.from(words.buffer)
  }
  const page = Buffer.alloc(4000, 'page')
  const batch = 256
  const putMs = timeMs(() => {
    for (let first = 0; first < pages; first += batch) {
      base.pages.put(Array.from({ length: batch }, (_, index) => [idOf(first + index), page] as const))
    }
  })
  print('tree pages put a second, in synced batches of 1 MiB', pages / (putMs / 1000), 'pages')
  const getMs = timeMs(() => {
    for (let index = 0; index < 10_000; index++) base.pages.page(idOf((Math.imul(index, 0x9e3779b1) >>> 0) % pages))
  })
  print('tree page got', getMs / 10, 'µs')
  print(
    'dropping half of the tree pages',
    timeMs(() => base.pages.keep((id) => (id[5] as number) < 128, pages / 2)),
    'ms',
  )
}

function measureOpening(path: string): void {
  openBase(path, { clock: systemClock }).close()
  const open = () => timeMs(() => openBase(path, { clock: systemClock }).close())
  print('opening and closing, checked within a day', median(Array.from({ length: rounds }, open)), 'ms')
  const check = () => timeMs(() => openBase(path).close())
  print('opening and closing, with a check of all pages', median(Array.from({ length: 3 }, check)), 'ms')
  const read = () =>
    timeMs(() => {
      using base = openBase(path, { readOnly: true })
      base.locate(Buffer.alloc(32, 7))
    })
  print('opening to read, and the first look-up', median(Array.from({ length: rounds }, read)), 'ms')
}

const folder = mkdtempSync(join(options.folder, 'base-scale-'))
try {
  const path = join(folder, 'base.db')
  print('blocks', blockCount, `in ${fileCount} chunk files`)
  await measureMerge(path)
  {
    using base = openBase(path, { clock: systemClock })
    print('file', statSync(path).size / 2 ** 20, 'MiB')
    print('… a block', statSync(path).size / blockCount, 'bytes, of which 36 are the block table')
    measureLookUps(base)
    measureIncrements(base)
    measureChunkFiles(base)
    measurePages(base)
  }
  measureOpening(path)
  print('peak memory of the process in all', process.resourceUsage().maxRSS / 1024, 'MiB')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
