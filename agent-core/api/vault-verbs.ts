/** Use cases of vaults: create, connect, change passphrase and credentials. */
import { refreshIndex } from '../backup/refresh-index.ts'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { sha256 } from '../codec/block-id.ts'
import { deriveKeys } from '../codec/key-derivation.ts'
import { defaultPolicyName, type Policy } from '../contract/policy.ts'
import type { Definitions } from '../format/definitions.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import { followKeySlots } from '../replicate/follow-key-slots.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import type { StorePlace } from '../state/store-place.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { type ReadDefinitions, Vault } from '../vault/vault.ts'
import {
  changePassphrase,
  checkPassphrase,
  createVault,
  readNamedVaultFile,
  requireEmpty,
  type UnlockedKeyspace,
  unlockKeyspaces,
} from '../vault/vault-keys.ts'
import type { CreatedVault, PlaceRequest, S3Credentials, VaultDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { checkName, plainName, realPathOfFuture } from './folder-checks.ts'
import { barriersOf, leftOutRemarks } from './item-surroundings.ts'
import { noteFreshLocks } from './keep-locks.ts'
import { audit } from './mark-points.ts'
import { openBaseForWriting } from './open-base.ts'
import { openReplica } from './open-replica.ts'
import { openStoreAt, rememberS3Keys } from './open-store.ts'
import { knownVault, obtainMasterKey, openKnownStore, provenMasterKey, rememberKey } from './open-vault.ts'
import { requirePin } from './pin-guard.ts'
import { adoptPolicies } from './policies.ts'
import { definitionsToConnect } from './recover-definitions.ts'
import {
  placeAfterProbe,
  rememberKeysOf,
  repairRemarks,
  settingsOf,
  settleExistingPlace,
  settlePlace,
} from './settle-place.ts'
import { knownVaultDocument } from './show-vault.ts'

/** Makes a vault in a new or empty place, for this machine. */
export async function createNewVault(
  deps: AgentDeps,
  givenName: string,
  request: PlaceRequest,
  passphrase: string,
): Promise<CreatedVault> {
  const name = checkName('vault', givenName)
  checkPassphrase(passphrase)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  if (deps.state.vault(name) !== undefined) throw new AgentError('vault.exists', { name })
  const settled = settlePlace(request, barriersOf(deps))
  const store = await openStoreAt(deps, settled.place, settled.keys)
  try {
    // Before the probe, which writes: a folder in use is left as it is.
    await requireEmpty(store)
    const probe = await store.probe()
    const place = placeAfterProbe(settled.place, probe)
    const own = deps.state.vaults().find((vault) => vault.access === 'owner')
    const keyspace = own && { id: own.keyspace, masterKey: await obtainMasterKey(deps, own) }
    const owner = { machine: own?.machine ?? deps.machine, home: deps.state.homeId, ...(keyspace && { keyspace }) }
    const begunMs = deps.clock.nowMs()
    const created = await createVault(store, passphrase, owner, deps)
    const secretPlace = await rememberKey(deps, created.keyspace, created.masterKey)
    await rememberKeysOf(deps, settled)
    const known: KnownVault = {
      name,
      id: created.vaultId,
      ...place,
      keyspace: created.keyspace,
      machine: owner.machine,
      access: 'owner',
    }
    deps.state.addVault(known, [])
    noteFreshLocks(deps, known, store, begunMs)
    deps.log.info('vault created', { vault: name })
    const remarks = [...probe.remarks, ...leftOutRemarks(deps, place, `the vault "${name}"`)]
    return {
      ...knownVaultDocument(known, secretPlace),
      state: 'reachable',
      recoveryCode: created.recoveryCode,
      remarks,
    }
  } finally {
    await store.close()
  }
}

/**
 * Connects an existing vault: reads another machine's points, or takes that machine over. A vault that is known here
 * is taken over under the name it has; otherwise `vault.known`. When it fails this home knows what it knew before.
 */
export async function connectToVault(
  deps: AgentDeps,
  givenName: string,
  request: PlaceRequest,
  passphrase: string,
  options: { readonly read?: string; readonly takeOver?: string; readonly repairVersions?: boolean },
): Promise<VaultDocument & { readonly items: readonly string[]; readonly remarks: readonly string[] }> {
  const name = checkName('vault', givenName)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const isTaken = options.takeOver !== undefined
  if (!isTaken && deps.state.vault(name) !== undefined) throw new AgentError('vault.exists', { name })
  const settled = settleExistingPlace(request)
  const store = await openStoreAt(deps, settled.place, settled.keys)
  try {
    const repairs = options.repairVersions ? await repairRemarks(store) : []
    const machine = options.takeOver ?? options.read
    const chosen = await chooseMachine(store, passphrase, machine, deps)
    const { vault, machineName } = chosen
    requireConnectable(deps, name, vault, isTaken)
    const { definitions, isRecovered } = await definitionsToConnect(vault, isTaken)
    const isOwner = isTaken || definitions?.definitions.writer === deps.state.homeId
    const place: StorePlace =
      settled.place.kind === 'local'
        ? { kind: 'local', address: realPathOfFuture(store.address) }
        : isOwner
          ? placeAfterProbe(settled.place, await store.probe())
          : settled.place
    const known: KnownVault = {
      name,
      id: vault.id,
      ...place,
      keyspace: vault.keys.keyspace,
      machine: machineName,
      access: isOwner ? 'owner' : 'read-only',
    }
    const { policies, nameHere } = adoptPolicies(deps, definitions?.definitions.policies ?? [], isOwner)
    const items = itemsOf(deps, known, definitions?.definitions, nameHere)
    using base = openBaseForWriting(deps)
    await refreshIndex(base, vault)
    // The place may be another one, or its locks of another length.
    base.keepLockedUntil(vault.id, vault.keys.keyspace, 0)
    const secretPlace = await rememberKey(deps, vault.keys.keyspace, chosen.masterKey)
    await rememberKeysOf(deps, settled)
    const added = items.map(({ item }) => item)
    if (isTaken) {
      await addAndTakeOver(deps, { known, items: added, policies }, vault, definitions)
      await takeNewestPoints(deps, vault)
    } else deps.state.addVault(known, added, policies)
    const renamed = items
      .filter(({ renamedFrom }) => renamedFrom !== undefined)
      .map(({ item, renamedFrom }) => `Item "${renamedFrom}" is called "${item.name}" here: the name was taken.`)
    const recovered = isRecovered
      ? [
          'All definitions of that machine are damaged: its items are known by their points only, without folders and policies.',
        ]
      : []
    const remarks = [...repairs, ...recovered, ...renamed, ...leftOutRemarks(deps, known, `the vault "${name}"`)]
    return {
      ...knownVaultDocument(known, secretPlace),
      state: 'reachable',
      items: items.map(({ item }) => item.name),
      remarks,
    }
  } finally {
    await store.close()
  }
}

/** Has a vault in S3 be opened with other credentials, once they were found to open it. */
export async function changeVaultCredentials(
  deps: AgentDeps,
  name: string,
  credentials: S3Credentials,
): Promise<{ readonly name: string; readonly keptIn: string }> {
  const known = knownVault(deps, name)
  if (known.kind === 'local') {
    throw new AgentError('usage.invalid', {
      problem: `The vault "${known.name}" is a folder and takes no credentials.`,
      advice: 'Give the name of a vault in S3.',
    })
  }
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const { profile: _, ...others } = known.settings
  const place = { ...known, settings: { ...others, ...settingsOf(credentials) } }
  const keys = 'keys' in credentials ? credentials.keys : undefined
  const store = await openKnownStore(deps, place, keys)
  try {
    const isOwner = known.access === 'owner'
    const tried = isOwner ? placeAfterProbe(place, await store.probe()) : place
    const keptIn = keys === undefined ? 'the environment or the AWS files' : await rememberS3Keys(deps, place, keys)
    deps.state.putPlace(known.name, tried)
    return { name: known.name, keptIn }
  } finally {
    await store.close()
  }
}

/**
 * Changes the passphrase of the machine's keyspace in that vault; its data is not touched. Throws `vault.foreign`,
 * `vault.weak-passphrase`, `vault.wrong-passphrase` for a `current` that does not open the keyspace, and as `requirePin`.
 */
export async function changeVaultPassphrase(
  deps: AgentDeps,
  name: string,
  passphrase: string,
  current?: string,
): Promise<{ readonly name: string; readonly remarks: readonly string[] }> {
  checkPassphrase(passphrase)
  const known = knownVault(deps, name)
  if (known.access !== 'owner') throw new AgentError('vault.foreign', { name, machine: known.machine })
  await requirePin(deps)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const store = await openKnownStore(deps, known)
  try {
    if (current !== undefined) await requirePassphrase(store, known, current)
    const masterKey = await provenMasterKey(deps, known, store)
    const vault = new Vault({ store, id: known.id, keys: deriveKeys(masterKey, known.keyspace), random: deps.random })
    await audit(deps, vault, { act: 'vault set-passphrase', subject: `machine "${known.machine}"`, detail: undefined })
    await changePassphrase(store, known.keyspace, masterKey, passphrase, deps)
    const remark =
      'Whoever copied the vault before and knows the old passphrase can still open that copy; the recovery code stays valid.'
    return { name, remarks: [remark, ...(await tellReplica(deps, known, store))] }
  } finally {
    await store.close()
  }
}

async function requirePassphrase(store: ObjectStore, known: KnownVault, passphrase: string): Promise<void> {
  const opened = await unlockKeyspaces(store, passphrase, [known.keyspace])
  if (opened.length === 0) throw new AgentError('vault.wrong-passphrase', { address: known.address })
}

/** What the person must know when the replica could not be told of the new passphrase. */
async function tellReplica(deps: AgentDeps, known: KnownVault, store: ObjectStore): Promise<string[]> {
  if (deps.state.replica(known.name) === undefined) return []
  try {
    const replica = await openReplica(deps, known)
    try {
      await followKeySlots(store, replica.store, known.keyspace)
    } finally {
      await replica.store.close()
    }
    return []
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    return [`The replica still opens with the old passphrase; run this again when it is reachable: ${error.message}`]
  }
}

async function chooseMachine(store: ObjectStore, passphrase: string, machine: string | undefined, deps: AgentDeps) {
  const { bytes } = await readNamedVaultFile(store)
  const unlocked = await unlockKeyspaces(store, passphrase)
  const opened: Awaited<ReturnType<typeof openKeyspace>>[] = []
  let missing: AgentError | undefined
  for (const keyspace of unlocked) {
    try {
      opened.push(await openKeyspace(store, keyspace, bytes, deps))
    } catch (error) {
      // A keyspace without facts is what a machine left that did not join to the end.
      if (!isAgentError(error, 'store.not-found')) throw error
      missing = error
    }
  }
  if (opened.length === 0 && missing !== undefined) throw missing
  if (opened.length === 0) throw new AgentError('vault.wrong-passphrase', { address: store.address })
  const fitting = opened.filter(({ machineName }) => machine === undefined || machine === machineName)
  const [chosen] = fitting
  if (chosen === undefined) throw new AgentError('vault.no-machine', { address: store.address, machine: machine ?? '' })
  if (fitting.length > 1) {
    throw new AgentError('usage.invalid', {
      problem: `The passphrase opens several machines: ${fitting.map(({ machineName }) => machineName).join(', ')}.`,
      advice: 'Name one with --read MACHINE or --take-over MACHINE.',
    })
  }
  return chosen
}

async function openKeyspace(store: ObjectStore, unlocked: UnlockedKeyspace, vaultFile: Buffer, deps: AgentDeps) {
  const keys = deriveKeys(unlocked.masterKey, unlocked.keyspace)
  const vault = new Vault({ store, id: unlocked.vaultId, keys, random: deps.random })
  const facts = await vault.readFacts()
  checkVaultFile(facts.vaultSha256, vaultFile)
  return { vault, machineName: facts.machine, masterKey: unlocked.masterKey }
}

function checkVaultFile(expected: Uint8Array, vaultFile: Buffer): void {
  if (sha256(vaultFile).equals(expected)) return
  throw new AgentError('format.invalid', {
    what: 'vault.json',
    offset: 0,
    reason: 'it is not the file the keyspace was made for',
  })
}

/** Throws `vault.known`, `vault.exists`. */
function requireConnectable(deps: AgentDeps, name: string, vault: Vault, isOwner: boolean): void {
  const { keyspace } = vault.keys
  const known = deps.state.vaults().find((other) => other.id === vault.id && other.keyspace === keyspace)
  if (known === undefined) {
    if (deps.state.vault(name) !== undefined) throw new AgentError('vault.exists', { name })
    return
  }
  if (!isOwner || known.name !== name) throw new AgentError('vault.known', { name: known.name })
}

/** The vault is told last, when all is safe here; if it refuses, what was known here before is put back. */
async function addAndTakeOver(
  deps: AgentDeps,
  added: { readonly known: KnownVault; readonly items: readonly Item[]; readonly policies: readonly Policy[] },
  vault: Vault,
  current: ReadDefinitions | undefined,
): Promise<void> {
  const { state } = deps
  const { name } = added.known
  const before = state.vault(name)
  const itemsBefore = state.items().filter((item) => item.vaults.includes(name))
  state.addVault(added.known, added.items, added.policies)
  try {
    await vault.writeDefinitions(current, { items: [], ...current?.definitions, writer: state.homeId })
  } catch (error) {
    state.removeVault(name)
    if (before !== undefined) state.addVault(before, itemsBefore)
    throw error
  }
}

/** Whoever made the newest points: this home goes on from them, and is no copy of the one that made them. */
async function takeNewestPoints({ state, clock }: AgentDeps, vault: Vault): Promise<void> {
  const confirmed = (await vault.listPoints()).filter(({ confirmationName }) => confirmationName !== undefined)
  const newest = new Map(confirmed.map(({ item, point }) => [item, point]))
  for (const [item, point] of newest) state.madePoints.note(item, point, clock.nowMs())
}

/**
 * The vault's items: under the names they have here, else under names that are free. An item that other vaults of the
 * machine hold too goes on in all of them. Throws `item.elsewhere` when this home may write to one of them only.
 */
function itemsOf(
  deps: AgentDeps,
  vault: KnownVault,
  definitions: Definitions | undefined,
  policyNames: ReadonlyMap<string, string>,
): { readonly item: Item; readonly renamedFrom: string | undefined }[] {
  const here = deps.state.items()
  const taken = new Set(here.map((item) => item.name))
  return (definitions?.items ?? []).map((definition) => {
    const known = here.find((item) => item.id === definition.id)
    const others = (known?.vaults ?? []).filter((other) => other !== vault.name)
    for (const other of others) {
      if (deps.state.vault(other)?.access === vault.access) continue
      throw new AgentError('item.elsewhere', {
        name: known?.name ?? definition.name,
        vault: other,
        machine: vault.machine,
      })
    }
    const name = known?.name ?? freeName(plainName(definition.name), taken)
    taken.add(name)
    const folders = definition.folders.map((folder) => Buffer.from(folder))
    const policy = policyNames.get(definition.policy ?? '') ?? known?.policy ?? defaultPolicyName
    const item: Item = {
      ...definition,
      name,
      vaults: known?.vaults.includes(vault.name) ? known.vaults : [...others, vault.name],
      folders,
      policy,
    }
    return { item, renamedFrom: name === plainName(definition.name) ? undefined : definition.name }
  })
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted
  for (let count = 2; taken.has(name); count++) name = `${wanted} ${count}`
  return name
}
