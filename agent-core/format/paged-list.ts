/**
 * Paged lists: docs/format/trees.md. A directory's entries, or a long file's parts, are cut into
 * pages at borders that depend on the elements alone, and the pages are listed in pages again until
 * one is left. One change touches one page a level; equal lists give equal pages.
 *
 * A page is the CBOR array [level, [element, …]]: level 0 holds the elements themselves, level n
 * holds links [key, page id, element count, byte total] to pages of level n − 1.
 */
import { type CborValue, decodeCbor, encodeArrayHeader, encodeCbor } from './cbor.ts'
import { CborReader } from './cbor-reader.ts'
import { blockIdSizeBytes } from './chunk-file.ts'
import { ensure } from './invalid.ts'

/** A page is closed at this many raw bytes even without a border. */
export const maxPageSizeBytes = 64 * 1024
/** … and at this many elements. */
export const maxPageElements = 4096
/** A border closes a page only when it has this many elements: hostile names cannot make lists of pages of one. */
export const minPageElements = 16
/** Longer elements are refused, so that a page always fits into a block. */
export const maxElementSizeBytes = 256 * 1024
/** A reader refuses longer pages: a full one whose last element is as long as any. */
const maxReadPageSizeBytes = maxPageSizeBytes + maxElementSizeBytes + 16
/** Deeper lists are refused: 16^11 elements fit at worst. */
export const maxPageLevel = 10
const linkBits = 6

/** Reference to a whole list: its topmost page. */
export interface ListRef {
  /** 32 bytes: block id of the topmost page. */
  readonly id: Uint8Array
  readonly level: number
  /** Elements in the whole list. */
  readonly count: number
  /** Sum of the elements' lengths (files: bytes of content; directories: see tree.ts). */
  readonly totalBytes: number
}

/** The same away from the page that it was read from: in a message, all of that page's memory would go along. */
export function detachedRef(ref: ListRef): ListRef {
  return { ...ref, id: new Uint8Array(ref.id) }
}

/** A link in a page of level > 0. */
export interface PageLink {
  /** Directories: the name of the last entry below; parts: empty. */
  readonly key: Uint8Array
  readonly id: Uint8Array
  readonly count: number
  readonly totalBytes: number
}

/** One element as the builder takes it. */
export interface ListElement {
  /** Deterministic CBOR of the element. */
  readonly encoded: Uint8Array
  readonly key: Uint8Array
  /** Decides the borders: `nameHash` of the name, or `idHash` of the block id. */
  readonly hash: number
  readonly sizeBytes: number
}

/** Takes the raw bytes of a page and answers its block id (32 bytes). */
export type PutPage = (page: Uint8Array) => Uint8Array

/**
 * FNV-1a over the name with a final avalanche (MurmurHash3's), 32 bits unsigned. It decides borders
 * only; pages are sealed, so it need not be keyed.
 */
export function nameHash(name: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of name) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The first four bytes of a block id, little-endian. */
export function idHash(id: Uint8Array): number {
  return ((id[0] as number) | ((id[1] as number) << 8) | ((id[2] as number) << 16) | ((id[3] as number) << 24)) >>> 0
}

interface OpenPage {
  parts: Uint8Array[]
  elements: number
  sizeBytes: number
  count: number
  totalBytes: number
  lastKey: Uint8Array
  lastHash: number
}

/**
 * Builds the pages of one list in order. `leafBits`: a level-0 page ends after an element whose
 * hash has that many low zero bits (6 for directories, 9 for parts), a level-n page after a link
 * whose last element has 6·n more (31 at most), but never before it has 16 elements.
 */
export class PagedListBuilder {
  readonly #leafBits: number
  readonly #putPage: PutPage
  readonly #open: OpenPage[] = []
  #finishedPages = 0

  constructor(leafBits: number, putPage: PutPage) {
    this.#leafBits = leafBits
    this.#putPage = putPage
  }

  /** Pages put so far. */
  get pageCount(): number {
    return this.#finishedPages
  }

  /** Takes the next element; throws RangeError when it is longer than `maxElementSizeBytes`. */
  add(element: ListElement): void {
    const { length } = element.encoded
    if (length > maxElementSizeBytes) throw new RangeError(`an element of ${length} bytes`)
    this.#addAt(0, element, 1)
  }

  /** Closes all pages; undefined for an empty list. */
  finish(): ListRef | undefined {
    for (let level = 0; level < this.#open.length; level++) {
      const page = this.#open[level] as OpenPage
      const isTop = level === this.#open.length - 1
      if (isTop && page.elements === 1 && level > 0) {
        const link = decodeLink(decodeCbor(page.parts[0] as Uint8Array, 'page link'))
        return { id: link.id, level: level - 1, count: link.count, totalBytes: link.totalBytes }
      }
      if (page.elements === 0) continue
      if (isTop) {
        const { count, totalBytes } = page
        return { id: this.#put(level, page), level, count, totalBytes }
      }
      this.#close(level)
    }
    return undefined
  }

  #addAt(level: number, element: ListElement, count: number): void {
    const { encoded, key, hash, sizeBytes } = element
    const page = (this.#open[level] ??= emptyPage())
    page.parts.push(encoded)
    page.elements++
    page.sizeBytes += encoded.length
    page.count += count
    page.totalBytes += sizeBytes
    page.lastKey = key
    page.lastHash = hash
    const bits = Math.min(31, this.#leafBits + linkBits * level)
    const border = (hash & ((2 ** bits - 1) >>> 0)) >>> 0 === 0
    const isFull = page.sizeBytes >= maxPageSizeBytes || page.elements >= maxPageElements
    if (isFull || (border && page.elements >= minPageElements)) this.#close(level)
  }

  #close(level: number): void {
    const page = this.#open[level] as OpenPage
    const { count, totalBytes, lastKey, lastHash } = page
    const id = this.#put(level, page)
    this.#open[level] = emptyPage()
    const encoded = encodeCbor([lastKey, id, count, totalBytes])
    this.#addAt(level + 1, { encoded, key: lastKey, hash: lastHash, sizeBytes: totalBytes }, count)
  }

  #put(level: number, page: OpenPage): Uint8Array {
    this.#finishedPages++
    return this.#putPage(
      Buffer.concat([encodeArrayHeader(2), encodeCbor(level), encodeArrayHeader(page.elements), ...page.parts]),
    )
  }
}

/** An element of a level-0 page: its value and its own bytes, which share the page's memory. */
export interface PageElement {
  readonly value: CborValue
  readonly encoded: Uint8Array
}

/** A decoded page: elements at level 0, links above. */
export type Page =
  | { readonly level: 0; readonly elements: readonly PageElement[] }
  | { readonly level: number; readonly links: readonly PageLink[] }

/** Decodes a page and checks its level; throws `format.invalid`. */
export function decodePage(bytes: Uint8Array, expectedLevel: number, what: string): Page {
  const { level, elements } = splitPage(bytes, what)
  ensure(level === expectedLevel && level <= maxPageLevel, what, 0, 'a page of another level')
  if (level === 0) return { level, elements }
  return { level, links: elements.map((element) => decodeLink(element.value, what)) }
}

function splitPage(bytes: Uint8Array, what: string): { level: number; elements: PageElement[] } {
  ensure(bytes.length <= maxReadPageSizeBytes, what, 0, 'longer than any page')
  const reader = new CborReader(bytes, what)
  ensure(reader.arrayHeader() === 2, what, 0, 'not a page')
  const level = reader.value()
  ensure(typeof level === 'number', what, 1, 'a page without a level')
  const count = reader.arrayHeader()
  ensure(count > 0 && count <= maxPageElements, what, 2, 'a page of impossible length')
  const elements: PageElement[] = []
  for (let index = 0; index < count; index++) {
    const start = reader.offset
    const value = reader.value()
    elements.push({ value, encoded: bytes.subarray(start, reader.offset) })
  }
  reader.end()
  return { level, elements }
}

function decodeLink(value: CborValue, what = 'page link'): PageLink {
  ensure(Array.isArray(value) && value.length === 4, what, 0, 'not a page link')
  const [key, id, count, totalBytes] = value as [CborValue, CborValue, CborValue, CborValue]
  ensure(key instanceof Uint8Array, what, 0, 'a page link without a key')
  ensure(id instanceof Uint8Array && id.length === blockIdSizeBytes, what, 0, 'a page link without a block id')
  ensure(typeof count === 'number' && Number.isSafeInteger(count) && count >= 0, what, 0, 'a page link without a count')
  ensure(
    typeof totalBytes === 'number' && Number.isSafeInteger(totalBytes) && totalBytes >= 0,
    what,
    0,
    'a page link without a byte total',
  )
  return { key, id, count, totalBytes }
}

function emptyPage(): OpenPage {
  return { parts: [], elements: 0, sizeBytes: 0, count: 0, totalBytes: 0, lastKey: new Uint8Array(0), lastHash: 0 }
}

/** CBOR value of a list reference. */
export function encodeListRef(ref: ListRef): CborValue {
  return [ref.id, ref.level, ref.count, ref.totalBytes]
}

/** List reference of a CBOR value; throws `format.invalid`. */
export function decodeListRef(value: CborValue | undefined, what: string): ListRef {
  ensure(Array.isArray(value) && value.length === 4, what, 0, 'not a list reference')
  const [id, level, count, totalBytes] = value as [CborValue, CborValue, CborValue, CborValue]
  const link = decodeLink([new Uint8Array(0), id, count, totalBytes], what)
  ensure(
    typeof level === 'number' && Number.isInteger(level) && level >= 0 && level <= maxPageLevel,
    what,
    0,
    'too deep',
  )
  return { id: link.id, level, count: link.count, totalBytes: link.totalBytes }
}
