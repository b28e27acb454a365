/** Leaves of the block index and their filters as they were read, for the next look-up (`block-levels.ts`). */
import type { BaseConnection } from './base-connection.ts'
import { leavesPerFilterRow } from './leaf-filter.ts'

/** Leaves that are kept: those of a million blocks. Filters are all kept, at a byte a block. */
const leafBudgetBytes = 16 * 1024 * 1024
/** What a kept leaf takes beside its entries. */
const leafOverheadBytes = 200

export class LeafCache {
  readonly #sql: BaseConnection
  readonly #leaves = new Map<number, Uint32Array>()
  readonly #filters = new Map<number, Uint32Array>()
  #leavesSizeBytes = 0

  constructor(sql: BaseConnection) {
    this.#sql = sql
  }

  /** Entries of a leaf; undefined when the level is not there. */
  leaf(level: number, leaf: number): Uint32Array | undefined {
    const key = leafKey(level, leaf)
    const kept = this.#leaves.get(key)
    if (kept !== undefined) return kept
    const bytes = this.#sql.value<Buffer>('SELECT entries FROM block_leaf WHERE key = ?', key)
    if (bytes === undefined) return undefined
    const entries = wordsOf(bytes)
    this.#leaves.set(key, entries)
    this.#leavesSizeBytes += entries.byteLength + leafOverheadBytes
    // The one that was read first goes first: ids are hashes, so none is likelier to be asked for than another.
    for (const [oldest, { byteLength }] of this.#leaves) {
      if (this.#leavesSizeBytes <= leafBudgetBytes) break
      this.#leaves.delete(oldest)
      this.#leavesSizeBytes -= byteLength + leafOverheadBytes
    }
    return entries
  }

  /** The row of filters in which that of the leaf stands; undefined when the level is not there. */
  filter(level: number, leaf: number): Uint32Array | undefined {
    const key = leafKey(level, Math.floor(leaf / leavesPerFilterRow))
    const kept = this.#filters.get(key)
    if (kept !== undefined) return kept
    const bytes = this.#sql.value<Buffer>('SELECT bits FROM block_filter WHERE key = ?', key)
    if (bytes === undefined) return undefined
    const filter = wordsOf(bytes)
    this.#filters.set(key, filter)
    return filter
  }

  clear(): void {
    this.#leaves.clear()
    this.#filters.clear()
    this.#leavesSizeBytes = 0
  }
}

/** Key of a leaf, or of a row of filters: levels one behind the other, each in the order of its leaves. */
export function leafKey(level: number, leaf: number): number {
  return level * 2 ** 32 + leaf
}

/** The words that a row holds; copied where they do not lie as the machine needs them. */
export function wordsOf(bytes: Buffer): Uint32Array {
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}

export function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}
