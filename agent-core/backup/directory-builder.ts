/**
 * Builds one directory's pages from its entries in order, and builds nothing while they are those of
 * the last point: an unchanged directory keeps its pages. At the first difference the entries before
 * it are taken from the last point's own pages, so nothing is held meanwhile.
 */
import type { TreeReader } from '../cache/tree-reader.ts'
import type { Engine } from '../engine/engine.ts'
import { nameHash, PagedListBuilder } from '../format/paged-list.ts'
import { type DirectorySection, directoryLeafBits, type Entry } from '../format/tree.ts'

/** An entry that is captured. */
export interface Settled {
  readonly encoded: Uint8Array
  /** Files: their length. Directories: bytes of all files below. */
  readonly sizeBytes: number
  /** Entries below a directory. */
  readonly entriesBelow: number
}

/** Takes the pages; the part of the engine that builders need. */
export type PageEngine = Pick<Engine, 'putTree' | 'isFull' | 'room'>

export interface DirectoryBuilderDeps {
  readonly engine: PageEngine
  /** Reads the tree of the last point. */
  readonly tree: TreeReader
  /** Keeps a tree page in the base. */
  readonly keepPage: (id: Uint8Array, page: Uint8Array) => void
}

export class DirectoryBuilder {
  readonly #deps: DirectoryBuilderDeps
  readonly #previous: DirectorySection | undefined
  #builder: PagedListBuilder | undefined
  /** So many first entries of the last point are also the first ones now. */
  #sameEntries = 0
  #entriesBelow = 0
  #bytesBelow = 0

  constructor(deps: DirectoryBuilderDeps, previous: DirectorySection | undefined) {
    this.#deps = deps
    this.#previous = previous
  }

  /** Adds the next entry; `before` is the encoded entry of that name in the last point. */
  async add(name: Uint8Array, entry: Settled, before: Uint8Array | undefined): Promise<void> {
    const isSame = before !== undefined && Buffer.compare(entry.encoded, before) === 0
    if (!isSame) await this.markChanged()
    this.#entriesBelow += 1 + entry.entriesBelow
    this.#bytesBelow += entry.sizeBytes
    if (this.#builder === undefined) {
      this.#sameEntries++
      return
    }
    this.#put(this.#builder, name, entry.encoded, entry.sizeBytes)
    if (this.#deps.engine.isFull) await this.#deps.engine.room()
  }

  /** The directory differs from the last point from here on: an entry was added, changed or is gone. */
  async markChanged(): Promise<void> {
    if (this.#builder !== undefined) return
    const { engine, keepPage, tree } = this.#deps
    const builder = new PagedListBuilder(directoryLeafBits, (page) => {
      const id = engine.putTree(page)
      keepPage(id, page)
      return id
    })
    this.#builder = builder
    if (this.#sameEntries === 0) return
    let index = 0
    for await (const { entry, encoded } of tree.entries(this.#previous?.list)) {
      this.#put(builder, entry.name, encoded, sizeOf(entry))
      if (engine.isFull) await engine.room()
      index++
      if (index === this.#sameEntries) return
    }
  }

  /** The directory's section: the last point's own when nothing has changed. */
  finish(): DirectorySection {
    if (this.#builder === undefined && this.#previous !== undefined) return this.#previous
    const list = this.#builder?.finish()
    return { ...(list && { list }), entriesBelow: this.#entriesBelow, bytesBelow: this.#bytesBelow }
  }

  #put(builder: PagedListBuilder, name: Uint8Array, encoded: Uint8Array, sizeBytes: number): void {
    builder.add({ encoded, key: name, hash: nameHash(name), sizeBytes })
  }
}

function sizeOf(entry: Entry): number {
  return entry.sizeBytes ?? entry.directory?.bytesBelow ?? 0
}
