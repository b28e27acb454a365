import { asBuffer } from '../base/bytes.ts'
import { blockId } from '../codec/block-id.ts'
import type { BasePages } from './base-pages.ts'

/** Runs of pages that are kept: what is read between a directory's page and the next of the one above it. */
const keptRuns = 12

/**
 * Reads tree pages of a base in runs: a question costs SQLite a lock and a search, several times what a page costs.
 */
export class BasePageReader {
  readonly #pages: Pick<BasePages, 'runWith'>
  readonly #idKey: Uint8Array
  /** By their ids, the one that was read last at the end. */
  readonly #runs: Map<string, Uint8Array>[] = []

  /** `idKey`: tells whether a page is what its id says. */
  constructor(pages: Pick<BasePages, 'runWith'>, idKey: Uint8Array) {
    this.#pages = pages
    this.#idKey = idKey
  }

  /**
   * The page of that id; undefined when the base does not hold it, or what it holds is not that page: its bytes go into
   * the next point, and a base may have rotted where SQLite does not see it.
   */
  find(id: Uint8Array): Uint8Array | undefined {
    const key = asBuffer(id).toString('latin1')
    const run = this.#runs.findLast((pages) => pages.has(key)) ?? this.#readRun(id)
    const page = run.get(key)
    if (page !== undefined && blockId(this.#idKey, page).equals(id)) return page
    run.delete(key)
    return undefined
  }

  #readRun(id: Uint8Array): Map<string, Uint8Array> {
    const run = new Map(this.#pages.runWith(id).map(([idOfPage, page]) => [idOfPage.toString('latin1'), page]))
    if (run.size > 0) this.#runs.push(run)
    if (this.#runs.length > keptRuns) this.#runs.shift()
    return run
  }
}
