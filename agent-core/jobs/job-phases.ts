import type { Clock } from '../base/clock.ts'
import { isoTime } from '../base/date-text.ts'
import type { JobPhase } from '../contract/documents/job.ts'
import type { Progress } from '../contract/documents/progress.ts'

/** Those that come after so many are left out. */
const mostPhases = 1000

/** The phases of a running job in the order in which they began; one that comes again is another. */
export class JobPhases {
  readonly #clock: Clock
  readonly #ended: JobPhase[] = []
  #current: JobPhase | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How far the job has come; another phase ends the one before. */
  note({ phase, filesDone, bytesDone }: Progress): void {
    if (this.#current?.phase !== phase) this.end()
    const { startedAt, files, bytes } = this.#current ?? { startedAt: this.#now(), files: 0, bytes: 0 }
    const counts = { files: Math.max(files, filesDone), bytes: Math.max(bytes, bytesDone) }
    this.#current = { phase, startedAt, finishedAt: null, ...counts }
  }

  /** Ends the phase that the job is in. */
  end(): void {
    if (this.#current === undefined) return
    if (this.#ended.length < mostPhases) this.#ended.push({ ...this.#current, finishedAt: this.#now() })
    this.#current = undefined
  }

  /** A list of its own, which does not change. */
  all(): readonly JobPhase[] {
    const all = this.#current === undefined ? [...this.#ended] : [...this.#ended, this.#current]
    return all.slice(0, mostPhases)
  }

  #now(): string {
    return isoTime(this.#clock.nowMs())
  }
}
