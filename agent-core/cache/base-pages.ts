/** The tree pages that the base keeps, by the ids of their blocks. */
import type { BaseConnection } from './base-connection.ts'
import { BaseFacts } from './base-facts.ts'

const liveFact = 'live-tree-pages'
/** Ids that are looked through at a time. */
const idBatch = 4096

/** What changes something belongs into a transaction of the caller. */
export class BasePages {
  readonly #sql: BaseConnection
  readonly #facts: BaseFacts

  constructor(sql: BaseConnection) {
    this.#sql = sql
    this.#facts = new BaseFacts(sql)
  }

  page(id: Uint8Array): Buffer | undefined {
    return this.#sql.value<Buffer>('SELECT page FROM tree_page WHERE id = ?', id)
  }

  put(pages: Iterable<readonly [Uint8Array, Uint8Array]>): void {
    for (const [id, page] of pages) this.#sql.run('INSERT OR REPLACE INTO tree_page (id, page) VALUES (?, ?)', id, page)
  }

  counts(): { readonly held: number; readonly lastLive: number } {
    const held = this.#sql.value<number>('SELECT count(*) FROM tree_page') ?? 0
    return { held, lastLive: this.#facts.number(liveFact) }
  }

  /** Remembers that so many more pages are live. */
  addLive(count: number): void {
    this.#facts.setNumber(liveFact, this.#facts.number(liveFact) + count)
  }

  /** Drops the pages that are not `live`; `liveCount` is remembered. */
  keep(isLive: (id: Uint8Array) => boolean, liveCount: number): void {
    let after: Uint8Array = Buffer.alloc(0)
    for (;;) {
      const ids: Buffer[] = this.#sql.values<Buffer>(
        'SELECT id FROM tree_page WHERE id > ? ORDER BY id LIMIT ?',
        after,
        idBatch,
      )
      const last = ids.at(-1)
      if (last === undefined) break
      after = last
      for (const id of ids) if (!isLive(id)) this.#sql.run('DELETE FROM tree_page WHERE id = ?', id)
    }
    this.#facts.setNumber(liveFact, liveCount)
  }
}
