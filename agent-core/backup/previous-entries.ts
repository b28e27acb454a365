import type { TreeReader } from '../cache/tree-reader.ts'
import { EntryGlances } from '../format/entry-glance.ts'
import type { ListRef } from '../format/paged-list.ts'

/** The entries of one directory of the last point, in order, beside which the directory is walked. */
export class PreviousEntries {
  readonly #pages: AsyncGenerator<Uint8Array, void, undefined>
  #page: EntryGlances | undefined

  constructor(tree: TreeReader, list: ListRef | undefined) {
    this.#pages = tree.leafPages(list)
  }

  /** The entry at hand; undefined before the first `next` and behind the last entry. */
  get current(): EntryGlances | undefined {
    return this.#page
  }

  /** Goes on to the next entry; a promise only where a page has to be read. */
  next(): void | Promise<void> {
    if (this.#page?.next() !== true) return this.#nextPage()
  }

  async #nextPage(): Promise<void> {
    const page = await this.#pages.next()
    this.#page = page.done === true ? undefined : new EntryGlances(page.value, 'tree page')
    this.#page?.next()
  }
}
