/**
 * Where blocks are, for readers: the base as it is, and beside it, in memory, what a vault's index has
 * that the base has not seen. Writes nothing, so it works beside a running backup.
 */
import type { KeyspaceId, VaultId } from '../contract/ids.ts'
import type { IndexSegment } from '../format/index-segment.ts'
import { type BaseDb, openBase } from './base-db.ts'
import type { BlockTables } from './block-finder.ts'

export class Catalogue implements BlockTables, Disposable {
  readonly base: BaseDb
  readonly #unseen = openBase(':memory:')

  constructor(base: BaseDb) {
    this.base = base
  }

  /** Adds an index segment that the base has not merged. */
  add(
    vault: VaultId,
    keyspace: KeyspaceId,
    read: { sequence: number; segment: IndexSegment; sha256: Uint8Array },
  ): void {
    const { sequence, segment, sha256 } = read
    this.#unseen.mergeIndex(vault, keyspace, sequence, segment.chunkFiles, sha256)
  }

  /** Chunk files of the unseen segments have negative numbers. */
  locate(id: Uint8Array) {
    const unseen = this.#unseen.locate(id).map((location) => ({ ...location, chunk: -location.chunk }))
    return [...this.base.locate(id), ...unseen]
  }

  chunkFile(number: number) {
    // Under the number by which it was asked for: readers keep what they opened by it.
    return number < 0 ? { ...this.#unseen.chunkFile(-number), number } : this.base.chunkFile(number)
  }

  blockTable(number: number) {
    return number < 0 ? this.#unseen.blockTable(-number) : this.base.blockTable(number)
  }

  [Symbol.dispose](): void {
    this.#unseen.close()
    this.base.close()
  }
}
