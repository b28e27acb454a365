/**
 * Where a worker's blocks go: a block that the vaults are known to hold, or that waits in the cache,
 * or that this run has taken already, is only named; every other one is sealed into the open chunk
 * file of its kind. A claim counts once its chunk file is complete: a worker that fails takes the
 * whole run with it, so no point ever names a block of an incomplete file.
 */
import type { BaseDb } from '../cache/base-db.ts'
import type { ChunkWriter } from '../cache/chunk-writer.ts'
import { blockId } from '../codec/block-id.ts'
import type { VaultId } from '../contract/ids.ts'
import type { ClaimSet } from './claim-set.ts'

export interface BlockStoreOptions {
  readonly base: BaseDb
  readonly idKey: Uint8Array
  readonly vaults: readonly VaultId[]
  readonly cachedChunks: ReadonlySet<number>
  /** What the vaults hold is in doubt: only what this run has taken is not stored again. */
  readonly storesAll: boolean
  /** What this worker and the others of the run have taken. */
  readonly claims: ClaimSet
  readonly data: ChunkWriter
  readonly tree: ChunkWriter
}

export class BlockStore {
  readonly #options: BlockStoreOptions
  readonly #placed: readonly ReadonlySet<number>[]
  #bytesNew = 0

  constructor(options: BlockStoreOptions) {
    this.#options = options
    this.#placed = options.vaults.map((vault) => options.base.placedChunks(vault))
  }

  /** Raw bytes of all blocks that were new. */
  get bytesNew(): number {
    return this.#bytesNew
  }

  /**
   * Takes a block of a file and answers its id. `expected`: the id of the block that stood in this
   * place in the last point, if its file is split in place: equal content is then known without a look-up.
   */
  putData(bytes: Uint8Array, expected?: Uint8Array): Buffer {
    const id = blockId(this.#options.idKey, bytes)
    if (expected !== undefined && id.equals(expected)) return id
    this.#put(this.#options.data, id, bytes)
    return id
  }

  /** Takes a block of a tree, whose id the caller may know already, and answers its id. */
  putTree(bytes: Uint8Array, id: Buffer = blockId(this.#options.idKey, bytes)): Buffer {
    this.#put(this.#options.tree, id, bytes)
    return id
  }

  /** True when the vaults, or the cache, hold a block with these bytes from before this run. */
  isKnown(bytes: Uint8Array): boolean {
    return this.#isKnown(blockId(this.#options.idKey, bytes))
  }

  /** Completes the open chunk file of data blocks. */
  finishData(): void {
    this.#options.data.finish()
  }

  /** Gives up the open chunk files and removes them. */
  abandon(): void {
    this.#options.data.abandon()
    this.#options.tree.abandon()
  }

  /** Completes the open chunk files. */
  finish(): void {
    this.#options.data.finish()
    this.#options.tree.finish()
  }

  #put(writer: ChunkWriter, id: Buffer, bytes: Uint8Array): void {
    if (!this.#options.claims.claim(id) || this.#isKnown(id)) return
    this.#bytesNew += bytes.length
    writer.add(id, bytes)
  }

  #isKnown(id: Uint8Array): boolean {
    const { base, cachedChunks, storesAll } = this.#options
    if (storesAll) return false
    return base
      .locate(id)
      .some(({ chunk }) => cachedChunks.has(chunk) || this.#placed.every((placed) => placed.has(chunk)))
  }
}
