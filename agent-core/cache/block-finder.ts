/**
 * Finds where blocks are, for readers that ask for them about in the order in which they were captured: the block
 * behind one that was asked for is the next to be asked for most often, and telling that takes no look-up.
 */
import { asBuffer } from '../base/bytes.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import type { BlockTable } from '../format/block-table.ts'
import { blockIdSizeBytes } from '../format/chunk-file.ts'
import type { BlockIndex } from './chunk-reader.ts'

/** A block index that also tells what a chunk file holds. */
export interface BlockTables extends BlockIndex {
  /** The blocks of a chunk file in their order. */
  blockTable(number: number): BlockTable
}

/** One place of a block. */
export interface BlockPlace {
  readonly chunk: number
  readonly extent: number
  /** Index among the extent's blocks. */
  readonly ordinal: number
}

/** A place in a chunk file's block table that moves on. */
interface Cursor {
  readonly chunk: number
  readonly ids: Buffer
  /** Number of the first block of each extent, and behind the last. */
  readonly firstBlocks: readonly number[]
  extent: number
  /** Number in the whole file. */
  block: number
}

/** Chunk files that are followed at once: several workers wrote several beside each other. */
const maxCursors = 16

export class BlockFinder {
  readonly #index: BlockTables
  readonly #keyspace: KeyspaceId
  /** The one that found the last block comes first. */
  #cursors: Cursor[] = []

  constructor(index: BlockTables, keyspace: KeyspaceId) {
    this.#index = index
    this.#keyspace = keyspace
  }

  /** A place of the block in a chunk file of the keyspace; undefined when the index knows none. */
  find(id: Uint8Array): BlockPlace | undefined {
    for (const [order, cursor] of this.#cursors.entries()) {
      if (!advance(cursor, id)) continue
      if (order > 0) this.#toFront(cursor)
      return placeOf(cursor)
    }
    const location = this.#index
      .locate(id)
      .find(({ chunk }) => this.#index.chunkFile(chunk).keyspace === this.#keyspace)
    if (location === undefined) return undefined
    const cursor = this.#cursors.find(({ chunk }) => chunk === location.chunk) ?? this.#open(location.chunk)
    cursor.extent = location.extent
    cursor.block = (cursor.firstBlocks[location.extent] as number) + location.ordinal
    this.#toFront(cursor)
    return location
  }

  #open(chunk: number): Cursor {
    const { extents, ids } = this.#index.blockTable(chunk)
    const firstBlocks = [0]
    for (const { blockCount } of extents) firstBlocks.push((firstBlocks.at(-1) as number) + blockCount)
    return { chunk, ids: asBuffer(ids), firstBlocks, extent: 0, block: 0 }
  }

  #toFront(cursor: Cursor): void {
    this.#cursors = [cursor, ...this.#cursors.filter((other) => other !== cursor)].slice(0, maxCursors)
  }
}

/** True when the next block is the one of that id; the cursor is there then. */
function advance(cursor: Cursor, id: Uint8Array): boolean {
  const at = (cursor.block + 1) * blockIdSizeBytes
  if (at >= cursor.ids.length || cursor.ids.compare(id, 0, blockIdSizeBytes, at, at + blockIdSizeBytes) !== 0) {
    return false
  }
  cursor.block++
  while (cursor.block >= (cursor.firstBlocks[cursor.extent + 1] as number)) cursor.extent++
  return true
}

function placeOf({ chunk, extent, block, firstBlocks }: Cursor): BlockPlace {
  return { chunk, extent, ordinal: block - (firstBlocks[extent] as number) }
}
