/** From a vault's name to its open store, and to the keys of the machine that is used there. */
import { isVaultTrouble } from '../backup/vault-trouble.ts'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { deriveKeys, type KeyspaceKeys, masterKeySizeBytes } from '../codec/key-derivation.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import type { S3Keys } from '../contract/s3-server.ts'
import { crc32c } from '../format/crc32c.ts'
import { type KnownVault } from '../state/state-db.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { Vault } from '../vault/vault.ts'
import { readVaultFile, unlockKeyspaces } from '../vault/vault-keys.ts'
import type { AgentDeps } from './agent-deps.ts'
import { plainName } from './folder-checks.ts'
import { openStoreAt } from './open-store.ts'

/** Throws `vault.not-found`. */
export function knownVault(deps: AgentDeps, name: string): KnownVault {
  const vault = deps.state.vault(plainName(name))
  if (vault === undefined) throw new AgentError('vault.not-found', { name })
  return vault
}

/**
 * Opens the place of a known vault (`keys`: instead of those that are stored) and checks that it is that vault. Throws `vault.unreachable` when the
 * place is absent or empty (nothing is made there), `vault.replaced` when another vault stands there.
 */
export async function openKnownStore(deps: AgentDeps, known: KnownVault, keys?: S3Keys): Promise<ObjectStore> {
  const store = await openStoreAt(deps, known, keys)
  try {
    const { file } = await readVaultFile(store)
    if (file.vaultId !== known.id) throw new AgentError('vault.replaced', { address: known.address })
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Opens a known vault with its keys; close its store when done. */
export async function openKnownVault(deps: AgentDeps, known: KnownVault): Promise<Vault> {
  const store = await openKnownStore(deps, known)
  try {
    return new Vault({ store, id: known.id, keys: await keysOf(deps, known, store), random: deps.random })
  } catch (error) {
    await store.close()
    throw error
  }
}

/**
 * The keys of a vault's machine: remembered on this machine, else unlocked with the passphrase, which is
 * asked for once and remembered. Throws `vault.locked` when they are not remembered and the vault or the
 * passphrase cannot be had, `vault.wrong-passphrase`.
 */
export async function keysOf(
  deps: AgentDeps,
  known: KnownVault,
  store: ObjectStore | undefined,
): Promise<KeyspaceKeys> {
  return deriveKeys(await masterKeyOf(deps, known, store), known.keyspace)
}

/** As `keysOf`: the master key itself. */
export async function masterKeyOf(deps: AgentDeps, known: KnownVault, store: ObjectStore | undefined): Promise<Buffer> {
  const remembered = await rememberedKey(deps, known.keyspace)
  if (remembered !== undefined) return remembered
  const ask = deps.askPassphrase()
  if (ask === undefined || store === undefined) throw await lockedError(deps, known, { isAway: store === undefined })
  const [unlocked] = await unlockKeyspaces(store, await ask(known.name), [known.keyspace])
  if (unlocked === undefined) throw new AgentError('vault.wrong-passphrase', { address: known.address })
  await rememberKey(deps, known.keyspace, unlocked.masterKey)
  return unlocked.masterKey
}

/** As `masterKeyOf`; the vault is opened only where its key is not remembered. */
export async function obtainMasterKey(deps: AgentDeps, known: KnownVault): Promise<Buffer> {
  const remembered = await rememberedKey(deps, known.keyspace)
  if (remembered !== undefined) return remembered
  let store: ObjectStore | undefined
  try {
    store = await openKnownStore(deps, known)
  } catch (error) {
    if (!isVaultTrouble(error)) throw error
  }
  try {
    return await masterKeyOf(deps, known, store)
  } finally {
    await store?.close()
  }
}

/** `vault.locked` for a key that is not remembered: whether it is gone from this machine, or damaged here. */
export async function lockedError(
  deps: AgentDeps,
  { name, keyspace }: KnownVault,
  { isAway = false }: { readonly isAway?: boolean } = {},
): Promise<AgentError> {
  const isStored = (await (await deps.secrets()).get(secretName(keyspace))) !== undefined
  return new AgentError('vault.locked', { name, isDamaged: isStored, isAway })
}

/**
 * As `masterKeyOf`, for what writes key slots: a key that has rotted here must not take the place of the right one. One that opens
 * nothing of the vault is taken from a slot again, with the passphrase.
 */
export async function provenMasterKey(deps: AgentDeps, known: KnownVault, store: ObjectStore): Promise<Buffer> {
  const masterKey = await masterKeyOf(deps, known, store)
  const keys = deriveKeys(masterKey, known.keyspace)
  if (await opensAnything(new Vault({ store, id: known.id, keys, random: deps.random }))) return masterKey
  const ask = deps.askPassphrase()
  if (ask === undefined) throw new AgentError('vault.locked', { name: known.name, isDamaged: true })
  const [unlocked] = await unlockKeyspaces(store, await ask(known.name), [known.keyspace])
  if (unlocked === undefined) throw new AgentError('vault.wrong-passphrase', { address: known.address })
  await rememberKey(deps, known.keyspace, unlocked.masterKey)
  return unlocked.masterKey
}

async function opensAnything(vault: Vault): Promise<boolean> {
  for (const read of [() => vault.readFacts(), () => vault.readDefinitions()]) {
    try {
      if ((await read()) !== undefined) return true
    } catch (error) {
      const isDamaged = isAgentError(error, 'format.invalid') || isAgentError(error, 'vault.definitions-damaged')
      if (!isDamaged && !isAgentError(error, 'store.not-found')) throw error
    }
  }
  return false
}

/** The master key of a keyspace, if it is remembered on this machine; one that has rotted there is not. */
export async function rememberedKey(deps: AgentDeps, keyspace: KeyspaceId): Promise<Buffer | undefined> {
  const secret = await (await deps.secrets()).get(secretName(keyspace))
  const masterKey = secret?.subarray(0, masterKeySizeBytes)
  // Those that earlier builds have remembered are the bare key.
  if (masterKey === undefined || secret?.length === masterKeySizeBytes) return masterKey
  if (secret !== undefined && withCheckSum(masterKey).equals(secret)) return masterKey
  deps.log.warn('the key that is kept here is damaged; the passphrase is asked for', { keyspace })
  return undefined
}

function withCheckSum(masterKey: Buffer): Buffer {
  const checkSum = Buffer.alloc(4)
  checkSum.writeUInt32LE(crc32c(masterKey))
  return Buffer.concat([masterKey, checkSum])
}

/** The keys of a keyspace, if its master key is remembered on this machine. */
export async function rememberedKeys(deps: AgentDeps, keyspace: KeyspaceId): Promise<KeyspaceKeys | undefined> {
  const masterKey = await rememberedKey(deps, keyspace)
  return masterKey && deriveKeys(masterKey, keyspace)
}

/** Remembers a master key, so that the slow derivation runs once. Returns the place in words for people. */
export async function rememberKey(deps: AgentDeps, keyspace: KeyspaceId, masterKey: Buffer): Promise<string> {
  const secrets = await deps.secrets()
  await secrets.set(secretName(keyspace), withCheckSum(masterKey))
  return secrets.place
}

/** Forgets the master key of a keyspace on this machine. */
export async function forgetKey(deps: AgentDeps, keyspace: KeyspaceId): Promise<void> {
  await (await deps.secrets()).delete(secretName(keyspace))
}

function secretName(keyspace: KeyspaceId): string {
  return `master-key-${keyspace}`
}
