/** The newest point of items: from the base of this home, else from the vault when it answers without a question. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import type { ItemId, KeyspaceId, PointId, VaultId } from '../contract/ids.ts'
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
  using captures = new CapturedPoints(deps)
  for (const item of items) {
    const { access } = knownVault(deps, item.vaults[0] as string)
    // What this home captured says nothing of what another machine has backed up since.
    const captured = access === 'owner' ? captures.latest(item) : undefined
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

/** What the base tells of items; what belongs to a whole vault or keyspace is looked up once. */
class CapturedPoints implements Disposable {
  readonly #deps: AgentDeps
  readonly #base: BaseDb
  readonly #waiting = new Map<VaultId, ReadonlySet<PointId>>()
  readonly #whole = new Map<KeyspaceId, boolean>()

  constructor(deps: AgentDeps) {
    this.#deps = deps
    this.#base = openBase(deps.paths.base, { readOnly: true })
  }

  latest(item: Item): LastPoint | undefined {
    const point = this.#base.latestPoint(item.id)
    if (point === undefined) return undefined
    const vaults = item.vaults.map((name) => knownVault(this.#deps, name))
    const { keyspace } = vaults[0] as KnownVault
    const isWaiting = vaults.every((vault) => this.#waitingFor(vault.id).has(point.id))
    const isInstant = isWaiting || this.#isWhole(keyspace)
    const tiers = [...(isInstant ? (['instant'] as const) : []), ...(isWaiting ? [] : (['vault'] as const))]
    return lastPoint(decodePointManifest(point.manifest, 'captured point'), tiers)
  }

  [Symbol.dispose](): void {
    this.#base[Symbol.dispose]()
  }

  #waitingFor(vault: VaultId): ReadonlySet<PointId> {
    const waiting = this.#waiting.get(vault) ?? new Set(this.#base.unconfirmedPoints(vault).map(({ id }) => id))
    this.#waiting.set(vault, waiting)
    return waiting
  }

  #isWhole(keyspace: KeyspaceId): boolean {
    const whole = this.#whole.get(keyspace) ?? isWholeInCache(this.#base, this.#deps.paths.chunks, keyspace)
    this.#whole.set(keyspace, whole)
    return whole
  }
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
