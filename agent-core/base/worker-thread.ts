/**
 * A worker thread with typed messages. It is never ended by force (docs/adr/0010-how-a-worker-ends.md): a flag that
 * both sides share makes it give up at its next checkpoint, and it ends by itself.
 */
import module from 'node:module'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { AgentError } from './agent-error.ts'

/** V8's default lets short-lived garbage of a worker pile up to 100 MB, and is slower. */
const maxYoungGenerationSizeMb = 12

/** What every worker is started with. */
export interface WorkerFlags {
  /** Shared: 1 tells the worker to give up at its next checkpoint. */
  readonly stop: Int32Array
}

export interface WorkerThreadOptions<Start, FromWorker> {
  /** Its entry file, which gets `Start & WorkerFlags` as `workerData`. */
  readonly file: URL
  readonly start: Start
  /** The flag of several threads that are to give up together; without it, the thread has one of its own. */
  readonly stop?: Int32Array
  /** What this throws goes to `onFailure`. */
  readonly onMessage: (message: FromWorker) => void
  /** The thread died, or `onMessage` threw. May be called more than once. */
  readonly onFailure: (error: Error) => void
}

export class WorkerThread<Start extends object, ToWorker extends object, FromWorker> implements AsyncDisposable {
  readonly #worker: Worker
  readonly #stop: Int32Array
  readonly #exited: Promise<void>
  #isEnding = false
  #isGivenUp = false

  /** Starts the thread. Dispose it. */
  constructor({ file, start, stop, onMessage, onFailure }: WorkerThreadOptions<Start, FromWorker>) {
    this.#stop = stop ?? new Int32Array(new SharedArrayBuffer(4))
    const cacheFolder = module.getCompileCacheDir()
    const compileCache = cacheFolder === undefined ? undefined : dirname(cacheFolder)
    this.#worker = new Worker(new URL('./start-worker.mjs', import.meta.url), {
      workerData: { ...start, stop: this.#stop, file: file.href, compileCache } satisfies Start & WorkerFlags,
      resourceLimits: { maxYoungGenerationSizeMb },
    })
    this.#worker.on('message', (message: FromWorker) => {
      if (this.#isGivenUp) return
      try {
        onMessage(message)
      } catch (error) {
        onFailure(error as Error)
      }
    })
    this.#worker.on('error', (error: Error) => {
      onFailure(new AgentError('engine.worker-died', { reason: error.message }, error))
    })
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        if (!this.#isEnding) onFailure(new AgentError('engine.worker-died', { reason: `exit status ${code}` }))
        resolve()
      })
    })
  }

  /** Sends plain data; buffers in `transfer` change hands, others are copied. */
  send(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  /** The thread ends by itself from now on: that is no failure. */
  expectEnd(): void {
    this.#isEnding = true
  }

  /** Makes the thread give up what it does, and waits until it has ended. Nothing is heard of it any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true
    this.#isGivenUp = true
    Atomics.store(this.#stop, 0, 1)
    this.#worker.postMessage({ type: 'stop' })
    await this.#exited
  }
}
