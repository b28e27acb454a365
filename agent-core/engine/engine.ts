/**
 * The main thread's side of the engine: hands files and tree blocks to the worker thread and takes
 * small results back. Back-pressure: callers await `room()` before they submit more.
 */
import { Worker } from 'node:worker_threads'
import { AgentError } from '../base/agent-error.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import { blockId } from '../codec/block-id.ts'
import type { ErrorCode, ErrorData } from '../contract/errors.ts'
import type { FileOutcome, FileRequest, FromWorker, ToWorker, WorkerStart } from './messages.ts'

const maxFilesUnderWay = 512
const maxTreeBytesUnderWay = 16 * 1024 * 1024
const batchSize = 64
/** The worker makes much short-lived garbage: with V8's default its peak memory is 100 MB higher, and it is slower. */
const maxYoungGenerationSizeMb = 12

export interface EngineOptions {
  readonly start: Omit<WorkerStart, 'stop'>
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

export class Engine implements AsyncDisposable {
  readonly #worker: Worker
  readonly #options: EngineOptions
  readonly #files = new Map<number, Waiting<FileOutcome>>()
  readonly #room: Waiting<void>[] = []
  #finishData: Waiting<void> | undefined
  #finish: Waiting<EngineResult> | undefined
  #batch: { ref: number; request: FileRequest }[] = []
  #treeBytes = 0
  #nextRef = 0
  #failure: Error | undefined
  readonly #stop = new Int32Array(new SharedArrayBuffer(4))
  #isFinished = false
  readonly #exited: Promise<void>

  /** Starts the worker thread. Dispose it: what is not finished then is given up. */
  constructor(options: EngineOptions) {
    this.#options = options
    this.#worker = new Worker(new URL('./engine-worker.ts', import.meta.url), {
      workerData: { ...options.start, stop: this.#stop } satisfies WorkerStart,
      resourceLimits: { maxYoungGenerationSizeMb },
    })
    this.#worker.on('message', (message: FromWorker) => {
      try {
        this.#receive(message)
      } catch (error) {
        this.#fail(error as Error)
      }
    })
    options.signal.addEventListener('abort', () => this.#fail(options.signal.reason as Error), { once: true })
    this.#worker.on('error', (error: Error) =>
      this.#fail(new AgentError('engine.worker-died', { reason: error.message }, error)),
    )
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => resolve())
    })
    this.#worker.on('exit', (code) => {
      if (!this.#isFinished) this.#fail(new AgentError('engine.worker-died', { reason: `exit status ${code}` }))
    })
  }

  /** Captures a file; resolves with what became of it. Rejects when the engine fails as a whole. */
  captureFile(request: FileRequest): Promise<FileOutcome> {
    const ref = this.#nextRef++
    const outcome = new Promise<FileOutcome>((resolve, reject) => this.#files.set(ref, { resolve, reject }))
    // The caller awaits it in the order of the tree; a failure before that is not an unhandled one.
    outcome.catch(() => {})
    if (this.#failure !== undefined) {
      this.#fail(this.#failure)
      return outcome
    }
    if (this.#batch.length === 0) queueMicrotask(() => this.#flush())
    this.#batch.push({ ref, request })
    if (this.#batch.length >= batchSize) this.#flush()
    return outcome
  }

  /** Takes a tree block and answers its id. */
  putTree(bytes: Uint8Array): Buffer {
    this.#throwIfFailed()
    const id = blockId(this.#options.start.keys.id, bytes)
    this.#treeBytes += bytes.length
    this.#flush()
    this.#send({ type: 'tree', id, bytes })
    return id
  }

  /** True when callers should await `room()`. */
  get isFull(): boolean {
    return this.#files.size >= maxFilesUnderWay || this.#treeBytes >= maxTreeBytesUnderWay
  }

  /** Resolves once more work may be submitted. */
  async room(): Promise<void> {
    this.#throwIfFailed()
    if (!this.isFull) return
    await new Promise<void>((resolve, reject) => this.#room.push({ resolve, reject }))
  }

  /** Completes the chunk files of data blocks, so that all their names are known; tree blocks may follow. */
  async finishData(): Promise<void> {
    this.#throwIfFailed()
    this.#flush()
    await new Promise<void>((resolve, reject) => {
      this.#finishData = { resolve, reject }
      this.#send({ type: 'finish-data' })
    })
  }

  /** Completes all chunk files; nothing may be submitted afterwards. */
  async finish(): Promise<EngineResult> {
    this.#throwIfFailed()
    this.#flush()
    return await new Promise<EngineResult>((resolve, reject) => {
      this.#finish = { resolve, reject }
      this.#send({ type: 'finish' })
    })
  }

  /** Asks the worker to give up, and waits until it has ended by itself: at the next block that it comes to. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isFinished = true
    Atomics.store(this.#stop, 0, 1)
    this.#send({ type: 'stop' })
    await this.#exited
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    this.#send({ type: 'files', files: this.#batch })
    this.#batch = []
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  /** May throw what the callbacks throw: the base could not be written. */
  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        return
      case 'files':
        for (const { ref, outcome } of message.files) {
          this.#files.get(ref)?.resolve(outcome)
          this.#files.delete(ref)
        }
        break
      case 'pages':
        this.#options.onPages(message.pages)
        break
      case 'tree-done':
        this.#treeBytes -= message.sizeBytes
        break
      case 'chunk-file':
        this.#options.onChunkFile(message.file)
        break
      case 'data-finished':
        this.#finishData?.resolve()
        break
      case 'finished':
        this.#isFinished = true
        this.#finish?.resolve(message)
        break
      case 'failed':
        this.#fail(new AgentError(message.code, message.data as ErrorData<ErrorCode>))
        break
      default:
        message satisfies never
    }
    if (!this.isFull) for (const waiting of this.#room.splice(0)) waiting.resolve()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const waiting of this.#files.values()) waiting.reject(this.#failure)
    this.#files.clear()
    for (const waiting of this.#room.splice(0)) waiting.reject(this.#failure)
    this.#finishData?.reject(this.#failure)
    this.#finish?.reject(this.#failure)
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
