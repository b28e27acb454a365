/**
 * Object Lock by docs/format/write-order.md, *Locks*: what points of this machine may need stays locked for `leastMs` at
 * least. All locks are extended together, once in `lengthMs - leastMs`; what is put in between has its own, which ends later.
 */
import type { Clock } from '../base/clock.ts'
import type { BaseDb } from '../cache/base-db.ts'
import { vaultFileName } from '../format/vault-layout.ts'
import { lockObjects, newestPointObjects } from '../vault/lock-objects.ts'
import type { Vault } from '../vault/vault.ts'

interface LockDeps {
  readonly base: BaseDb
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** True when locks of the vault end, or may end, too soon. */
export function areLocksDue({ id, keys, store: { locks } }: Vault, { base, clock }: Omit<LockDeps, 'signal'>): boolean {
  return locks !== undefined && base.lockedUntilMs(id, keys.keyspace) - clock.nowMs() < locks.leastMs
}

/**
 * Extends the locks where they are due; makes no request otherwise. The base knows the vault as `refreshIndex` has just
 * found it. Throws the store's error; then nothing was written down, and the next call begins anew.
 */
export async function extendLocks(vault: Vault, deps: LockDeps): Promise<void> {
  const { store, id, keys } = vault
  const { locks } = store
  if (locks === undefined || !areLocksDue(vault, deps)) return
  const { base, clock, signal } = deps
  const untilMs = clock.nowMs() + locks.lengthMs
  await lockObjects(store, locks, await neededObjects(vault, base), { untilMs, signal })
  base.keepLockedUntil(id, keys.keyspace, untilMs)
}

/**
 * Chunk files that are not condemned, the live index segments, the newest confirmed point of each item, and what opens
 * them. What clean-ups are about to take away, points that they have announced or found locked too, is not locked any longer: it
 * would never go.
 */
async function neededObjects(vault: Vault, base: BaseDb): Promise<string[]> {
  const { id, layout } = vault
  const { keyspace } = vault.keys
  const available = base.placedChunks(id)
  const chunkFiles = base.placedChunkFiles(id, keyspace).filter(({ number }) => available.has(number))
  return [
    vaultFileName,
    layout.facts,
    ...chunkFiles.map(({ name }) => layout.chunk(name)),
    ...base.segments.live(id, keyspace).map((sequence) => layout.indexSegment(sequence)),
    ...(await newestPointObjects(vault)),
  ]
}
