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
import { segmentSizeBytes } from '../source/split-file.ts'
import { createClaimMemory } from './claim-set.ts'
import { EngineThread, type Work } from './engine-thread.ts'
import { packRequests, unpackOutcomes } from './file-batch.ts'
import type { FileOutcome, FileRequest } from './file-outcome.ts'
import { type FromWorker, runState, type WorkerStart } from './messages.ts'
import type { SegmentAnswer, SegmentQuestion } from './segment-messages.ts'
import { captureInSegments } from './segmented-file.ts'

const maxFilesUnderWay = 512
const maxTreeBytesUnderWay = 16 * 1024 * 1024
/** A batch is closed at so many files, or so many bytes: batches that take long would leave other threads idle. */
const batchFileCount = 64
const batchSizeBytes = 8 * 1024 * 1024
/** While a thread works on one, the next is there. */
const workPerThread = 2

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

interface Waiting<Value> {
  readonly resolve: (value: Value) => void
  readonly reject: (error: unknown) => void
}

interface BatchedFile extends Waiting<FileOutcome> {
  readonly request: FileRequest
}

export class Engine implements AsyncDisposable {
  readonly #options: EngineOptions
  readonly #start: WorkerStart
  readonly #threads: EngineThread[] = []
  /** Work that no thread was given yet. */
  readonly #queue: Work[] = []
  /** Everything that is to be rejected when the engine fails. */
  readonly #waiting = new Set<Waiting<never>>()
  readonly #room: Waiting<void>[] = []
  #batch: BatchedFile[] = []
  #batchBytes = 0
  #filesUnderWay = 0
  #treeBytes = 0
  #finished: { readonly type: 'data-finished' | 'finished'; left: number; readonly done: () => void } | undefined
  #bytesNew = 0
  #failure: Error | undefined

  /** Dispose it: what is not finished then is given up. */
  constructor(options: EngineOptions) {
    this.#options = options
    const stop = new Int32Array(new SharedArrayBuffer(4))
    this.#start = { ...options.start, stop, claims: createClaimMemory() }
    options.signal.addEventListener('abort', () => this.#fail(options.signal.reason as Error), { once: true })
  }

  /** Captures a file; resolves with what became of it. Rejects when the engine fails as a whole. */
  async captureFile(request: FileRequest): Promise<FileOutcome> {
    this.#throwIfFailed()
    this.#filesUnderWay++
    try {
      return request.sizeBytes > segmentSizeBytes ? await this.#captureLarge(request) : await this.#batched(request)
    } finally {
      this.#filesUnderWay--
      this.#makeRoom()
    }
  }

  /** Takes a tree block and answers its id. */
  putTree(bytes: Uint8Array): Buffer {
    this.#throwIfFailed()
    const id = blockId(this.#options.start.keys.id, bytes)
    this.#treeBytes += bytes.length
    const [thread = this.#startThread()] = this.#threads
    thread.send({ type: 'tree', id, bytes })
    return id
  }

  /** True when callers should await `room()`. */
  get isFull(): boolean {
    return this.#filesUnderWay >= maxFilesUnderWay || this.#treeBytes >= maxTreeBytesUnderWay
  }

  /** Resolves once more work may be submitted. */
  async room(): Promise<void> {
    this.#throwIfFailed()
    if (!this.isFull) return
    this.#flush()
    await new Promise<void>((resolve, reject) => this.#room.push({ resolve, reject }))
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
    Atomics.store(this.#start.stop, 0, runState.stopped)
    Atomics.notify(this.#start.stop, 0)
    for (const thread of this.#threads) {
      thread.expectEnd()
      thread.send({ type: 'stop' })
    }
    await Promise.all(this.#threads.map(({ exited }) => exited))
  }

  #batched(request: FileRequest): Promise<FileOutcome> {
    return this.#await((waiting) => {
      if (this.#batch.length === 0) void yieldToEventLoop().then(() => this.#flush())
      this.#batch.push({ request, ...waiting })
      this.#batchBytes += request.sizeBytes
      if (this.#batch.length >= batchFileCount || this.#batchBytes >= batchSizeBytes) this.#flush()
    })
  }

  async #captureLarge(request: FileRequest): Promise<FileOutcome> {
    return await captureInSegments(request, {
      ask: (question) => this.#ask(question),
      putPage: (page) => {
        const id = this.putTree(page)
        this.#options.onPages([[id, page]])
        return id
      },
      lanes: this.#options.threadCount + 1,
    })
  }

  #ask(question: SegmentQuestion): Promise<SegmentAnswer> {
    return this.#await(({ resolve }) => {
      this.#queue.push({ message: { type: 'segment', question }, answered: resolve })
      this.#dispatch()
    })
  }

  /** A promise that fails with the engine. */
  #await<Value>(begin: (waiting: Waiting<Value>) => void): Promise<Value> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const { promise, resolve, reject } = Promise.withResolvers<Value>()
    const entry: Waiting<never> = { resolve, reject }
    this.#waiting.add(entry)
    begin({
      resolve: (value) => {
        this.#waiting.delete(entry)
        resolve(value)
      },
      reject,
    })
    return promise
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    const files = this.#batch
    this.#batch = []
    this.#batchBytes = 0
    const answered = (outcomes: Iterable<FileOutcome>) => {
      let index = 0
      for (const outcome of outcomes) files[index++]?.resolve(outcome)
    }
    this.#queue.push({
      message: { type: 'files', files: packRequests(files.map(({ request }) => request)) },
      answered,
    })
    this.#dispatch()
  }

  /** Gives waiting work to the threads that have the least; another thread starts when all have enough. */
  #dispatch(): void {
    while (this.#queue.length > 0) {
      const least = this.#threads.toSorted((a, b) => a.given.length - b.given.length)[0]
      const isBusy = least === undefined || least.given.length >= workPerThread
      if (isBusy && this.#threads.length === this.#options.threadCount) return
      const thread = isBusy ? this.#startThread() : least
      thread.give(this.#queue.shift() as Work)
    }
  }

  #startThread(): EngineThread {
    const thread = new EngineThread({
      start: this.#start,
      onMessage: (message, from) => {
        try {
          this.#receive(message, from)
        } catch (error) {
          this.#fail(error as Error)
        }
      },
      onDeath: (error) => this.#fail(error),
    })
    this.#threads.push(thread)
    return thread
  }

  async #finishAll(type: 'finish-data' | 'finish', answer: 'data-finished' | 'finished'): Promise<void> {
    this.#throwIfFailed()
    this.#flush()
    if (this.#threads.length === 0) return
    await this.#await<void>(({ resolve }) => {
      this.#finished = { type: answer, left: this.#threads.length, done: () => resolve(undefined) }
      for (const thread of this.#threads) {
        if (type === 'finish') thread.expectEnd()
        thread.send({ type })
      }
    })
  }

  /** May throw what the callbacks throw: the base could not be written. */
  #receive(message: FromWorker, thread: EngineThread): void {
    switch (message.type) {
      case 'files':
      case 'segment':
        this.#answered(message, thread)
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

  #answered(message: Extract<FromWorker, { readonly type: 'files' | 'segment' }>, thread: EngineThread): void {
    const work = thread.given.shift()
    if (work?.message.type === 'files' && message.type === 'files') {
      work.answered(unpackOutcomes(message.outcomes) as never)
    } else if (work?.message.type === 'segment' && message.type === 'segment') {
      work.answered(message.answer as never)
    } else {
      throw new Error(`a worker answers ${message.type} to ${work?.message.type}`)
    }
    this.#dispatch()
  }

  #threadFinished(type: 'data-finished' | 'finished'): void {
    const finished = this.#finished
    if (finished?.type !== type) return
    finished.left--
    if (finished.left === 0) finished.done()
  }

  #makeRoom(): void {
    if (!this.isFull) for (const waiting of this.#room.splice(0)) waiting.resolve()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const waiting of this.#waiting) waiting.reject(this.#failure)
    this.#waiting.clear()
    for (const waiting of this.#room.splice(0)) waiting.reject(this.#failure)
    this.#queue.length = 0
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
