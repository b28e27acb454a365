/**
 * Making a vault, and getting at the keys in one: docs/format/keys.md. Works on a bare store; the
 * slow key derivation runs here and nowhere else.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { type Random, randomId } from '../base/random.ts'
import { sha256 } from '../codec/block-id.ts'
import { createKeySlot, deriveKeys, masterKeySizeBytes, openKeySlot } from '../codec/key-derivation.ts'
import { sealObject } from '../codec/seal-object.ts'
import type { HomeId, KeyspaceId, VaultId } from '../contract/ids.ts'
import { encodeKeyspaceFacts } from '../format/definitions.ts'
import { ensure } from '../format/invalid.ts'
import { decodeKeySlot, type ScryptParameters, type SlotKind, scryptCost } from '../format/key-slot.ts'
import { decodeVaultFile, encodeVaultFile, type VaultFile } from '../format/vault-file.ts'
import { keyspaceLayout, keyspaceOfName, keyspacesPrefix, probePrefix, vaultFileName } from '../format/vault-layout.ts'
import { claimMachineName } from './machine-claims.ts'
import type { ObjectStore } from './object-store.ts'
import { readObject } from './read-object.ts'
import { createRecoveryCode, normalizeRecoveryCode } from './recovery-code.ts'
import { Vault } from './vault.ts'

const minPassphraseLength = 16
/** Slots of a keyspace that are read, and those that are tried: a hostile vault must not keep a reader busy for ever. */
const maxSlotsRead = 256
const maxSlotsTried = 16

export interface VaultDeps {
  readonly clock: Clock
  readonly random: Random
  /** Cost of new key slots; the format's default when left out. */
  readonly scrypt?: ScryptParameters
}

export interface UnlockedKeyspace {
  readonly vaultId: VaultId
  readonly keyspace: KeyspaceId
  readonly masterKey: Buffer
}

/** Throws `vault.weak-passphrase`. */
export function checkPassphrase(passphrase: string): void {
  if (Array.from(passphrase).length < minPassphraseLength) {
    throw new AgentError('vault.weak-passphrase', { minimum: minPassphraseLength })
  }
}

/** Whom a keyspace in a vault is for. A machine has one keyspace, the same in all its vaults. */
export interface VaultOwner {
  readonly machine: string
  readonly home: HomeId
  /** The machine's keyspace if it has one already; else a new one is made. */
  readonly keyspace?: { readonly id: KeyspaceId; readonly masterKey: Buffer }
}

/**
 * Makes a new vault in an empty place, with this machine's keyspace. vault.json comes last: a
 * creation that was cut off left no vault. Throws `vault.not-empty`, `vault.weak-passphrase`, and what
 * the store throws.
 */
export async function createVault(
  store: ObjectStore,
  passphrase: string,
  owner: VaultOwner,
  deps: VaultDeps,
): Promise<UnlockedKeyspace & { readonly recoveryCode: string }> {
  checkPassphrase(passphrase)
  await requireEmpty(store)
  const { clock, random } = deps
  const vaultId = randomId<VaultId>(random)
  const vaultFile = encodeVaultFile({ vaultId, createdAt: timeText(clock.nowMs()) })
  const added = await addKeyspace({ store, vaultId, vaultFile }, passphrase, owner, deps)
  await store.put(vaultFileName, vaultFile)
  return added
}

/** A place that is a vault, or becomes one. */
export interface VaultPlace {
  readonly store: ObjectStore
  readonly vaultId: VaultId
  /** The bytes of vault.json. */
  readonly vaultFile: Uint8Array
}

/**
 * Puts a machine's keyspace into a vault, its facts last: one without facts is no machine. Throws
 * `vault.machine-taken` before anything else is written, `vault.weak-passphrase`, and what the store throws.
 */
export async function addKeyspace(
  { store, vaultId, vaultFile }: VaultPlace,
  passphrase: string,
  owner: VaultOwner,
  deps: VaultDeps,
): Promise<UnlockedKeyspace & { readonly recoveryCode: string }> {
  checkPassphrase(passphrase)
  const { clock, random } = deps
  const keyspace = owner.keyspace?.id ?? randomId<KeyspaceId>(random)
  const masterKey = owner.keyspace?.masterKey ?? random.bytes(masterKeySizeBytes)
  const recoveryCode = createRecoveryCode(random)
  const keys = deriveKeys(masterKey, keyspace)
  const layout = keyspaceLayout(keyspace)
  await claimMachineName(store, { vaultId, keyspace, machine: owner.machine }, clock)
  await putSlot(store, { keyspace, masterKey }, { kind: 'passphrase', text: passphrase }, deps)
  const codeText = normalizeRecoveryCode(recoveryCode) as string
  await putSlot(store, { keyspace, masterKey }, { kind: 'recovery-code', text: codeText }, deps)
  await new Vault({ store, id: vaultId, keys, random }).writeDefinitions(undefined, { writer: owner.home, items: [] })
  const facts = encodeKeyspaceFacts({
    machine: owner.machine,
    createdAtMs: clock.nowMs(),
    vaultSha256: sha256(vaultFile),
  })
  // Again: of two that found an older claim left over, the slower one has taken the name from the faster.
  await claimMachineName(store, { vaultId, keyspace, machine: owner.machine }, clock)
  await store.put(layout.facts, sealObject(keys, 'keyspace', layout.facts, facts, random))
  return { vaultId, keyspace, masterKey, recoveryCode }
}

/** Throws `vault.not-empty`. */
export async function requireEmpty(store: ObjectStore): Promise<void> {
  for await (const { name } of store.list('')) {
    if (!name.startsWith(probePrefix)) throw new AgentError('vault.not-empty', { address: store.address })
  }
}

/**
 * Reads vault.json. A place without one holds no vault (any more): `vault.unreachable`, never a new one. Throws
 * `vault.file-missing` when keyspaces are there, `vault.file-damaged`, `format.too-new`.
 */
export async function readVaultFile(store: ObjectStore): Promise<{ readonly file: VaultFile; readonly bytes: Buffer }> {
  try {
    const bytes = await readObject(store, vaultFileName)
    return { file: decodeVaultFile(bytes), bytes }
  } catch (error) {
    if (isAgentError(error, 'format.invalid')) {
      throw new AgentError('vault.file-damaged', { address: store.address, reason: error.data.reason }, error)
    }
    if (!isAgentError(error, 'store.not-found')) throw error
    for await (const _ of store.list(keyspacesPrefix)) {
      throw new AgentError('vault.file-missing', { address: store.address }, error)
    }
    const reason = 'there is no vault in that place (no vault.json)'
    throw new AgentError('vault.unreachable', { address: store.address, reason }, error)
  }
}

/** As `readVaultFile`, in a place that a person has just named: one without vault.json is `vault.none`, a wrong place most likely. */
export async function readNamedVaultFile(store: ObjectStore): ReturnType<typeof readVaultFile> {
  try {
    return await readVaultFile(store)
  } catch (error) {
    const isAbsent = isAgentError(error, 'vault.unreachable') && isAgentError(error.cause, 'store.not-found')
    if (!isAbsent) throw error
    throw new AgentError('vault.none', { address: store.address, reason: 'it holds no vault.json' }, error)
  }
}

/** Ids of all keyspaces in the vault, in order. */
export async function listKeyspaces(store: ObjectStore): Promise<KeyspaceId[]> {
  const keyspaces: KeyspaceId[] = []
  let startAfter: string | undefined
  for (;;) {
    let next: KeyspaceId | undefined
    for await (const { name } of store.list(keyspacesPrefix, startAfter === undefined ? {} : { startAfter })) {
      next = keyspaceOfName(name)
      if (next === undefined) {
        startAfter = name
        continue
      }
      break
    }
    if (next === undefined) return keyspaces
    keyspaces.push(next)
    // Past everything inside that keyspace: '0' is the character after '/'.
    startAfter = `${keyspacesPrefix}${next}0`
  }
}

/**
 * Opens every keyspace (or only those in `among`) that the secret, a passphrase or a recovery code,
 * opens. One slow derivation a slot. Throws `format.invalid` for a damaged slot only if nothing opened.
 */
export async function unlockKeyspaces(
  store: ObjectStore,
  secret: string,
  among?: readonly KeyspaceId[],
): Promise<UnlockedKeyspace[]> {
  const { file } = await readVaultFile(store)
  const opened: UnlockedKeyspace[] = []
  let damage: AgentError | undefined
  for (const keyspace of among ?? (await listKeyspaces(store))) {
    try {
      const masterKey = await unlockKeyspace(store, keyspace, secret)
      if (masterKey !== undefined) opened.push({ vaultId: file.vaultId, keyspace, masterKey })
    } catch (error) {
      if (!isAgentError(error, 'format.invalid')) throw error
      damage ??= error
    }
  }
  if (opened.length === 0 && damage !== undefined) throw damage
  return opened
}

/** Replaces the passphrase of a keyspace, as `replaceSlots` does. Throws `vault.weak-passphrase`. */
export async function changePassphrase(
  store: ObjectStore,
  keyspace: KeyspaceId,
  masterKey: Buffer,
  passphrase: string,
  deps: VaultDeps,
): Promise<void> {
  checkPassphrase(passphrase)
  await replaceSlots(store, { keyspace, masterKey }, { kind: 'passphrase', text: passphrase }, deps)
}

/** Replaces the recovery code of a keyspace, as `replaceSlots` does; returns the new one. */
export async function changeRecoveryCode(
  store: ObjectStore,
  keyspace: KeyspaceId,
  masterKey: Buffer,
  deps: VaultDeps,
): Promise<string> {
  const code = createRecoveryCode(deps.random)
  const text = normalizeRecoveryCode(code) as string
  await replaceSlots(store, { keyspace, masterKey }, { kind: 'recovery-code', text }, deps)
  return code
}

/**
 * Writes the new slot, opens it, then deletes the old ones of that kind. Killed in between, both secrets open. Throws
 * `vault.denied` before anything is written where the old ones could not be deleted.
 */
async function replaceSlots(
  store: ObjectStore,
  owner: { readonly keyspace: KeyspaceId; readonly masterKey: Buffer },
  secret: { readonly kind: SlotKind; readonly text: string },
  deps: VaultDeps,
): Promise<void> {
  const before: string[] = []
  for await (const { name } of store.list(keyspaceLayout(owner.keyspace).keys)) {
    if (name.endsWith(`-${secret.kind}`)) before.push(name)
  }
  if (before.length > 0 && store.mayDelete === false) {
    const old = secret.kind === 'passphrase' ? 'passphrase' : 'recovery code'
    const reason = `its credentials may not delete, so the old ${old} would open it on`
    throw new AgentError('vault.denied', { address: store.address, reason })
  }
  const made = await putSlot(store, owner, secret, deps)
  const opened = await openKeySlot(await readObject(store, made), secret.text, made)
  if (opened === undefined || !opened.equals(owner.masterKey)) {
    throw new AgentError('format.invalid', { what: made, offset: 0, reason: 'the new key slot does not open' })
  }
  for (const name of before) await store.delete(name)
}

/** The master key of a keyspace, also where vault.json is damaged; undefined when the secret opens no slot. Throws as `unlockKeyspaces`. */
export async function unlockKeyspace(
  store: ObjectStore,
  keyspace: KeyspaceId,
  secret: string,
): Promise<Buffer | undefined> {
  const code = normalizeRecoveryCode(secret)
  const { slots, damages } = await readSlots(store, keyspace)
  const fitting = slots.filter(({ kind }) => kind === 'passphrase' || code !== undefined)
  for (const { name, kind, encoded } of fitting.slice(0, maxSlotsTried)) {
    try {
      const masterKey = await openKeySlot(encoded, kind === 'recovery-code' ? (code as string) : secret, name)
      if (masterKey !== undefined) return masterKey
    } catch (error) {
      if (!isAgentError(error, 'format.invalid')) throw error
      damages.push(error)
    }
  }
  const [damage] = damages
  if (damage !== undefined) throw damage
  return undefined
}

interface ReadSlot {
  readonly name: string
  readonly kind: SlotKind
  readonly cost: number
  readonly encoded: Buffer
}

/** The slots of a keyspace, the cheapest to try first, and what is wrong with those that are none. */
async function readSlots(
  store: ObjectStore,
  keyspace: KeyspaceId,
): Promise<{ slots: ReadSlot[]; damages: AgentError[] }> {
  const names: string[] = []
  for await (const { name } of store.list(keyspaceLayout(keyspace).keys)) {
    if (names.push(name) === maxSlotsRead) break
  }
  const slots: ReadSlot[] = []
  const damages: AgentError[] = []
  for (const name of names) {
    try {
      const encoded = await readObject(store, name)
      const slot = decodeKeySlot(encoded, name)
      ensure(toHex(slot.keyspace) === keyspace, name, 16, 'it is a slot of another keyspace')
      slots.push({ name, kind: slot.kind, cost: scryptCost(slot.scrypt), encoded })
    } catch (error) {
      if (!isAgentError(error, 'format.invalid')) throw error
      damages.push(error)
    }
  }
  return { slots: slots.toSorted((a, b) => a.cost - b.cost), damages }
}

async function putSlot(
  store: ObjectStore,
  owner: { readonly keyspace: KeyspaceId; readonly masterKey: Buffer },
  secret: { readonly kind: SlotKind; readonly text: string },
  deps: VaultDeps,
): Promise<string> {
  const { clock, random, scrypt } = deps
  const slot = await createKeySlot({
    kind: secret.kind,
    secret: secret.text,
    masterKey: owner.masterKey,
    keyspace: owner.keyspace,
    nowMs: clock.nowMs(),
    random,
    ...(scrypt && { scrypt }),
  })
  const name = keyspaceLayout(owner.keyspace).key(`${random.bytes(8).toString('hex')}-${secret.kind}`)
  await store.put(name, slot)
  return name
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
