/**
 * Every block that a point names, with where its bytes lie on the source. Below what another point has the same, nothing is
 * looked at: a point and the one before it share nearly all.
 */
import { AgentError } from '../base/agent-error.ts'
import { asBuffer } from '../base/bytes.ts'
import type { EncodedEntry, TreeReader } from '../cache/tree-reader.ts'
import type { ListRef } from '../format/paged-list.ts'
import type { PointManifest } from '../format/point.ts'
import type { Content } from '../format/tree.ts'

export interface NamedBlock {
  readonly id: Uint8Array
  /** Content of a file, or a page of a list. */
  readonly kind: 'data' | 'tree'
  /** Path on the source, raw bytes, of the file or of the directory that the page is of; empty for the point's own lists. */
  readonly path: Buffer
  /** Where a block of a file lies in it. */
  readonly offset: number
  readonly sizeBytes: number
}

/** Each block once for every place that names it. `before`: the root of a point below which nothing need be looked at. */
export async function* blocksOfPoint(
  tree: TreeReader,
  manifest: PointManifest,
  before?: ListRef,
): AsyncGenerator<NamedBlock, void, undefined> {
  for (const list of [manifest.chunkFiles, manifest.warnings, manifest.missing]) {
    yield* pagesOf(tree, list, Buffer.alloc(0))
  }
  yield* directoryBlocks(tree, manifest.root, before, Buffer.alloc(0))
}

async function* directoryBlocks(
  tree: TreeReader,
  list: ListRef | undefined,
  before: ListRef | undefined,
  path: Buffer,
): AsyncGenerator<NamedBlock, void, undefined> {
  if (list === undefined || isSame(list, before)) return
  yield* pagesOf(tree, list, path)
  const old = new OldEntries(tree, before)
  for await (const { entry, encoded } of tree.entries(list)) {
    const known = await old.find(entry.name)
    if (known !== undefined && Buffer.compare(known.encoded, encoded) === 0) continue
    const below = entry.origin === undefined ? joined(path, entry.name) : Buffer.from(entry.origin.path)
    yield* directoryBlocks(tree, entry.directory?.list, known?.entry.directory?.list, below)
    if (entry.content !== undefined) yield* contentBlocks(tree, entry.content, known?.entry.content, below)
  }
}

async function* contentBlocks(
  tree: TreeReader,
  content: Content,
  before: Content | undefined,
  path: Buffer,
): AsyncGenerator<NamedBlock, void, undefined> {
  if ('id' in content.parts) {
    if (before !== undefined && 'id' in before.parts && isSame(content.parts, before.parts)) return
    yield* pagesOf(tree, content.parts, path)
  }
  let offset = 0
  for await (const { id, sizeBytes } of tree.parts(content)) {
    if (id !== null) yield { id, kind: 'data', path, offset, sizeBytes }
    offset += sizeBytes
  }
}

async function* pagesOf(tree: TreeReader, list: ListRef | undefined, path: Buffer): AsyncGenerator<NamedBlock> {
  if (list === undefined) return
  // The page is named before it is read: who is asked for its bytes may put it in order first.
  for await (const id of tree.pageIds(list)) yield { id, kind: 'tree', path, offset: 0, sizeBytes: 0 }
}

/** Goes through a directory of before beside one of now. A page of it that cannot be had ends it: all below counts as new. */
class OldEntries {
  readonly #entries: AsyncGenerator<EncodedEntry, void, undefined>
  #current: EncodedEntry | undefined
  #hasEnded = false

  constructor(tree: TreeReader, list: ListRef | undefined) {
    this.#entries = tree.entries(list)
  }

  /** The entry of that name; names are asked for in ascending order. */
  async find(name: Uint8Array): Promise<EncodedEntry | undefined> {
    while (!this.#hasEnded && (this.#current === undefined || Buffer.compare(this.#current.entry.name, name) < 0)) {
      await this.#next()
    }
    const found = this.#current
    return found !== undefined && Buffer.compare(found.entry.name, name) === 0 ? found : undefined
  }

  async #next(): Promise<void> {
    try {
      const { value, done } = await this.#entries.next()
      this.#hasEnded = done === true
      this.#current = done === true ? undefined : value
    } catch (error) {
      if (!(error instanceof AgentError)) throw error
      this.#hasEnded = true
      this.#current = undefined
    }
  }
}

function isSame(list: ListRef, other: ListRef | undefined): boolean {
  return other !== undefined && list.level === other.level && Buffer.compare(list.id, other.id) === 0
}

function joined(path: Buffer, name: Uint8Array): Buffer {
  return Buffer.concat([path, Buffer.from('/'), asBuffer(name)])
}
