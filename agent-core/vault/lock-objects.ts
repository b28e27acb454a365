/** Extending the locks of many objects (docs/format/write-order.md, *Locks*), and which points are among them. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { readOpenIntents } from './clean-ups.ts'
import { inLanes } from './in-lanes.ts'
import type { ObjectLocks, ObjectStore } from './object-store.ts'
import { readLedger } from './tombstone-ledger.ts'
import type { Vault } from './vault.ts'

/** Objects whose locks are extended at the same time. */
const lanes = 16

/** Locks all of these objects until then at least. Throws the store's error, also where one of them is gone. */
export async function lockObjects(
  { address }: ObjectStore,
  locks: ObjectLocks,
  names: readonly string[],
  { untilMs, signal }: { readonly untilMs: number; readonly signal: AbortSignal },
): Promise<void> {
  await inLanes(names, lanes, async (name) => {
    signal.throwIfAborted()
    try {
      await locks.extend(name, untilMs, { signal })
    } catch (error) {
      if (!isAgentError(error, 'store.not-found')) throw error
      throw new AgentError('store.failed', { address, reason: `${name} is gone, and was to be locked` })
    }
  })
}

/**
 * Names of the newest confirmed point of each item and of its confirmation. Points that clean-ups have announced or found
 * locked are not among them: they would never go.
 */
export async function newestPointObjects(vault: Vault): Promise<string[]> {
  const { tombstones } = await readLedger(vault)
  const intents = await readOpenIntents(vault)
  const leaving = new Set([...tombstones.keys(), ...intents.flatMap(({ points }) => points.map(({ point }) => point))])
  const newest = new Map(
    (await vault.listPoints()).flatMap(({ item, point, name, confirmationName }) =>
      confirmationName === undefined || leaving.has(point) ? [] : [[item, [name, confirmationName]] as const],
    ),
  )
  return [...newest.values()].flat()
}
