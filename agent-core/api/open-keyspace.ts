/** Opens the keyspace of any machine of a vault: of this home with its key, of another with the passphrase of that machine. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { deriveKeys } from '../codec/key-derivation.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { Vault } from '../vault/vault.ts'
import { type UnlockedKeyspace, unlockKeyspaces } from '../vault/vault-keys.ts'
import type { AgentDeps } from './agent-deps.ts'
import { keysOf } from './open-vault.ts'
import { requireWriter } from './publish-items.ts'

export interface OpenedKeyspace {
  readonly vault: Vault
  /** The keyspace is that of this home. */
  readonly isOwn: boolean
  readonly machine: string
}

/**
 * `wanted`: a machine's name or the beginning of its keyspace's id; undefined: this home's. The passphrase of another machine
 * is asked for, unless its keys were lent, and not remembered. Throws `vault.foreign`, `vault.taken-over`,
 * `vault.no-machine`, `vault.wrong-passphrase`, `vault.locked`.
 */
export async function openKeyspace(
  deps: AgentDeps,
  known: KnownVault,
  store: ObjectStore,
  wanted: string | undefined,
): Promise<OpenedKeyspace> {
  const vaultOf = (keys: Vault['keys']) => new Vault({ store, id: known.id, keys, random: deps.random })
  if (wanted === undefined || isNamed(wanted, known)) {
    const vault = vaultOf(await keysOf(deps, known, store))
    if (wanted === undefined || known.access === 'owner') await requireWriter(deps, known, vault)
    return { vault, isOwn: known.access === 'owner', machine: known.machine }
  }
  const unlocked = deps.lentKeys?.take(known.id) ?? (await unlockAll(deps, known, store))
  for (const { keyspace, masterKey } of unlocked) {
    const vault = vaultOf(deriveKeys(masterKey, keyspace))
    const machine = await machineOf(vault)
    if (machine === undefined || !isNamed(wanted, { machine, keyspace })) continue
    return { vault, isOwn: keyspace === known.keyspace && known.access === 'owner', machine }
  }
  throw new AgentError('vault.no-machine', { address: known.address, machine: wanted })
}

async function unlockAll(deps: AgentDeps, known: KnownVault, store: ObjectStore): Promise<UnlockedKeyspace[]> {
  const ask = deps.askPassphrase()
  if (ask === undefined) {
    deps.lentKeys?.miss(known.id)
    throw new AgentError('vault.locked', { name: known.name })
  }
  const unlocked = await unlockKeyspaces(store, await ask(known.name))
  if (unlocked.length === 0) throw new AgentError('vault.wrong-passphrase', { address: known.address })
  return unlocked
}

/** Undefined where the keyspace is none any more, or not yet. */
async function machineOf(vault: Vault): Promise<string | undefined> {
  try {
    return (await vault.readFacts()).machine
  } catch (error) {
    if (isAgentError(error, 'store.not-found')) return undefined
    throw error
  }
}

/** Whether `wanted` means that machine: eight digits of an id are taken for one; fewer may be a machine's name. */
export function isNamed(wanted: string, { machine, keyspace }: Pick<KnownVault, 'machine' | 'keyspace'>): boolean {
  return wanted === machine || (wanted.length >= 8 && keyspace.startsWith(wanted.toLowerCase()))
}
