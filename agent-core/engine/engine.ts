/**
 * The main thread's side of the engine: hands files and tree blocks to the worker threads and takes small results
 * back. Threads start when there is work for them, so that a run which finds nothing changed starts none.
 * Back-pressure: callers await `room()` before they submit more.
 */
import { AgentError } from '../base/agent-error.ts'
import { yieldToEventLoop } from '../base/event-loop.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import { blockId } from '../codec/block-id.ts'
import type { ErrorCode, ErrorData } from '../contract/errors.ts'
import { keepHeapSmall } from '../platform/process-memory.ts'
import { segmentSizeBytes } from '../source/split-file.ts'
import { createClaimMemory } from './claim-set.ts'
import { CommonFate } from './common-fate.ts'
import { EngineThread, type Work } from './engine-thread.ts'
import { packRequests } from './file-batch.ts'
import type { FileOutcome, FileRequest } from './file-outcome.ts'
import { type FromWorker, runState, type WorkerStart } from './messages.ts'
import type { SegmentAnswer, SegmentQuestion } from './segment-messages.ts'
import { captureInSegments } from './segmented-file.ts'
import { TreeBatch } from './tree-batch.ts'

const maxFilesUnderWay = 512
const maxTreeBytesUnderWay = 16 * 1024 * 1024
/** A batch is closed at so many files, or so many bytes: batches that take long would leave other threads idle. */
const batchFileCount = 64
const batchSizeBytes = 8 * 1024 * 1024
/**
 * A thread is given no more batches beyond that load: while it works on a full one, the next is there. Few files, as a
 * backup of few changes has them, do not start a second thread, which would cost more than it does.
 */
const batchesPerThread = 2
/** Segments wait for the thread that is free first: one that waited for a certain thread would leave others idle. */
const segmentsPerThread = 1

export interface EngineOptions {
  readonly start: Omit<WorkerStart, 'stop' | 'claims'>
  /** Threads at most. */
  readonly threadCount: number
  /** Its abort fails everything at once, with its reason. */
  readonly signal: AbortSignal
  /** A chunk file is complete and durable in the cache. */
  readonly onChunkFile: (file: CompleteChunkFile) => void
  /** Pages of long block lists, to be kept in the base. */
  readonly onPages: (pages: readonly (readonly [Uint8Array, Uint8Array])[]) => void
}

export interface EngineResult {
  /** Raw bytes of new blocks. */
  readonly bytesNew: number
}

interface BatchedFile {
  readonly request: FileRequest
  readonly settled: (outcome: FileOutcome) => void
}

/** Files that are sent together, and a promise of all their outcomes. */
interface Batch {
  readonly files: BatchedFile[]
  readonly done: Promise<void>
  readonly resolve: () => void
  sizeBytes: number
}

export class Engine implements AsyncDisposable {
  readonly #options: EngineOptions
  readonly #start: WorkerStart
  readonly #threads: EngineThread[] = []
  /** Work that no thread was given yet. */
  readonly #queue: Work[] = []
  /** What callers wait for fails with the engine. */
  readonly #fate = new CommonFate()
  readonly #room: (() => void)[] = []
  readonly #treeBatch = new TreeBatch()
  #batch: Batch | undefined
  #filesUnderWay = 0
  #treeBytes = 0
  #finished: { readonly type: 'data-finished' | 'finished'; left: number; readonly done: () => void } | undefined
  #bytesNew = 0
  readonly #abort = () => this.#fail(this.#options.signal.reason as Error)

  /** Dispose it: what is not finished then is given up. */
  constructor(options: EngineOptions) {
    this.#options = options
    const stop = new Int32Array(new SharedArrayBuffer(4))
    this.#start = { ...options.start, stop, claims: createClaimMemory() }
    options.signal.addEventListener('abort', this.#abort, { once: true })
  }

  /**
   * Captures a file; `settled` hears what became of it before the promise resolves, which other files share: a promise for
   * each of 100,000 files costs as much as their walk. Rejects when the engine fails as a whole.
   */
  capture(request: FileRequest, settled: (outcome: FileOutcome) => void): Promise<void> {
    this.#filesUnderWay++
    if (request.sizeBytes <= segmentSizeBytes) return this.#batched({ request, settled })
    const done = this.#captureLarge(request)
      .then(settled)
      .finally(() => this.#leave(1))
    // It is awaited in the order of the tree; a failure before that is the same failure.
    done.catch(() => {})
    return done
  }

  /** Captures a file; resolves with what became of it. Rejects when the engine fails as a whole. */
  async captureFile(request: FileRequest): Promise<FileOutcome> {
    const outcomes: FileOutcome[] = []
    await this.capture(request, (outcome) => outcomes.push(outcome))
    return outcomes[0] as FileOutcome
  }

  /** Takes a tree block and answers its id. */
  putTree(bytes: Uint8Array): Buffer {
    this.#fate.throwIfFailed()
    const id = blockId(this.#options.start.keys.id, bytes)
    this.#treeBatch.add(id, bytes)
    this.#treeBytes += bytes.length
    if (this.#treeBatch.isFull) this.#flushTree()
    return id
  }

  /** True when callers should await `room()`. */
  get isFull(): boolean {
    return this.#filesUnderWay >= maxFilesUnderWay || this.#treeBytes >= maxTreeBytesUnderWay
  }

  /** Resolves once more work may be submitted. */
  async room(): Promise<void> {
    this.#fate.throwIfFailed()
    if (!this.isFull) return
    this.#flush()
    this.#flushTree()
    const { promise, resolve } = this.#fate.promise<void>()
    this.#room.push(() => resolve(undefined))
    await promise
  }

  /** Lets the threads wait at their next block, until `release`: no payload is written meanwhile but what is under way. */
  hold(): void {
    Atomics.compareExchange(this.#start.stop, 0, runState.running, runState.held)
  }

  release(): void {
    Atomics.compareExchange(this.#start.stop, 0, runState.held, runState.running)
    Atomics.notify(this.#start.stop, 0)
  }

  /** Completes the chunk files of data blocks, so that all their names are known; tree blocks may follow. */
  async finishData(): Promise<void> {
    await this.#finishAll('finish-data', 'data-finished')
  }

  /** Completes all chunk files; nothing may be submitted afterwards. */
  async finish(): Promise<EngineResult> {
    await this.#finishAll('finish', 'finished')
    return { bytesNew: this.#bytesNew }
  }

  /** Asks the threads to give up, and waits until each has ended by itself: at the next block that it comes to. */
  async [Symbol.asyncDispose](): Promise<void> {
    // The signal may be that of the whole process.
    this.#options.signal.removeEventListener('abort', this.#abort)
    // Nothing that still waits starts a thread from now on.
    this.#fate.close(new Error('the run was given up'))
    this.#batch = undefined
    this.#queue.length = 0
    Atomics.store(this.#start.stop, 0, runState.stopped)
    Atomics.notify(this.#start.stop, 0)
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()))
  }

  #batched(file: BatchedFile): Promise<void> {
    const batch = (this.#batch ??= this.#openBatch())
    batch.files.push(file)
    batch.sizeBytes += file.request.sizeBytes
    if (batch.files.length >= batchFileCount || batch.sizeBytes >= batchSizeBytes) this.#flush()
    return batch.done
  }

  #openBatch(): Batch {
    const { promise, resolve } = this.#fate.promise<void>()
    // It is awaited in the order of the tree; a failure before that is the same failure.
    promise.catch(() => {})
    void yieldToEventLoop()
      .then(() => this.#flush())
      .catch((error: unknown) => this.#fail(error as Error))
    return { files: [], done: promise, resolve: () => resolve(undefined), sizeBytes: 0 }
  }

  #leave(fileCount: number): void {
    this.#filesUnderWay -= fileCount
    this.#makeRoom()
  }

  async #captureLarge(request: FileRequest): Promise<FileOutcome> {
    return await captureInSegments(request, {
      ask: (question) => this.#ask(question),
      putPage: (page) => {
        const id = this.putTree(page)
        this.#options.onPages([[id, page]])
        return id
      },
      lanes: this.#options.threadCount * 2 + 1,
    })
  }

  #ask(question: SegmentQuestion): Promise<SegmentAnswer> {
    const { promise, resolve } = this.#fate.promise<SegmentAnswer>()
    // Before batches that wait: a large file that was begun comes to its end first.
    const batches = this.#queue.findIndex(({ message }) => message.type !== 'segment')
    const work: Work = { message: { type: 'segment', question }, load: 1, answered: resolve }
    this.#queue.splice(batches < 0 ? this.#queue.length : batches, 0, work)
    this.#dispatch()
    return promise
  }

  #flush(): void {
    const batch = this.#batch
    if (batch === undefined) return
    this.#batch = undefined
    const { files, sizeBytes, resolve } = batch
    const answered = (outcomes: Iterable<FileOutcome>) => {
      let index = 0
      for (const outcome of outcomes) files[index++]?.settled(outcome)
      this.#leave(files.length)
      resolve()
    }
    this.#queue.push({
      message: { type: 'files', files: packRequests(files.map(({ request }) => request)) },
      load: Math.max(files.length / batchFileCount, sizeBytes / batchSizeBytes),
      answered,
    })
    this.#dispatch()
  }

  #flushTree(): void {
    const blocks = this.#treeBatch.take()
    if (blocks === undefined) return
    const [thread = this.#startThread()] = this.#threads
    thread.send({ type: 'tree', blocks }, [blocks.ids.buffer, blocks.bytes.buffer])
  }

  /**
   * Gives waiting work to the threads that have the least; another thread starts when all have enough, one after the other:
   * what waits while the first one starts is no sign that it will not do.
   */
  #dispatch(): void {
    if (this.#fate.failure !== undefined) this.#queue.length = 0
    for (let [next] = this.#queue; next !== undefined; [next] = this.#queue) {
      const least = this.#threads.toSorted((a, b) => a.load - b.load)[0]
      const most = next.message.type === 'segment' ? segmentsPerThread : batchesPerThread
      const isBusy = least === undefined || least.load >= most
      const mayStart = this.#threads.length < this.#options.threadCount && this.#threads.every(({ isReady }) => isReady)
      if (isBusy && !mayStart) return
      const thread = isBusy ? this.#startThread() : least
      thread.give(next)
      this.#queue.shift()
    }
  }

  #startThread(): EngineThread {
    if (this.#threads.length === 0) keepHeapSmall()
    const thread = new EngineThread({
      start: this.#start,
      onMessage: (message, from) => this.#receive(message, from),
      onFailure: (error) => this.#fail(error),
    })
    this.#threads.push(thread)
    return thread
  }

  async #finishAll(type: 'finish-data' | 'finish', answer: 'data-finished' | 'finished'): Promise<void> {
    this.#fate.throwIfFailed()
    this.#flush()
    this.#flushTree()
    if (this.#threads.length === 0) return
    const { promise, resolve } = this.#fate.promise<void>()
    this.#finished = { type: answer, left: this.#threads.length, done: () => resolve(undefined) }
    for (const thread of this.#threads) {
      if (type === 'finish') thread.expectEnd()
      thread.send({ type })
    }
    await promise
  }

  /** May throw what the callbacks throw: the base could not be written. */
  #receive(message: FromWorker, thread: EngineThread): void {
    switch (message.type) {
      case 'ready':
        this.#dispatch()
        break
      case 'files':
      case 'segment':
        thread.answered(message)
        this.#dispatch()
        break
      case 'pages':
        this.#options.onPages(message.pages)
        break
      case 'tree-done':
        this.#treeBytes -= message.sizeBytes
        this.#makeRoom()
        break
      case 'chunk-file':
        this.#options.onChunkFile(message.file)
        break
      case 'finished':
        this.#bytesNew += message.bytesNew
        this.#threadFinished(message.type)
        break
      case 'data-finished':
        this.#threadFinished(message.type)
        break
      case 'failed':
        this.#fail(new AgentError(message.code, message.data as ErrorData<ErrorCode>))
        break
      default:
        message satisfies never
    }
  }

  #threadFinished(type: 'data-finished' | 'finished'): void {
    const finished = this.#finished
    if (finished?.type !== type) return
    finished.left--
    if (finished.left === 0) finished.done()
  }

  #makeRoom(): void {
    if (!this.isFull) for (const resolve of this.#room.splice(0)) resolve()
  }

  #fail(error: Error): void {
    this.#fate.fail(error)
    this.#room.length = 0
    this.#queue.length = 0
    this.#batch = undefined
  }
}
