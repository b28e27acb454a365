/**
 * The points that this home has captured: a vault's newest point that says it is of this home, and is none of these, was made
 * by another copy of the home folder.
 */
import type { ItemId, PointId } from '../contract/ids.ts'
import type { StateSql } from './state-tables.ts'

/** As many points as an item may have. */
const mostKept = 9999

export class MadePoints {
  readonly #sql: StateSql

  constructor(sql: StateSql) {
    this.#sql = sql
  }

  has(item: ItemId, point: PointId): boolean {
    return this.#sql.get('SELECT 1 FROM fact WHERE key = ?', keyOf(item, point)) !== undefined
  }

  /** False: nothing is known yet of the points of the item. */
  hasAny(item: ItemId): boolean {
    const sql = 'SELECT 1 FROM fact WHERE key >= ? AND key < ? LIMIT 1'
    return this.#sql.get(sql, ...rangeOf(item)) !== undefined
  }

  /** To be called before the point can come into any vault. */
  note(item: ItemId, point: PointId, timeMs: number): void {
    this.#sql.write(() => {
      this.#sql.run('INSERT OR REPLACE INTO fact (key, value) VALUES (?, ?)', keyOf(item, point), String(timeMs))
      const sql = `DELETE FROM fact WHERE key IN (
        SELECT key FROM fact WHERE key >= ? AND key < ? ORDER BY CAST(value AS INTEGER) DESC LIMIT -1 OFFSET ?)`
      this.#sql.run(sql, ...rangeOf(item), mostKept)
    })
  }
}

function keyOf(item: ItemId, point: PointId): string {
  return `made/${item}/${point}`
}

/** Keys of an item: '0' is the character after '/'. */
function rangeOf(item: ItemId): readonly [string, string] {
  return [`made/${item}/`, `made/${item}0`]
}
