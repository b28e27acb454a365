/** The newest point of items: from the base of this home, else from the vault when it answers without a question. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import type { ItemId, KeyspaceId, PointId, VaultId } from '../contract/ids.ts'
import { decodePointManifest, type PointManifest } from '../format/point.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import { type PointStates, readPointStates } from '../vault/point-states.ts'
import type { Vault } from '../vault/vault.ts'
import type { ItemDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { isWholeInCache } from './instant-tier.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { hasMetMarks, openMarkMemory } from './vault-memory.ts'

export type LastPoint = NonNullable<ItemDocument['lastPoint']>

/** The newest point by item: null where there is none; items whose vault cannot be asked now are left out. */
export async function lastPointsOf(
  deps: AgentDeps,
  items: readonly Item[],
): Promise<ReadonlyMap<ItemId, LastPoint | null>> {
  const found = new Map<ItemId, LastPoint | null>()
  const captured = new Map<ItemId, LastPoint>()
  const asked = new Map<string, Item[]>()
  using captures = new CapturedPoints(deps)
  for (const item of items) {
    const own = captures.latest(item)
    if (own !== undefined) captured.set(item.id, own)
    if (own !== undefined && !captures.mayBeInTrash(item, own)) found.set(item.id, own)
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
  for (const [item, own] of captured) {
    const told = found.get(item)
    // No vault answered, or it told the same point, of which this home knows more.
    if (told === undefined || told?.id === own.id) found.set(item, own)
  }
  return found
}

/** What the base tells of items; what belongs to a whole vault or keyspace is looked up once. */
class CapturedPoints implements Disposable {
  readonly #deps: AgentDeps
  readonly #base: BaseDb
  readonly #waiting = new Map<VaultId, ReadonlySet<PointId>>()
  readonly #whole = new Map<KeyspaceId, boolean>()
  readonly #vaults = new Map<string, KnownVault>()
  readonly #marked = new Map<VaultId, boolean>()

  constructor(deps: AgentDeps) {
    this.#deps = deps
    this.#base = openBase(deps.paths.base, { readOnly: true })
  }

  /** Of another machine's items none: what this home captured says nothing of what that one has backed up since. */
  latest(item: Item): LastPoint | undefined {
    const vaults = item.vaults.map((name) => this.#vault(name))
    const { keyspace, access } = vaults[0] as KnownVault
    if (access !== 'owner') return undefined
    const point = this.#base.latestPoint(item.id)
    if (point === undefined) return undefined
    const isWaiting = vaults.every((vault) => this.#waitingFor(vault.id).has(point.id))
    const isInstant = isWaiting || this.#isWhole(keyspace)
    const tiers = [...(isInstant ? (['instant'] as const) : []), ...(isWaiting ? [] : (['vault'] as const))]
    return lastPoint(decodePointManifest(point.manifest, 'captured point'), tiers)
  }

  /** Of points in a vault only their marks tell, where any were met there. */
  mayBeInTrash(item: Item, { tiers }: LastPoint): boolean {
    return tiers.includes('vault') && item.vaults.some((name) => this.#isMarked(this.#vault(name)))
  }

  [Symbol.dispose](): void {
    this.#base[Symbol.dispose]()
  }

  #vault(name: string): KnownVault {
    const vault = this.#vaults.get(name) ?? knownVault(this.#deps, name)
    this.#vaults.set(name, vault)
    return vault
  }

  #isMarked(vault: KnownVault): boolean {
    const isMarked = this.#marked.get(vault.id) ?? hasMetMarks(this.#deps, vault)
    this.#marked.set(vault.id, isMarked)
    return isMarked
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
      const states = await readPointStates(vault, { memory: await openMarkMemory(deps, vault) })
      for (const { id } of items) found.set(id, await newestIn(vault, id, states))
    } finally {
      await vault.store.close()
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    deps.log.info('a vault was not asked for its newest points', { vault: name, reason: error.message })
  }
}

/** The newest confirmed point that can be read and is not in the trash. Throws the damage when none can. */
async function newestIn(vault: Vault, item: ItemId, states: PointStates): Promise<LastPoint | null> {
  const confirmed = (await vault.listPoints(item)).filter(
    ({ point, confirmationName }) => confirmationName !== undefined && states.of(point).deleted === undefined,
  )
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
