/** A place of a vault, the vault itself or its replica, as each machine sees it whose key is remembered here. */
import type { KeyspaceId } from '../contract/ids.ts'
import type { KnownVault } from '../state/state-db.ts'
import { Vault } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'
import { rememberedKeys } from './open-vault.ts'

/** `vault`, the place as `known`'s machine sees it, is among them. All share its store. */
export async function machineViews(deps: AgentDeps, known: KnownVault, vault: Vault): Promise<Map<KeyspaceId, Vault>> {
  const machines = new Map<KeyspaceId, Vault>([[known.keyspace, vault]])
  for (const other of deps.state.vaults()) {
    if (other.id !== known.id || machines.has(other.keyspace)) continue
    const keys = await rememberedKeys(deps, other.keyspace)
    if (keys === undefined) continue
    machines.set(other.keyspace, new Vault({ store: vault.store, id: vault.id, keys, random: deps.random }))
  }
  return machines
}
