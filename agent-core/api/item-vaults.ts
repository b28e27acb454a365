/** How far each vault of an item is, as the base of this home knows it; no vault is asked. */
import { type BaseDb, openBase } from '../cache/base-db.ts'
import { decodePointManifest } from '../format/point.ts'
import type { Item } from '../state/state-db.ts'
import type { ItemVaultDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownVault } from './open-vault.ts'

export function itemVaults(deps: AgentDeps, item: Item): readonly ItemVaultDocument[] {
  using base = openBase(deps.paths.base, { readOnly: true })
  return itemVaultsIn(deps, base, item)
}

/** As `itemVaults`, with a base that is open. */
export function itemVaultsIn(deps: AgentDeps, base: BaseDb, item: Item): readonly ItemVaultDocument[] {
  return item.vaults.map((name) => {
    const { id } = knownVault(deps, name)
    const waiting = base.unconfirmedPoints(id).filter((point) => point.item === item.id)
    const confirmed = base.lastConfirmed(id, item.id)
    const files = waiting.length === 0 ? [] : base.waitingChunkFiles(id)
    const manifest = confirmed && decodePointManifest(confirmed, 'confirmed point')
    return {
      name,
      confirmed:
        manifest === undefined
          ? null
          : { id: manifest.id, seq: manifest.sequence, time: new Date(manifest.timeMs).toISOString() },
      behind: { points: waiting.length, bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) },
    }
  })
}
