/**
 * vault.json, put back where it is damaged or gone, before anything else of the vault is opened. The keyspace has sealed the SHA-256
 * of its bytes beside its own facts: bytes with that hash and this vault's id are vault.json, wherever they come from, and prove that
 * what stands in the place is this vault. Without such bytes nothing is touched.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { sha256 } from '../codec/block-id.ts'
import { deriveKeys } from '../codec/key-derivation.ts'
import type { KeyspaceFacts } from '../format/definitions.ts'
import { decodeVaultFile, encodeVaultFile } from '../format/vault-file.ts'
import { vaultFileName } from '../format/vault-layout.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { readObject } from '../vault/read-object.ts'
import { Vault } from '../vault/vault.ts'
import { readVaultFile, unlockKeyspace } from '../vault/vault-keys.ts'
import { ifReadable } from '../verify/heal-source.ts'
import type { HealSpool } from '../verify/heal-spool.ts'
import type { AgentDeps } from './agent-deps.ts'
import { openReplicaStore } from './open-replica.ts'
import { openStoreAt } from './open-store.ts'
import { rememberedKey, rememberKey } from './open-vault.ts'

/** What `madeVaultFile` makes it of, for people. */
export const knownHere = 'what this home knows of the vault'

/**
 * A machine that makes a vault writes its facts after vault.json and two slow key derivations: so long at most before the time in
 * the facts vault.json was made.
 */
const longestCreationMs = 60_000

export interface HealedVaultFile {
  /** What was wrong, as a sentence. */
  readonly reason: string
  /** What was done, in words. */
  readonly done: string
}

/**
 * Undefined: vault.json is whole, and that of this vault. Throws what is wrong with it (`vault.file-damaged`, `vault.file-missing`,
 * `vault.replaced`) where nothing proven can take its place, and the store's errors.
 */
export async function healVaultFile(
  deps: AgentDeps,
  known: KnownVault,
  spool: HealSpool,
): Promise<HealedVaultFile | undefined> {
  const store = await openStoreAt(deps, known)
  try {
    const trouble = await troubleOf(store, known)
    if (trouble === undefined) return undefined
    const proven = await provenFile(deps, known, store, spool)
    // One bad reading deletes nothing.
    if (proven === undefined || (await troubleOf(store, known)) === undefined) throw trouble
    await spool.keep({ name: vaultFileName, bytes: proven.bytes })
    if (!isAgentError(trouble, 'vault.file-missing')) await store.delete(vaultFileName)
    await store.put(vaultFileName, proven.bytes)
    spool.drop(vaultFileName)
    deps.log.warn('vault.json was put again', { vault: known.name, from: proven.from })
    return { reason: trouble.message.replace(/\.$/, ''), done: `put again from ${proven.from}` }
  } finally {
    await store.close()
  }
}

async function troubleOf(store: ObjectStore, known: KnownVault): Promise<AgentError | undefined> {
  try {
    const { file } = await readVaultFile(store)
    return file.vaultId === known.id ? undefined : new AgentError('vault.replaced', { address: known.address })
  } catch (error) {
    if (isAgentError(error, 'vault.file-damaged') || isAgentError(error, 'vault.file-missing')) return error
    throw error
  }
}

interface ProvenFile {
  readonly bytes: Buffer
  readonly from: string
}

/** Undefined also where the facts cannot be opened: then nothing tells which bytes are right. */
async function provenFile(
  deps: AgentDeps,
  known: KnownVault,
  store: ObjectStore,
  spool: HealSpool,
): Promise<ProvenFile | undefined> {
  const keys = deriveKeys(await masterKeyFrom(deps, known, store), known.keyspace)
  const vault = new Vault({ store, id: known.id, keys, random: deps.random })
  const facts = await ifReadable(async () => await vault.readFacts())
  if (facts === undefined) return undefined
  const isProven = (bytes: Buffer) => sha256(bytes).equals(facts.vaultSha256) && isOf(known, bytes)
  const begun = spool.kept().find(({ name, bytes }) => name === vaultFileName && isProven(bytes))
  if (begun !== undefined) return { bytes: begun.bytes, from: 'a healing that was cut off' }
  const replica = await fileInReplica(deps, known)
  if (replica !== undefined && isProven(replica)) return { bytes: replica, from: 'the replica' }
  const made = await madeVaultFile(vault, facts)
  return made && { bytes: made, from: knownHere }
}

/** As `masterKeyOf`, which wants a whole vault.json. */
async function masterKeyFrom(deps: AgentDeps, known: KnownVault, store: ObjectStore): Promise<Buffer> {
  const remembered = await rememberedKey(deps, known.keyspace)
  if (remembered !== undefined) return remembered
  const ask = deps.askPassphrase()
  if (ask === undefined) throw new AgentError('vault.locked', { name: known.name })
  const masterKey = await unlockKeyspace(store, known.keyspace, await ask(known.name))
  if (masterKey === undefined) throw new AgentError('vault.wrong-passphrase', { address: known.address })
  await rememberKey(deps, known.keyspace, masterKey)
  return masterKey
}

/**
 * vault.json as it must have been, by its sealed hash: of its id, which this home knows, and the time of creation. That is perhaps
 * legible still; else it is one of the last before the time in the facts of the machine that made the vault. Undefined: neither.
 */
export async function madeVaultFile(
  { id: vaultId, store }: Vault,
  { createdAtMs, vaultSha256 }: KeyspaceFacts,
): Promise<Buffer | undefined> {
  const damaged = await ifReadable(async () => await readObject(store, vaultFileName))
  const legible = damaged?.toString('latin1').match(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/)?.[0]
  const fitting = (createdAt: string): Buffer | undefined => {
    const bytes = encodeVaultFile({ vaultId, createdAt })
    return sha256(bytes).equals(vaultSha256) ? bytes : undefined
  }
  const found = legible === undefined ? undefined : fitting(legible)
  if (found !== undefined) return found
  // A hash for each millisecond: some tenths of a second in all.
  for (let agoMs = 0; agoMs <= longestCreationMs; agoMs++) {
    const bytes = fitting(new Date(createdAtMs - agoMs).toISOString())
    if (bytes !== undefined) return bytes
  }
  return undefined
}

function isOf(known: KnownVault, bytes: Buffer): boolean {
  try {
    return decodeVaultFile(bytes).vaultId === known.id
  } catch (error) {
    if (error instanceof AgentError) return false
    throw error
  }
}

async function fileInReplica(deps: AgentDeps, known: KnownVault): Promise<Buffer | undefined> {
  if (deps.state.replica(known.name) === undefined) return undefined
  return await ifReadable(async () => {
    const store = await openReplicaStore(deps, known)
    try {
      return (await readVaultFile(store)).bytes
    } finally {
      await store.close()
    }
  })
}
