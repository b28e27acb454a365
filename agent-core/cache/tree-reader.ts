/**
 * Reads a point's tree page by page: docs/format/trees.md. Only what is looked at is loaded; one
 * page a level is held while a list is walked.
 */
import type { CborValue } from '../format/cbor.ts'
import { decodePage, type ListRef, type PageElement } from '../format/paged-list.ts'
import { type Content, decodeEntry, decodePart, type Entry, type Part } from '../format/tree.ts'

/** Answers the raw bytes of a tree block: the base's copy, else one opened from a chunk file. */
export type ReadPage = (id: Uint8Array) => Promise<Uint8Array>

/** An entry with its own encoded bytes, to be reused where it has not changed. */
export interface EncodedEntry {
  readonly entry: Entry
  readonly encoded: Uint8Array
}

export class TreeReader {
  readonly #readPage: ReadPage

  constructor(readPage: ReadPage) {
    this.#readPage = readPage
  }

  /** All entries of a directory in ascending byte order of their names; none for an absent list. */
  async *entries(list: ListRef | undefined): AsyncGenerator<EncodedEntry, void, undefined> {
    for await (const page of this.leafPages(list)) {
      for (const { value, encoded } of elementsOf(page)) yield { entry: decodeEntry(value, 'tree page'), encoded }
    }
  }

  /** The pages of a list that hold its elements, raw, in order; none for an absent list. */
  async *leafPages(list: ListRef | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    if (list !== undefined) yield* this.#leafPages(list.id, list.level)
  }

  /** The entry of that name in a directory, by one page a level; undefined when there is none. */
  async find(list: ListRef | undefined, name: Uint8Array): Promise<EncodedEntry | undefined> {
    let id = list?.id
    let level = list?.level ?? 0
    while (id !== undefined) {
      const page = decodePage(await this.#readPage(id), level, 'tree page')
      if ('elements' in page) {
        for (const { value, encoded } of page.elements) {
          const entry = decodeEntry(value, 'tree page')
          if (Buffer.compare(entry.name, name) === 0) return { entry, encoded }
        }
        return undefined
      }
      id = page.links.find((link) => Buffer.compare(link.key, name) >= 0)?.id
      level--
    }
    return undefined
  }

  /** The parts of a file in order. */
  async *parts(content: Content): AsyncGenerator<Part, void, undefined> {
    if (!('id' in content.parts)) {
      yield* content.parts
      return
    }
    for await (const page of this.leafPages(content.parts)) {
      for (const { value } of elementsOf(page)) yield decodePart(value, 'page of parts')
    }
  }

  /** The values of any other paged list (chunk files, warnings). */
  async *values(list: ListRef | undefined): AsyncGenerator<CborValue, void, undefined> {
    for await (const page of this.leafPages(list)) for (const { value } of elementsOf(page)) yield value
  }

  /** Ids of all pages of a list, top first. */
  async *pageIds(list: ListRef): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#pageIds(list.id, list.level)
  }

  async *#pageIds(id: Uint8Array, level: number): AsyncGenerator<Uint8Array, void, undefined> {
    yield id
    if (level === 0) return
    const page = decodePage(await this.#readPage(id), level, 'tree page')
    if ('links' in page) for (const link of page.links) yield* this.#pageIds(link.id, level - 1)
  }

  async *#leafPages(id: Uint8Array, level: number): AsyncGenerator<Uint8Array, void, undefined> {
    const bytes = await this.#readPage(id)
    if (level === 0) {
      yield bytes
      return
    }
    const page = decodePage(bytes, level, 'tree page')
    if ('links' in page) for (const link of page.links) yield* this.#leafPages(link.id, level - 1)
  }
}

/** A page at a time, not an element: each step of an asynchronous generator within another one costs as much as decoding. */
function elementsOf(leafPage: Uint8Array): readonly PageElement[] {
  const page = decodePage(leafPage, 0, 'tree page')
  return 'elements' in page ? page.elements : []
}
