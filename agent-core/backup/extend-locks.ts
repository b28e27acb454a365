/**
 * Object Lock by docs/format/write-order.md, *Locks*: what points of this machine may need stays locked for `leastMs` at
 * least. All locks are extended together, once in `lengthMs - leastMs`; what is put in between has its own, which ends later.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { PointId } from '../contract/ids.ts'
import { vaultFileName } from '../format/vault-layout.ts'
import { readOpenIntents } from '../vault/clean-ups.ts'
import { inLanes } from '../vault/in-lanes.ts'
import { readLedger } from '../vault/tombstone-ledger.ts'
import type { Vault } from '../vault/vault.ts'

/** Objects whose locks are extended at the same time. */
const lanes = 16

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
  await inLanes(await neededObjects(vault, base), lanes, async (name) => {
    signal.throwIfAborted()
    try {
      await locks.extend(name, untilMs, { signal })
    } catch (error) {
      if (!isAgentError(error, 'store.not-found')) throw error
      throw new AgentError('store.failed', { address: store.address, reason: `${name} is gone, and was to be locked` })
    }
  })
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
  const leaving = await leavingPoints(vault)
  const newest = new Map(
    (await vault.listPoints()).flatMap(({ item, point, name, confirmationName }) =>
      confirmationName === undefined || leaving.has(point) ? [] : [[item, [name, confirmationName]] as const],
    ),
  )
  return [
    vaultFileName,
    layout.facts,
    ...chunkFiles.map(({ name }) => layout.chunk(name)),
    ...base.segments.live(id, keyspace).map((sequence) => layout.indexSegment(sequence)),
    ...[...newest.values()].flat(),
  ]
}

async function leavingPoints(vault: Vault): Promise<Set<PointId>> {
  const { tombstones } = await readLedger(vault)
  const intents = await readOpenIntents(vault)
  return new Set([...tombstones.keys(), ...intents.flatMap(({ points }) => points.map(({ point }) => point))])
}
