/** How far each vault of an item is, as the base of this home knows it; no vault is asked. */
import type { BaseDb } from '../cache/base-db.ts'
import type { ItemId, VaultId } from '../contract/ids.ts'
import { decodePointManifest } from '../format/point.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import type { ItemVaultDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownVault } from './open-vault.ts'

interface KnownProgress {
  readonly vault: KnownVault
  /** Points that wait for the vault, by item. */
  readonly waiting: ReadonlyMap<ItemId, number>
  /** Payload that waits for it. */
  readonly waitingBytes: number
}

/** For one list of items: what belongs to a whole vault is looked up once. */
export class ItemVaults {
  readonly #deps: AgentDeps
  readonly #base: BaseDb
  readonly #progress = new Map<string, KnownProgress>()

  constructor(deps: AgentDeps, base: BaseDb) {
    this.#deps = deps
    this.#base = base
  }

  of(item: Item): readonly ItemVaultDocument[] {
    return item.vaults.map((name) => {
      const { vault, waiting, waitingBytes } = this.#progressOf(name)
      const points = waiting.get(item.id) ?? 0
      return { name, confirmed: this.#confirmed(vault.id, item.id), behind: { points, bytes: points && waitingBytes } }
    })
  }

  #confirmed(vault: VaultId, item: ItemId): ItemVaultDocument['confirmed'] {
    const confirmed = this.#base.lastConfirmed(vault, item)
    if (confirmed === undefined) return null
    const { id, sequence, timeMs } = decodePointManifest(confirmed, 'confirmed point')
    return { id, seq: sequence, time: new Date(timeMs).toISOString() }
  }

  #progressOf(name: string): KnownProgress {
    const known = this.#progress.get(name)
    if (known !== undefined) return known
    const vault = knownVault(this.#deps, name)
    const points = Map.groupBy(this.#base.unconfirmedPoints(vault.id), ({ item }) => item)
    const files = points.size === 0 ? [] : this.#base.waitingChunkFiles(vault.id)
    const progress = {
      vault,
      waiting: new Map([...points].map(([item, waiting]) => [item, waiting.length])),
      waitingBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    }
    this.#progress.set(name, progress)
    return progress
  }
}
