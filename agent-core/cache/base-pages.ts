/**
 * The tree pages that the base keeps, by the ids of their blocks. They are addressed by content, so they may come before
 * the point that needs them; what a failed run leaves is dropped by the next `keep`.
 */
import type { BaseConnection } from './base-connection.ts'
import { BaseFacts } from './base-facts.ts'

const liveFact = 'live-tree-pages'
/** Ids that are looked through at a time. */
const idBatch = 4096
/** So many pages, by the order in which they were put, are one run. */
const pagesPerRun = 32

/** What changes something is one transaction. */
export class BasePages {
  readonly #sql: BaseConnection
  readonly #facts: BaseFacts

  constructor(sql: BaseConnection) {
    this.#sql = sql
    this.#facts = new BaseFacts(sql)
  }

  /** A page of the latest state of some item; undefined when the base does not hold it. */
  page(id: Uint8Array): Buffer | undefined {
    return this.#sql.value<Buffer>('SELECT page FROM tree_page WHERE id = ?', id)
  }

  /**
   * The run of pages that a page is in, none when the base does not hold it. What one backup has stored lies
   * together, a directory's page behind those of the directories in it: who walks a tree asks for them next.
   */
  runWith(id: Uint8Array): readonly (readonly [id: Buffer, page: Buffer])[] {
    const number = this.#sql.value<number>('SELECT rowid FROM tree_page WHERE id = ?', id)
    if (number === undefined) return []
    const first = number - (number % pagesPerRun)
    const sql = 'SELECT id, page FROM tree_page WHERE rowid BETWEEN ? AND ?'
    return this.#sql.tuples<[Buffer, Buffer]>(sql, first, first + pagesPerRun - 1)
  }

  put(pages: Iterable<readonly [Uint8Array, Uint8Array]>): void {
    this.#sql.transaction(() => {
      const sql = 'INSERT OR REPLACE INTO tree_page (id, page) VALUES (?, ?)'
      for (const [id, page] of pages) this.#sql.run(sql, id, page)
    })
  }

  /** Pages held, live or not, and how many of them were known to be live last. */
  counts(): { readonly held: number; readonly lastLive: number } {
    const held = this.#sql.value<number>('SELECT count(*) FROM tree_page') ?? 0
    return { held, lastLive: this.#facts.number(liveFact) }
  }

  /** Remembers that `count` of the pages put since the last `keep` are known to be live. */
  addLive(count: number): void {
    this.#sql.transaction(() => this.#facts.setNumber(liveFact, this.#facts.number(liveFact) + count))
  }

  /** Drops the pages that are not `live`; `liveCount` is remembered. */
  keep(isLive: (id: Uint8Array) => boolean, liveCount: number): void {
    this.#sql.transaction(() => {
      let after: Uint8Array = Buffer.alloc(0)
      for (;;) {
        const sql = 'SELECT id FROM tree_page WHERE id > ? ORDER BY id LIMIT ?'
        const ids = this.#sql.values<Buffer>(sql, after, idBatch)
        const last = ids.at(-1)
        if (last === undefined) break
        after = last
        for (const id of ids) if (!isLive(id)) this.#sql.run('DELETE FROM tree_page WHERE id = ?', id)
      }
      this.#facts.setNumber(liveFact, liveCount)
    })
  }
}
