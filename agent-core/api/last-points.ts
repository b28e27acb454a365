/** The newest point of items: from the base of this home, else from the vault when it answers without a question. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { openBase } from '../cache/base-db.ts'
import type { ItemId } from '../contract/ids.ts'
import { decodePointManifest, type PointManifest } from '../format/point.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import type { Vault } from '../vault/vault.ts'
import type { ItemDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { isWholeInCache } from './instant-tier.ts'
import { knownVault, openKnownVault } from './open-vault.ts'

export type LastPoint = NonNullable<ItemDocument['lastPoint']>

/** The newest point by item: null where there is none; items whose vault cannot be asked now are left out. */
export async function lastPointsOf(
  deps: AgentDeps,
  items: readonly Item[],
): Promise<ReadonlyMap<ItemId, LastPoint | null>> {
  const found = new Map<ItemId, LastPoint | null>()
  const asked = new Map<string, Item[]>()
  for (const item of items) {
    const { access } = knownVault(deps, item.vaults[0] as string)
    // What this home captured says nothing of what another machine has backed up since.
    const captured = access === 'owner' ? capturedPoint(deps, item) : undefined
    if (captured !== undefined) found.set(item.id, captured)
    else for (const vault of item.vaults) asked.set(vault, [...(asked.get(vault) ?? []), item])
  }
  for (const [vault, itsItems] of asked) {
    await askVault(
      deps,
      vault,
      itsItems.filter(({ id }) => !found.has(id)),
      found,
    )
  }
  return found
}

function capturedPoint(deps: AgentDeps, item: Item): LastPoint | undefined {
  using base = openBase(deps.paths.base, { readOnly: true })
  const point = base.latestPoint(item.id)
  if (point === undefined) return undefined
  const vaults = item.vaults.map((name) => knownVault(deps, name))
  const keyspace = (vaults[0] as KnownVault).keyspace
  const isWaiting = vaults.every((vault) => base.unconfirmedPoints(vault.id).some(({ id }) => id === point.id))
  const isInstant = isWaiting || isWholeInCache(base, deps.paths.chunks, keyspace)
  const tiers = [...(isInstant ? (['instant'] as const) : []), ...(isWaiting ? [] : (['vault'] as const))]
  return lastPoint(decodePointManifest(point.manifest, 'captured point'), tiers)
}

async function askVault(
  deps: AgentDeps,
  name: string,
  items: readonly Item[],
  found: Map<ItemId, LastPoint | null>,
): Promise<void> {
  try {
    // A list asks nobody for a passphrase.
    const vault = await openKnownVault({ ...deps, askPassphrase: () => undefined }, knownVault(deps, name))
    try {
      for (const { id } of items) found.set(id, await newestIn(vault, id))
    } finally {
      await vault.store.close()
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    deps.log.info('a vault was not asked for its newest points', { vault: name, reason: error.message })
  }
}

/** The newest confirmed point that can be read. Throws the damage when none can. */
async function newestIn(vault: Vault, item: ItemId): Promise<LastPoint | null> {
  const confirmed = (await vault.listPoints(item)).filter(({ confirmationName }) => confirmationName !== undefined)
  let damage: AgentError | undefined
  for (const listed of confirmed.toReversed()) {
    try {
      return lastPoint((await vault.readPoint(listed)).manifest, ['vault'])
    } catch (error) {
      if (!isAgentError(error, 'format.invalid') && !isAgentError(error, 'store.not-found')) throw error
      damage ??= error
    }
  }
  if (damage !== undefined) throw damage
  return null
}

function lastPoint({ id, timeMs }: PointManifest, tiers: LastPoint['tiers']): LastPoint {
  return { id, time: new Date(timeMs).toISOString(), tiers }
}
