/**
 * Builds one directory's pages from its entries in order, and builds nothing while they are those of
 * the last point: an unchanged directory keeps its pages. At the first difference the entries before
 * it are taken from the last point's own pages, so nothing is held meanwhile.
 */
import type { TreeReader } from '../cache/tree-reader.ts'
import type { Engine } from '../engine/engine.ts'
import type { EntryGlances } from '../format/entry-glance.ts'
import { nameHash, PagedListBuilder } from '../format/paged-list.ts'
import { type DirectorySection, directoryLeafBits } from '../format/tree.ts'
import { PreviousEntries } from './previous-entries.ts'

/** An entry that is captured. */
export interface Settled {
  readonly encoded: Uint8Array
  /** Files: their length. Directories: bytes of all files below. */
  readonly sizeBytes: number
  /** Entries below a directory. */
  readonly entriesBelow: number
}

/** An entry, no directory, as the last point has it. */
export type UnchangedEntry = Pick<EntryGlances, 'name' | 'encoded' | 'sizeBytes'>

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
  add(name: Uint8Array, entry: Settled, before: Uint8Array | undefined): void | Promise<void> {
    const isSame = before !== undefined && Buffer.compare(entry.encoded, before) === 0
    if (this.#builder === undefined && !isSame) {
      const changed = this.markChanged()
      if (changed !== undefined) return changed.then(() => this.#take(name, entry))
    }
    return this.#take(name, entry)
  }

  /** Adds the next entry, no directory, as it was in the last point. */
  addUnchanged(previous: UnchangedEntry): void | Promise<void> {
    if (this.#builder !== undefined) {
      const { name, encoded, sizeBytes } = previous
      return this.#take(name, { encoded, sizeBytes, entriesBelow: 0 })
    }
    this.#sameEntries++
    this.#entriesBelow++
    this.#bytesBelow += previous.sizeBytes
  }

  /** The directory differs from the last point from here on: an entry was added, changed or is gone. */
  markChanged(): void | Promise<void> {
    if (this.#builder !== undefined) return
    const { engine, keepPage } = this.#deps
    this.#builder = new PagedListBuilder(directoryLeafBits, (page) => {
      const id = engine.putTree(page)
      keepPage(id, page)
      return id
    })
    if (this.#sameEntries > 0) return this.#takeFirstEntries(this.#builder)
  }

  /** The directory's section: the last point's own when nothing has changed. */
  finish(): DirectorySection {
    if (this.#builder === undefined && this.#previous !== undefined) return this.#previous
    const list = this.#builder?.finish()
    return { ...(list && { list }), entriesBelow: this.#entriesBelow, bytesBelow: this.#bytesBelow }
  }

  #take(name: Uint8Array, { encoded, sizeBytes, entriesBelow }: Settled): void | Promise<void> {
    this.#entriesBelow += 1 + entriesBelow
    this.#bytesBelow += sizeBytes
    if (this.#builder === undefined) {
      this.#sameEntries++
      return
    }
    put(this.#builder, name, encoded, sizeBytes)
    if (this.#deps.engine.isFull) return this.#deps.engine.room()
  }

  async #takeFirstEntries(builder: PagedListBuilder): Promise<void> {
    const { engine, tree } = this.#deps
    const entries = new PreviousEntries(tree, this.#previous?.list)
    for (let left = this.#sameEntries; left > 0; left--) {
      await entries.next()
      const entry = entries.current
      if (entry === undefined) throw new Error('a directory of the last point has become shorter')
      put(builder, entry.name, entry.encoded, bytesOf(entry))
      if (engine.isFull) await engine.room()
    }
  }
}

function put(builder: PagedListBuilder, name: Uint8Array, encoded: Uint8Array, sizeBytes: number): void {
  builder.add({ encoded, key: name, hash: nameHash(name), sizeBytes })
}

function bytesOf(entry: EntryGlances): number {
  return entry.type === 'directory' ? (entry.decode().directory?.bytesBelow ?? 0) : entry.sizeBytes
}
