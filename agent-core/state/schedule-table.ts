/** How far the schedule of each item has been followed, and until when all of them rest. */
import type { StateSql } from './state-tables.ts'

export interface ScheduleProgress {
  /** The rule that was followed, as text: another one begins anew. */
  readonly rule: string
  /** Runs up to this instant are done with. */
  readonly handledMs: number
}

/** Until when schedules rest. */
export type Pause = number | 'forever' | undefined

export class ScheduleTable {
  readonly #sql: StateSql

  constructor(sql: StateSql) {
    this.#sql = sql
  }

  progress(item: string): ScheduleProgress | undefined {
    return this.#sql.get<ScheduleProgress>(
      'SELECT rule, handled_ms AS handledMs FROM schedule_progress WHERE item = ?',
      item,
    )
  }

  /** By item. One synced transaction. */
  put(progress: ReadonlyMap<string, ScheduleProgress>): void {
    const sql = 'INSERT OR REPLACE INTO schedule_progress (item, rule, handled_ms) VALUES (?, ?, ?)'
    this.#sql.write(() => {
      for (const [item, { rule, handledMs }] of progress) this.#sql.run(sql, item, rule, handledMs)
    })
  }

  /** Who gets one of these names later begins anew. */
  forget(items: readonly string[]): void {
    this.#sql.write(() => {
      for (const item of items) this.#sql.run('DELETE FROM schedule_progress WHERE item = ?', item)
    })
  }

  get pause(): Pause {
    const value = this.#sql.get<{ value: string }>("SELECT value FROM fact WHERE key = 'schedules-paused-until'")?.value
    return value === undefined || value === 'forever' ? value : Number(value)
  }

  set pause(until: Pause) {
    this.#sql.write(() => {
      if (until === undefined) this.#sql.run("DELETE FROM fact WHERE key = 'schedules-paused-until'")
      else {
        const text = String(until)
        this.#sql.run("INSERT OR REPLACE INTO fact (key, value) VALUES ('schedules-paused-until', ?)", text)
      }
    })
  }
}
