/**
 * Lists in a vault's index what a backup has put there; only then does it count as placed. Keeps the number of segments
 * bounded, however many backups come between two clean-ups.
 */
import { isAgentError } from '../base/agent-error.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { compactIndex, maxLiveSegments } from '../vault/compact-index.ts'
import type { Vault } from '../vault/vault.ts'
import { refreshIndex } from './refresh-index.ts'
import { historyChanged } from './vault-trouble.ts'

/** Block tables in one index segment; far below what a reader accepts, however much has waited. */
const segmentTargetSizeBytes = 8 * 1024 * 1024
const maxAttempts = 5

export interface IndexWriterDeps {
  readonly vault: Vault
  readonly base: BaseDb
  /** Bytes of objects that are in the vault now and were not before. */
  readonly onPut: (sizeBytes: number) => void
  readonly onPlaced: (names: readonly ChunkFileName[]) => void
}

export class IndexWriter {
  readonly #deps: IndexWriterDeps
  /** The vault was found to be another one than the capture was told of. */
  hasOtherHistory = false

  constructor(deps: IndexWriterDeps) {
    this.#deps = deps
  }

  /** Lists chunk files that the vault holds. Throws the store's error. */
  async write(chunkFiles: readonly IndexedChunkFile[]): Promise<void> {
    for (let from = 0; from < chunkFiles.length; ) {
      let until = from + 1
      let sizeBytes = chunkFiles[from]?.table.length ?? 0
      for (; until < chunkFiles.length; until++) {
        sizeBytes += chunkFiles[until]?.table.length ?? 0
        if (sizeBytes > segmentTargetSizeBytes) break
      }
      const files = chunkFiles.slice(from, until)
      await this.#writeSegment(files)
      this.#deps.onPlaced(files.map(({ name }) => name))
      from = until
    }
  }

  /** Folds the live segments into one when there are too many. */
  async compact(): Promise<void> {
    const { base, vault, onPut } = this.#deps
    const { keyspace } = vault.keys
    const live = base.segments.live(vault.id, keyspace)
    if (live.length <= maxLiveSegments) return
    const isGone = (name: ChunkFileName) => base.cleanUps.isGone(vault.id, name)
    try {
      onPut((await compactIndex(vault, live, isGone)).sizeBytes)
    } catch (error) {
      // A segment that was whole when it was read is damaged now: `vault verify` tells; what was captured goes on.
      if (!isAgentError(error, 'format.invalid')) throw error
      base.trust.distrust(vault.id)
      return
    }
    // What it repeats is known here; it is merged in its turn, after what others wrote before it.
    await this.refresh()
  }

  /** As `refreshIndex`, for when this run has built on what was known: another history is an error then. */
  async refresh(): Promise<void> {
    const { base, vault } = this.#deps
    if (!(await refreshIndex(base, vault))) return
    this.hasOtherHistory = true
    throw historyChanged(vault.store.address)
  }

  async #writeSegment(chunkFiles: readonly IndexedChunkFile[]): Promise<void> {
    const { base, vault, onPut } = this.#deps
    const { keyspace } = vault.keys
    for (let attempt = 1; ; attempt++) {
      try {
        const lastSeen = base.segments.last(vault.id, keyspace)
        const { sequence, sizeBytes, sha256 } = await vault.writeIndex(lastSeen, { chunkFiles, supersedes: [] })
        base.mergeIndex(vault.id, keyspace, sequence, chunkFiles, sha256)
        onPut(sizeBytes)
        return
      } catch (error) {
        if (!isAgentError(error, 'store.conflict') || attempt === maxAttempts) throw error
        // Another writer's segment, or this run's own one whose answer was lost: either is to be known first.
        await this.refresh()
        if (chunkFiles.every((file) => base.isPlaced(vault.id, file.name))) return
      }
    }
  }
}
