/** The main thread's side of the prover threads. */
import { WorkerThread } from '../base/worker-thread.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { keepHeapSmall } from '../platform/process-memory.ts'
import type { FromProver, ProverStart, ToProver } from './prover-messages.ts'

interface Lane {
  readonly thread: WorkerThread<ProverStart, ToProver, FromProver>
  filesUnderWay: number
}

interface UnderWay {
  readonly lane: Lane
  readonly resolve: (isWhole: boolean) => void
  readonly reject: (error: Error) => void
}

export class ProverPool implements AsyncDisposable {
  readonly #lanes: readonly Lane[]
  readonly #underWay = new Map<number, UnderWay>()
  #lastRef = 0
  #failure: Error | undefined

  /** Starts the threads. Dispose it: it gives up what is not finished. */
  constructor(start: ProverStart, threadCount: number) {
    keepHeapSmall()
    this.#lanes = Array.from({ length: threadCount }, () => this.#startLane(start))
  }

  /** So many files may be asked for at once: each thread then has the next one at hand. */
  get laneCount(): number {
    return this.#lanes.length * 2
  }

  /** True when the local chunk file is whole. Throws `engine.worker-died`. */
  async isWhole(path: string, file: IndexedChunkFile): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure
    const lane = this.#lanes.reduce((least, each) => (each.filesUnderWay < least.filesUnderWay ? each : least))
    const ref = ++this.#lastRef
    lane.filesUnderWay++
    const { name, kind, sizeBytes, salt, epoch, table } = file
    return await new Promise<boolean>((resolve, reject) => {
      this.#underWay.set(ref, { lane, resolve, reject })
      lane.thread.send({ type: 'prove', ref, path, file: { name, kind, sizeBytes, salt, epoch, table } })
    })
  }

  /** Returns when all threads have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#lanes.map(({ thread }) => thread[Symbol.asyncDispose]()))
    this.#fail(new Error('the prover threads have ended'))
  }

  #startLane(start: ProverStart): Lane {
    const thread = new WorkerThread<ProverStart, ToProver, FromProver>({
      file: new URL('./prover-worker.ts', import.meta.url),
      start,
      onMessage: ({ ref, isWhole }) => {
        const asked = this.#underWay.get(ref)
        if (asked === undefined) return
        this.#underWay.delete(ref)
        asked.lane.filesUnderWay--
        asked.resolve(isWhole)
      },
      onFailure: (error) => this.#fail(error),
    })
    return { thread, filesUnderWay: 0 }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#underWay.values()) reject(this.#failure)
    this.#underWay.clear()
  }
}
