/**
 * One of the engine's worker threads: takes files (by path), segments of large files, and tree blocks in order, and
 * turns them into complete chunk files in the cache. File bytes never leave this thread.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { AgentError } from '../base/agent-error.ts'
import { asBuffer } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { openBase } from '../cache/base-db.ts'
import { ChunkWriter } from '../cache/chunk-writer.ts'
import { blockIdSizeBytes, type ChunkKind } from '../format/chunk-file.ts'
import { workGently } from '../platform/work-gently.ts'
import { WriteBehind } from '../platform/write-behind.ts'
import { createGearTable } from '../source/split-content.ts'
import { FileSplitter } from '../source/split-file.ts'
import { answerSegment } from './answer-segment.ts'
import { BlockStore } from './block-store.ts'
import { captureFile } from './capture-file.ts'
import { ClaimSet } from './claim-set.ts'
import { OutcomePacker, type PackedRequests, unpackRequests } from './file-batch.ts'
import { type FromWorker, type PackedBlocks, runState, type ToWorker, type WorkerStart } from './messages.ts'

if (parentPort === null) throw new Error('the engine worker runs in a worker thread')
const port = parentPort
const start = workerData as WorkerStart
const say = (message: FromWorker, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, transfer)
if (start.isGentle) workGently()

const base = openBase(start.basePath, { readOnly: true, asOpened: true })
const openWriter = (kind: ChunkKind) =>
  new ChunkWriter({
    follow: (fd) => new WriteBehind(fd),
    folder: start.chunkFolder,
    kind,
    keys: start.keys,
    compression: start.compression,
    clock: systemClock,
    random: systemRandom,
    parentFileId: start.parentFileId,
    onComplete: (file) => say({ type: 'chunk-file', file }),
  })
const store = new BlockStore({
  base,
  idKey: start.keys.id,
  vaults: start.vaults,
  cachedChunks: start.cachedChunks,
  storesAll: start.storesAll,
  claims: new ClaimSet(start.claims),
  data: openWriter('data'),
  tree: openWriter('tree'),
})
/** Pages of block lists are handed over once they are this long together, and with each batch. */
const pageBatchSizeBytes = 1024 * 1024
let pages: [Uint8Array, Uint8Array][] = []
let pagesSizeBytes = 0
const captureDeps = {
  base,
  skipNoDump: start.skipNoDump,
  isKnown: (bytes: Uint8Array) => store.isKnown(bytes),
  splitter: new FileSplitter(createGearTable(start.keys.gearSeed)),
  sink: {
    putBlock: (bytes: Uint8Array, expected: Uint8Array | undefined) => {
      checkpoint()
      return store.putData(bytes, expected)
    },
    putPage: (page: Uint8Array) => {
      const id = store.putTree(page)
      pages.push([id, page])
      pagesSizeBytes += page.length
      if (pagesSizeBytes >= pageBatchSizeBytes) handOverPages()
      return id
    },
  },
}

/** Thrown where the run was given up; nothing but the end of this thread follows. */
const givenUp = new Error('the run was given up')

/** Waits while the run is held; nothing but the main thread ends that. */
function checkpoint(): void {
  let state = Atomics.load(start.stop, 0)
  while (state === runState.held) {
    Atomics.wait(start.stop, 0, runState.held)
    state = Atomics.load(start.stop, 0)
  }
  if (state === runState.stopped) throw givenUp
}

/**
 * Ends this thread in order: what is open is removed, the base closed. A thread that is ended by force while a
 * native module works for it can take the whole process with it.
 */
function end(): void {
  store.abandon()
  base.close()
  port.close()
}

function handOverPages(): void {
  if (pages.length > 0) say({ type: 'pages', pages })
  pages = []
  pagesSizeBytes = 0
}

function captureFiles(files: PackedRequests): void {
  const requests = unpackRequests(files)
  const packer = new OutcomePacker(requests.length)
  for (const request of requests) {
    checkpoint()
    packer.add(captureFile(request, captureDeps))
  }
  handOverPages()
  const outcomes = packer.finish()
  say({ type: 'files', outcomes }, [outcomes.encoded.buffer, outcomes.numbers.buffer])
}

function putTree({ ids, lengths, bytes }: PackedBlocks): void {
  let at = 0
  for (const [index, length] of lengths.entries()) {
    const id = asBuffer(ids.subarray(index * blockIdSizeBytes, (index + 1) * blockIdSizeBytes))
    store.putTree(bytes.subarray(at, at + length), id)
    at += length
  }
  say({ type: 'tree-done', sizeBytes: bytes.length })
}

function handle(message: ToWorker): void {
  switch (message.type) {
    case 'files':
      captureFiles(message.files)
      break
    case 'segment':
      checkpoint()
      say({ type: 'segment', answer: answerSegment(message.question, captureDeps) })
      break
    case 'tree':
      putTree(message.blocks)
      break
    case 'finish-data':
      store.finishData()
      say({ type: 'data-finished' })
      break
    case 'finish':
      store.finish()
      say({ type: 'finished', bytesNew: store.bytesNew })
      end()
      break
    case 'stop':
      end()
      break
    default:
      message satisfies never
  }
}

port.on('message', (message: ToWorker) => {
  try {
    handle(message)
  } catch (error) {
    if (error !== givenUp && !(error instanceof AgentError)) throw error
    if (error instanceof AgentError) {
      const { code, data } = error as AgentError
      say({ type: 'failed', code, data })
    }
    end()
  }
})

say({ type: 'ready' })
