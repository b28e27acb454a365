/** A vault whose key is not held here any more is unlocked with the passphrase. */
import { isVaultTrouble } from '../backup/vault-trouble.ts'
import { AgentError } from '../base/agent-error.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { unlockKeyspaces } from '../vault/vault-keys.ts'
import type { AgentDeps } from './agent-deps.ts'
import { openReplicaStore } from './open-replica.ts'
import { knownVault, openKnownStore, rememberedKey, rememberKey } from './open-vault.ts'

/**
 * Stores the key of a vault's machine on this machine again, where it is not there. What the passphrase opens, of whatever
 * machines, is lent to the verb that missed it and is asked again. The replica of a vault that is away holds the same keys.
 * Throws `vault.wrong-passphrase`, and why the vault is away.
 */
export async function unlockVault(
  deps: AgentDeps,
  name: string,
  passphrase: string,
): Promise<{ readonly name: string }> {
  const known = knownVault(deps, name)
  const store = await openKeysPlace(deps, known)
  try {
    const unlocked = await unlockKeyspaces(store, passphrase)
    if (unlocked.length === 0) throw new AgentError('vault.wrong-passphrase', { address: known.address })
    const own = unlocked.find(({ keyspace }) => keyspace === known.keyspace)
    const isMissed = (await rememberedKey(deps, known.keyspace)) === undefined
    if (isMissed && own !== undefined) await rememberKey(deps, known.keyspace, own.masterKey)
    // The verb may want another machine's key, whether or not this one's own was missed too.
    deps.lentKeys?.lend(known.id, unlocked)
    return { name: known.name }
  } finally {
    await store.close()
  }
}

async function openKeysPlace(deps: AgentDeps, known: KnownVault): Promise<ObjectStore> {
  try {
    return await openKnownStore(deps, known)
  } catch (error) {
    if (!isVaultTrouble(error) || deps.state.replica(known.name) === undefined) throw error
    return await openReplicaStore(deps, known)
  }
}
