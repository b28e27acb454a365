/**
 * Object Lock of a replica (docs/format/write-order.md, *Locks*). What it needs is known from the replica alone, so that its locks
 * are extended also while the vault is away or lost: that is what a replica is for.
 */
import type { Clock } from '../base/clock.ts'
import { vaultFileName } from '../format/vault-layout.ts'
import { readOpenIntents } from '../vault/clean-ups.ts'
import { lockObjects, newestPointObjects } from '../vault/lock-objects.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import type { Vault } from '../vault/vault.ts'

/** True when locks of the replica end, or may end, too soon. `lockedUntilMs`: what the last extension came to; 0: not known. */
export function areReplicaLocksDue({ locks }: ObjectStore, lockedUntilMs: number, nowMs: number): boolean {
  return locks !== undefined && lockedUntilMs - nowMs < locks.leastMs
}

/**
 * Extends the locks of the keyspaces whose keys are known; `machines` are views of the replica. Resolves with until when all of it is
 * locked at least. Throws the store's error, and `vault.cleaning` where an intent cannot be read.
 */
export async function extendReplicaLocks(
  replica: ObjectStore,
  machines: Iterable<Vault>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<number> {
  const { locks } = replica
  if (locks === undefined) return 0
  const untilMs = clock.nowMs() + locks.lengthMs
  const names = [vaultFileName]
  for (const machine of machines) names.push(...(await neededObjects(machine)))
  await lockObjects(replica, locks, names, { untilMs, signal })
  return untilMs
}

/** All chunk files and index segments but those that the replica has announced to let go, the newest points, and the facts. */
async function neededObjects(replica: Vault): Promise<string[]> {
  const { layout, store } = replica
  const intents = await readOpenIntents(replica)
  const leaving = new Set([
    ...intents.flatMap(({ chunkFiles }) => chunkFiles.map(layout.chunk)),
    ...intents.flatMap(({ indexSegments }) => indexSegments.map(layout.indexSegment)),
  ])
  const names = [layout.facts, ...(await newestPointObjects(replica))]
  for (const folder of [layout.chunks, layout.index]) {
    for await (const { name } of store.list(folder)) if (!leaving.has(name)) names.push(name)
  }
  return names
}
