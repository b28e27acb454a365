/** The points that the base keeps: the latest of each item, and those that wait for a vault. */
import type { ItemId, PointId, VaultId } from '../contract/ids.ts'
import type { BaseConnection } from './base-connection.ts'
import { type CapturedPoint, capturedPoint, type PointRow } from './base-rows.ts'

/** What changes something belongs into a transaction of the caller. */
export class BasePoints {
  readonly #sql: BaseConnection

  constructor(sql: BaseConnection) {
    this.#sql = sql
  }

  latest(item: ItemId): CapturedPoint | undefined {
    const row = this.#sql.get<PointRow>(
      'SELECT point.* FROM base JOIN point ON point.id = base.point WHERE base.item = ?',
      item,
    )
    return row && capturedPoint(row)
  }

  allLatest(): CapturedPoint[] {
    return this.#sql.all<PointRow>('SELECT point.* FROM base JOIN point ON point.id = base.point').map(capturedPoint)
  }

  unconfirmed(vault: VaultId): CapturedPoint[] {
    return this.#sql
      .all<PointRow>(
        `SELECT point.* FROM transfer JOIN point ON point.id = transfer.point
         WHERE transfer.vault = ? AND transfer.confirmed = 0 ORDER BY point.sequence`,
        vault,
      )
      .map(capturedPoint)
  }

  put(point: CapturedPoint): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO point (id, item, sequence, manifest, object) VALUES (?, ?, ?, ?, ?)',
      point.id,
      point.item,
      point.sequence,
      point.manifest,
      point.object,
    )
  }

  setLatest(point: CapturedPoint): void {
    this.#sql.run('INSERT OR REPLACE INTO base (item, point) VALUES (?, ?)', point.item, point.id)
  }

  await(vault: VaultId, point: PointId): void {
    this.#sql.run('INSERT INTO transfer (vault, point, confirmed) VALUES (?, ?, 0)', vault, point)
  }

  /** True when any vault waits for a point. */
  hasUnconfirmed(): boolean {
    return this.#sql.value('SELECT 1 FROM transfer WHERE confirmed = 0 LIMIT 1') === 1
  }

  /** True when a vault has confirmed a point that others wait for. */
  isConfirmed(point: PointId): boolean {
    return this.#sql.value('SELECT 1 FROM transfer WHERE point = ? AND confirmed = 1 LIMIT 1', point) === 1
  }

  /** `vault` waits for the point no more, or again. */
  setAwaited(vault: VaultId, point: PointId, isAwaited: boolean): void {
    this.#sql.run('DELETE FROM transfer WHERE vault = ? AND point = ?', vault, point)
    if (isAwaited) this.await(vault, point)
  }

  /** True when another vault than `vault` has confirmed the point or waits for it. */
  isElsewhere(vault: VaultId, point: PointId): boolean {
    return this.#sql.value('SELECT 1 FROM transfer WHERE point = ? AND vault <> ? LIMIT 1', point, vault) === 1
  }

  /** Also drops the points that nothing needs any more. */
  confirm(vault: VaultId, point: PointId): void {
    this.#sql.run('UPDATE transfer SET confirmed = 1 WHERE vault = ? AND point = ?', vault, point)
    this.#sql.run(
      `DELETE FROM point WHERE id NOT IN (SELECT point FROM base)
         AND id NOT IN (SELECT point FROM transfer WHERE confirmed = 0)`,
    )
    this.#sql.run('DELETE FROM transfer WHERE point NOT IN (SELECT id FROM point)')
  }

  forgetItem(item: ItemId): void {
    this.#sql.run('DELETE FROM base WHERE item = ?', item)
    this.#sql.run('DELETE FROM transfer WHERE point IN (SELECT id FROM point WHERE item = ?)', item)
    this.#sql.run('DELETE FROM point WHERE item = ?', item)
  }
}
