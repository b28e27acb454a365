/**
 * What the backups of each item came to, for as long as an overview shows it. The table of jobs is read once; after that
 * only what has changed in it.
 */
import type { JobState } from '../contract/documents/job.ts'
import type { JobId } from '../contract/ids.ts'
import type { BackupGlance, JobTable } from '../state/job-table.ts'

/** Of one item. */
export interface ItemHistory {
  /** In the order in which they were queued. */
  readonly ended: readonly EndedBackup[]
  /** The newest that ended; one that was skipped made no difference to the item and does not count. */
  readonly outcome: Outcome | undefined
  /** The newest that is not over. */
  readonly live: JobId | undefined
  /** Changes whenever a backup of the item ends. */
  readonly newestEnded: JobId | undefined
}

export interface EndedBackup {
  readonly id: JobId
  readonly queuedMs: number
  readonly finishedMs: number
  readonly state: JobState
  /** Of the point that it made; undefined: it made none. */
  readonly sizeBytes: number | undefined
  readonly storedBytes: number
}

interface Outcome {
  readonly state: JobState
  readonly reason: string | null
  readonly warnings: number
}

const noHistory: ItemHistory = { ended: [], outcome: undefined, live: undefined, newestEnded: undefined }

export class BackupHistory {
  readonly #table: JobTable
  readonly #items = new Map<string, GrowingHistory>()
  #revision = 0

  constructor(table: JobTable) {
    this.#table = table
  }

  /** Reads what has changed, and forgets what was queued before `sinceMs`. */
  update(sinceMs: number): void {
    for (const glance of this.#table.backupsAfter(this.#revision, sinceMs)) {
      this.#revision = Math.max(this.#revision, glance.revision)
      const history = this.#items.get(glance.item) ?? new GrowingHistory()
      this.#items.set(glance.item, history)
      history.take(glance)
    }
    for (const history of this.#items.values()) history.forget(sinceMs)
  }

  of(item: string): ItemHistory {
    return this.#items.get(item) ?? noHistory
  }
}

class GrowingHistory implements ItemHistory {
  readonly ended: EndedBackup[] = []
  readonly #live = new Map<JobId, number>()
  outcome: Outcome | undefined
  newestEnded: JobId | undefined
  #outcomeMs = Number.NEGATIVE_INFINITY
  #newestMs = Number.NEGATIVE_INFINITY

  get live(): JobId | undefined {
    return [...this.#live].toSorted(([, a], [, b]) => b - a)[0]?.[0]
  }

  take({ id, state, reason, queuedMs, finishedMs, warnings, sizeBytes, storedBytes }: BackupGlance): void {
    if (finishedMs === null) {
      this.#live.set(id, queuedMs)
      return
    }
    this.#live.delete(id)
    // One that waited for a vault ends once more when its point has come there.
    const known = this.ended.findIndex((before) => before.id === id)
    if (known !== -1) this.ended.splice(known, 1)
    // Hardly ever anywhere but at the end: backups end in the order in which they came.
    const at = this.ended.findLastIndex((before) => before.queuedMs <= queuedMs) + 1
    const ended = { id, queuedMs, finishedMs, state, sizeBytes: sizeBytes ?? undefined, storedBytes: storedBytes ?? 0 }
    this.ended.splice(at, 0, ended)
    if (queuedMs >= this.#newestMs) {
      this.#newestMs = queuedMs
      this.newestEnded = id
    }
    if (state === 'skipped' || queuedMs < this.#outcomeMs) return
    this.#outcomeMs = queuedMs
    this.outcome = { state, reason, warnings: warnings ?? 0 }
  }

  forget(sinceMs: number): void {
    const kept = this.ended.findIndex(({ queuedMs }) => queuedMs >= sinceMs)
    this.ended.splice(0, kept === -1 ? this.ended.length : kept)
    for (const [id, queuedMs] of this.#live) if (queuedMs < sinceMs) this.#live.delete(id)
    if (this.#newestMs < sinceMs) this.newestEnded = undefined
    if (this.#outcomeMs < sinceMs) this.outcome = undefined
  }
}
