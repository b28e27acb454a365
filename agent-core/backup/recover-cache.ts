/**
 * What an ended run may have left in the cache, put in order before the next one:
 *  1. chunk files without a footer are removed (they are never appended to);
 *  2. complete chunk files that no capture names are checked and adopted, so that their blocks need not be sealed
 *     again; damaged ones are removed;
 *  3. captured points whose payload was lost or damaged before any transfer are taken back: their files are read again;
 *  4. payload that the vault has confirmed is evicted.
 */
import type { BaseDb } from '../cache/base-db.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { ChunkFileName, VaultId } from '../contract/ids.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'

export interface Recovery {
  readonly removed: number
  readonly adopted: number
  /** Points taken back because their payload is gone. */
  readonly takenBack: number
  /** True when an earlier run ended before its time. */
  readonly wasInterrupted: boolean
}

export interface RecoverDeps {
  readonly base: BaseDb
  readonly chunks: ChunkFolder
  readonly keys: KeyspaceKeys
  readonly vault: VaultId
  readonly signal: AbortSignal
}

export async function recoverCache(deps: RecoverDeps): Promise<Recovery> {
  const { base, chunks, keys, vault, signal } = deps
  const removed = chunks.removeOpen()
  const adopted: IndexedChunkFile[] = []
  for (const name of chunks.names()) {
    signal.throwIfAborted()
    if (base.chunkFileNumber(name) !== undefined) continue
    const file = await chunks.describe(name, keys)
    if (file !== undefined) adopted.push(file)
    else chunks.evict(name)
  }
  base.adopt(vault, keys.keyspace, adopted)
  const unconfirmed = base.unconfirmedPoints(vault)
  const takenBack = await takeBackLost(deps, new Set(adopted.map((file) => file.name)))
  evictPlaced(base, chunks)
  const wasInterrupted = removed > 0 || adopted.length > 0 || unconfirmed.length > 0
  return { removed, adopted: adopted.length, takenBack, wasInterrupted }
}

/** Removes payload from the cache that no vault waits for any more. */
export function evictPlaced(base: BaseDb, chunks: ChunkFolder): void {
  for (const name of chunks.names()) {
    if (base.chunkFileNumber(name) !== undefined && !base.isWaiting(name)) chunks.evict(name)
  }
}

/** What waits is read once more before it may be confirmed: bits rot in caches too. `checked`: read just now. */
async function takeBackLost(deps: RecoverDeps, checked: ReadonlySet<ChunkFileName>): Promise<number> {
  const { base, chunks, vault, signal } = deps
  const lost: ChunkFileName[] = []
  for (const { name } of base.waitingChunkFiles(vault)) {
    signal.throwIfAborted()
    if (checked.has(name) || (await chunks.isWhole(name))) continue
    lost.push(name)
    if (chunks.has(name)) chunks.evict(name)
  }
  if (lost.length === 0) return 0
  // Any captured point may rest on any of them, and so may the ones after it.
  const points = base.unconfirmedPoints(vault)
  for (const { item } of points) base.forgetItem(item)
  base.forgetChunkFiles(lost.flatMap((name) => base.chunkFileNumber(name) ?? []))
  return points.length
}
