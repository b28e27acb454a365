/** One worker thread of the engine, and what it was given and has not answered yet. */
import { Worker } from 'node:worker_threads'
import { AgentError } from '../base/agent-error.ts'
import type { FileOutcome } from './file-outcome.ts'
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts'
import type { SegmentAnswer } from './segment-messages.ts'

/** A worker makes much short-lived garbage: with V8's default its peak memory is 100 MB higher, and it is slower. */
const maxYoungGenerationSizeMb = 12

/** Work that a thread answers; a thread answers in the order it was given. */
export type Work =
  | {
      readonly message: Extract<ToWorker, { readonly type: 'files' }>
      readonly answered: (outcomes: Iterable<FileOutcome>) => void
    }
  | {
      readonly message: Extract<ToWorker, { readonly type: 'segment' }>
      readonly answered: (answer: SegmentAnswer) => void
    }

export interface EngineThreadOptions {
  readonly start: WorkerStart
  /** What is no answer to work. */
  readonly onMessage: (message: FromWorker, thread: EngineThread) => void
  /** The thread has died; nothing that it was given is answered any more. */
  readonly onDeath: (error: Error) => void
}

export class EngineThread {
  readonly given: Work[] = []
  /** Resolves when the thread is gone. */
  readonly exited: Promise<void>
  readonly #worker: Worker
  #isEnding = false

  constructor({ start, onMessage, onDeath }: EngineThreadOptions) {
    this.#worker = new Worker(new URL('./engine-worker.ts', import.meta.url), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb },
    })
    this.#worker.on('message', (message: FromWorker) => onMessage(message, this))
    this.#worker.on('error', (error: Error) =>
      onDeath(new AgentError('engine.worker-died', { reason: error.message }, error)),
    )
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        if (!this.#isEnding) onDeath(new AgentError('engine.worker-died', { reason: `exit status ${code}` }))
        resolve()
      })
    })
  }

  /** Gives the thread work; `given` holds it until it is answered. */
  give(work: Work): void {
    this.given.push(work)
    this.send(work.message)
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  /** The thread ends by itself from now on: that is no death. */
  expectEnd(): void {
    this.#isEnding = true
  }
}
