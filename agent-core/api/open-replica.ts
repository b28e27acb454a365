/** From a vault to its open replica. */
import { AgentError } from '../base/agent-error.ts'
import type { KnownReplica, KnownVault } from '../state/state-db.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { Vault } from '../vault/vault.ts'
import { readVaultFile } from '../vault/vault-keys.ts'
import type { AgentDeps } from './agent-deps.ts'
import { openStoreAt } from './open-store.ts'
import { keysOf } from './open-vault.ts'

/**
 * Opens the replica of a vault, to read from it; `keys`, where they are known already. Throws `replica.none`,
 * `vault.replaced`, and `vault.unreachable` when it is away or was never completed.
 */
export async function openReplica(deps: AgentDeps, known: KnownVault, keys?: Vault['keys']): Promise<Vault> {
  const store = await openReplicaStore(deps, known)
  try {
    const itsKeys = keys ?? (await keysOf(deps, known, store))
    return new Vault({ store, id: known.id, keys: itsKeys, random: deps.random })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The place of the replica, without keys; close it when done. Throws as `openReplica`. */
export async function openReplicaStore(deps: AgentDeps, known: KnownVault): Promise<ObjectStore> {
  const store = await openStoreAt(deps, knownReplica(deps, known))
  try {
    const { file } = await readVaultFile(store)
    if (file.vaultId !== known.id) throw new AgentError('vault.replaced', { address: store.address })
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Throws `replica.none`. */
export function knownReplica(deps: AgentDeps, known: KnownVault): KnownReplica {
  const replica = deps.state.replica(known.name)
  if (replica === undefined) throw new AgentError('replica.none', { name: known.name })
  return replica
}
