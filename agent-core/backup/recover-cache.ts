/**
 * What an ended run may have left in the cache, put in order before the next one:
 *  1. chunk files without a footer are removed (they are never appended to);
 *  2. complete chunk files that no capture names, or that no vault holds any more, are checked and adopted, so that
 *     their blocks need not be sealed again; damaged ones are removed;
 *  3. captured points whose payload was lost or damaged before any transfer are taken back: their files are read again.
 */
import type { Clock } from '../base/clock.ts'
import type { BaseDb } from '../cache/base-db.ts'
import { type CachePolicy, mayBeEvicted, planEviction } from '../cache/cache-budget.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { ChunkFileName, ItemId, PointId, VaultId } from '../contract/ids.ts'
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
  readonly vaults: readonly VaultId[]
  readonly signal: AbortSignal
}

export async function recoverCache(deps: RecoverDeps): Promise<Recovery> {
  const { base, chunks, keys, vaults, signal } = deps
  const removed = chunks.removeOpen()
  const adopted: IndexedChunkFile[] = []
  const states = base.chunkFileStates()
  for (const name of chunks.names()) {
    signal.throwIfAborted()
    const state = states.get(name)
    // What is gone from a vault may be the last copy that a point here can be mended from; eviction takes it in time.
    if (state !== undefined && state !== 'nowhere') continue
    const file = await chunks.describe(name, keys)
    if (file !== undefined) adopted.push(file)
    else chunks.evict(name)
  }
  for (const vault of vaults) base.adopt(vault, keys.keyspace, adopted)
  const unconfirmed = vaults.flatMap((vault) => base.unconfirmedPoints(vault))
  const takenBack = await takeBackLost(deps, new Set(adopted.map((file) => file.name)))
  // What was on its way counts too: a run that is ended again and again while it catches up leaves nothing else here.
  const isWaiting = vaults.some((vault) => base.waitingChunkFiles(vault).length > 0)
  const wasInterrupted = removed > 0 || isWaiting || unconfirmed.length > 0
  return { removed, adopted: adopted.length, takenBack, wasInterrupted }
}

/**
 * Evicts payload that a vault holds, as the policy says; one that still waits for it gets it from there. Forgets chunk files
 * that are nowhere any more.
 */
export function evictPayload(deps: {
  readonly base: BaseDb
  readonly chunks: ChunkFolder
  readonly policy: CachePolicy
  readonly clock: Clock
}): void {
  const { base, chunks, policy, clock } = deps
  const states = base.chunkFileStates()
  const mayGo = (name: ChunkFileName) => mayBeEvicted(states.get(name))
  for (const name of planEviction(chunks.payload(), policy, clock.nowMs(), mayGo)) chunks.evict(name)
  const lost = [...states].filter(([name, state]) => state === 'gone' && !chunks.has(name))
  if (lost.length > 0) base.forgetChunkFiles(lost.flatMap(([name]) => base.chunkFileNumber(name) ?? []))
}

/**
 * What waits and no vault holds is read once more before it may be confirmed: bits rot in caches too. `checked`: read
 * just now. What another vault holds is checked when it is sent.
 */
async function takeBackLost(deps: RecoverDeps, checked: ReadonlySet<ChunkFileName>): Promise<number> {
  const { base, chunks, vaults, signal } = deps
  const lost = new Set<ChunkFileName>()
  const affected = new Map<PointId, ItemId>()
  for (const vault of vaults) {
    const before = lost.size
    for (const { name } of base.waitingChunkFiles(vault)) {
      signal.throwIfAborted()
      if (lost.has(name) || checked.has(name) || base.isPlacedElsewhere(vault, name)) continue
      if (await chunks.isWhole(name)) continue
      lost.add(name)
      if (chunks.has(name)) chunks.evict(name)
    }
    if (lost.size === before) continue
    // Any point that waits may rest on any of them, and so may the ones after it; what is confirmed somewhere does not.
    for (const { id, item } of base.unconfirmedPoints(vault)) if (!base.isConfirmed(id)) affected.set(id, item)
  }
  if (lost.size === 0) return 0
  for (const item of new Set(affected.values())) base.forgetItem(item)
  base.forgetChunkFiles([...lost].flatMap((name) => base.chunkFileNumber(name) ?? []))
  return affected.size
}
