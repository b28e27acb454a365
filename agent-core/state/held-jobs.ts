/**
 * Jobs of vaults that were due while their place was away: whichever agent runs when it is back makes up for them.
 */
import type { StateSql } from './state-tables.ts'

export interface HeldJob {
  readonly kind: 'verify' | 'prune' | 'replicate'
  readonly vault: string
  /** Since when it is due. */
  readonly sinceMs: number
  /** Why it could not begin, as a sentence. */
  readonly reason: string
}

const prefix = 'held-job/'
/** '0' is the character after '/'. */
const afterPrefix = 'held-job0'

export class HeldJobs {
  readonly #sql: StateSql

  constructor(sql: StateSql) {
    this.#sql = sql
  }

  all(): HeldJob[] {
    const sql = 'SELECT value FROM fact WHERE key >= ? AND key < ? ORDER BY key'
    return this.#sql.all<{ value: string }>(sql, prefix, afterPrefix).map(({ value }) => JSON.parse(value) as HeldJob)
  }

  put(job: HeldJob): void {
    this.#sql.run('INSERT OR REPLACE INTO fact (key, value) VALUES (?, ?)', keyOf(job), JSON.stringify(job))
  }

  remove(job: Pick<HeldJob, 'kind' | 'vault'>): void {
    this.#sql.run('DELETE FROM fact WHERE key = ?', keyOf(job))
  }
}

function keyOf({ kind, vault }: Pick<HeldJob, 'kind' | 'vault'>): string {
  return `${prefix}${kind}/${vault}`
}
