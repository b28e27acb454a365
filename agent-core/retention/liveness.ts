/**
 * Which blocks of a vault the roots need: one bit for each block of the index, and one for each page that was walked, so
 * that what points share is walked once, however many there are.
 */
import { toHex } from '../base/bytes.ts'
import type { VaultIndex } from '../cache/vault-index.ts'
import { blockId } from '../codec/block-id.ts'
import { invalid } from '../format/invalid.ts'
import { decodePage, type ListRef } from '../format/paged-list.ts'
import type { PointManifest } from '../format/point.ts'
import { decodeEntry, decodePart, type Entry } from '../format/tree.ts'
import { Bitmap } from './bitmap.ts'

type ListKind = 'entries' | 'parts' | 'values'

/** The lists of a point, or of whatever else must stay whole. */
export type RootLists = Pick<PointManifest, 'root' | 'chunkFiles' | 'warnings' | 'missing'>

export interface LivenessDeps {
  readonly index: VaultIndex
  readonly idKey: Uint8Array
  /** Bytes of a page; throws `vault.damaged` where it cannot be had. */
  readonly readPage: (id: Uint8Array) => Promise<Uint8Array>
  readonly signal: AbortSignal
}

export class Liveness {
  readonly #deps: LivenessDeps
  readonly #live: Bitmap
  readonly #walked: Record<ListKind, Bitmap>
  /** Pages that are in no index: those of points that wait in the cache. */
  readonly #walkedElsewhere = new Set<string>()
  #unindexed = 0
  #unindexedPages = 0

  constructor(deps: LivenessDeps) {
    const { blockCount } = deps.index
    this.#deps = deps
    this.#live = new Bitmap(blockCount)
    this.#walked = { entries: new Bitmap(blockCount), parts: new Bitmap(blockCount), values: new Bitmap(blockCount) }
  }

  /** Blocks of files that points name and that no chunk file of the index holds. */
  get unindexed(): number {
    return this.#unindexed
  }

  /** True when the index holds all blocks and pages that the roots need. */
  get isIndexed(): boolean {
    return this.#unindexed + this.#unindexedPages === 0
  }

  /**
   * Marks all that hangs on a root. Throws `vault.damaged` when a page cannot be read: what lies below it would count as
   * needed by nobody.
   */
  async add({ root, chunkFiles, warnings, missing }: RootLists): Promise<void> {
    await this.#list(root, 'entries')
    for (const list of [chunkFiles, warnings, missing]) await this.#list(list, 'values')
  }

  /** True when a root needs the block of that number. */
  isLive(block: number): boolean {
    return this.#live.has(block)
  }

  async #list(list: ListRef | undefined, kind: ListKind): Promise<void> {
    if (list !== undefined) await this.#page(list.id, list.level, kind)
  }

  async #page(id: Uint8Array, level: number, kind: ListKind): Promise<void> {
    if (!this.#isNew(id, kind)) return
    this.#deps.signal.throwIfAborted()
    const bytes = await this.#deps.readPage(id)
    if (!blockId(this.#deps.idKey, bytes).equals(id)) throw invalid('tree page', 0, 'its bytes have another id')
    const page = decodePage(bytes, level, 'tree page')
    if ('links' in page) {
      for (const link of page.links) await this.#page(link.id, level - 1, kind)
    } else if (kind === 'parts') {
      for (const { value } of page.elements) this.#block(decodePart(value, 'page of parts').id)
    } else if (kind === 'entries') {
      for (const { value } of page.elements) await this.#entry(decodeEntry(value, 'tree page'))
    }
  }

  async #entry({ directory, content }: Entry): Promise<void> {
    await this.#list(directory?.list, 'entries')
    if (content === undefined) return
    if ('id' in content.parts) await this.#list(content.parts, 'parts')
    else for (const { id } of content.parts) this.#block(id)
  }

  #block(id: Uint8Array | null): void {
    if (id !== null && !this.#mark(id)) this.#unindexed++
  }

  /** Marks all copies; false when the index has none. */
  #mark(id: Uint8Array): boolean {
    const copies = this.#deps.index.copies(id)
    for (const copy of copies) this.#live.add(copy)
    return copies.length > 0
  }

  #isNew(id: Uint8Array, kind: ListKind): boolean {
    this.#mark(id)
    const [copy] = this.#deps.index.copies(id)
    if (copy !== undefined) return this.#walked[kind].add(copy)
    const key = `${kind} ${toHex(id)}`
    if (this.#walkedElsewhere.has(key)) return false
    this.#walkedElsewhere.add(key)
    this.#unindexedPages++
    return true
  }
}
