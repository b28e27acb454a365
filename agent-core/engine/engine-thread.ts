/** One worker thread of the engine, and what it was given and has not answered yet. */
import { WorkerThread } from '../base/worker-thread.ts'
import { unpackOutcomes } from './file-batch.ts'
import type { FileOutcome } from './file-outcome.ts'
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts'
import type { SegmentAnswer } from './segment-messages.ts'

/** Work that a thread answers; a thread answers in the order it was given. `load`: how much it is, a segment being 1. */
export type Work =
  | {
      readonly message: Extract<ToWorker, { readonly type: 'files' }>
      readonly load: number
      readonly answered: (outcomes: Iterable<FileOutcome>) => void
    }
  | {
      readonly message: Extract<ToWorker, { readonly type: 'segment' }>
      readonly load: number
      readonly answered: (answer: SegmentAnswer) => void
    }

export interface EngineThreadOptions {
  readonly start: WorkerStart
  readonly onMessage: (message: FromWorker, thread: EngineThread) => void
  /** The thread has died, or `onMessage` threw; nothing that it was given is answered any more. */
  readonly onFailure: (error: Error) => void
}

export class EngineThread implements AsyncDisposable {
  readonly #given: Work[] = []
  #isReady = false
  readonly #thread: WorkerThread<WorkerStart, ToWorker, FromWorker>

  constructor({ start, onMessage, onFailure }: EngineThreadOptions) {
    this.#thread = new WorkerThread({
      file: new URL('./engine-worker.ts', import.meta.url),
      start,
      stop: start.stop,
      onMessage: (message: FromWorker) => {
        this.#isReady = true
        onMessage(message, this)
      },
      onFailure,
    })
  }

  /** True once it has said something: to start takes it a tenth of a second. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Of all that it was given and has not answered. */
  get load(): number {
    return this.#given.reduce((sum, work) => sum + work.load, 0)
  }

  /** Gives the thread work; it is held until it is answered. */
  give(work: Work): void {
    this.#given.push(work)
    this.send(work.message)
  }

  /** Hands the answer to the oldest work that the thread was given. */
  answered(message: Extract<FromWorker, { readonly type: 'files' | 'segment' }>): void {
    const work = this.#given.shift()
    if (work?.message.type === 'files' && message.type === 'files') {
      work.answered(unpackOutcomes(message.outcomes) as never)
    } else if (work?.message.type === 'segment' && message.type === 'segment') {
      work.answered(message.answer as never)
    } else {
      throw new Error(`a worker answers ${message.type} to ${work?.message.type}`)
    }
  }

  /** Buffers in `transfer` change hands. */
  send(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#thread.send(message, transfer)
  }

  /** The thread ends by itself from now on: that is no failure. */
  expectEnd(): void {
    this.#thread.expectEnd()
  }

  /** Asks the thread to give up, and waits until it has ended by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]()
  }
}
