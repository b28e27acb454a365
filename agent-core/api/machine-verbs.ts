/**
 * Use cases of the machines in a vault: coming in as one more, and the list of all. What is listed of a machine whose key is
 * not here is what anybody sees who reads the names of the vault's objects.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { isoTime } from '../base/date-text.ts'
import { deriveKeys } from '../codec/key-derivation.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { keyspaceLayout, keyspaceOfName, keyspacesPrefix, parsePointName } from '../format/vault-layout.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { Vault } from '../vault/vault.ts'
import {
  addKeyspace,
  checkPassphrase,
  listKeyspaces,
  readNamedVaultFile,
  unlockKeyspaces,
  type VaultOwner,
} from '../vault/vault-keys.ts'
import type { CreatedVault, JoinOptions, MachineDocument, PlaceRequest } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { checkName, realPathOfFuture } from './folder-checks.ts'
import { leftOutRemarks } from './item-surroundings.ts'
import { lockVaultFile, noteFreshLocks } from './keep-locks.ts'
import { openStoreAt } from './open-store.ts'
import { knownVault, obtainMasterKey, openKnownStore, rememberedKey, rememberKey } from './open-vault.ts'
import { placeAfterProbe, rememberKeysOf, settleExistingPlace } from './settle-place.ts'

/**
 * Becomes one more machine in a vault that exists, under a name that no other machine there has. A machine that is in
 * another vault already has the same keys here. Throws `vault.machine-taken`, `vault.known`, `vault.weak-passphrase`.
 */
export async function joinVault(
  deps: AgentDeps,
  givenName: string,
  request: PlaceRequest,
  passphrase: string,
  options: JoinOptions,
): Promise<CreatedVault> {
  const name = checkName('vault', givenName)
  const machine = options.machine === undefined ? undefined : checkName('machine', options.machine)
  checkPassphrase(passphrase)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  if (deps.state.vault(name) !== undefined) throw new AgentError('vault.exists', { name })
  const settled = settleExistingPlace(request)
  const store = await openStoreAt(deps, settled.place, settled.keys)
  try {
    const { file, bytes } = await readNamedVaultFile(store)
    const owner = await newOwner(deps, machine)
    await requireNotIn(deps, store, file.vaultId, owner)
    const probe = await store.probe()
    const place =
      settled.place.kind === 'local'
        ? { kind: 'local' as const, address: realPathOfFuture(store.address) }
        : placeAfterProbe(settled.place, probe)
    const begunMs = deps.clock.nowMs()
    await lockVaultFile(store, begunMs)
    const added = await addKeyspace({ store, vaultId: file.vaultId, vaultFile: bytes }, passphrase, owner, deps)
    const secretPlace = await rememberKey(deps, added.keyspace, added.masterKey)
    await rememberKeysOf(deps, settled)
    const facts = { name, id: file.vaultId, machine: owner.machine, access: 'owner' as const }
    const known: KnownVault = { ...facts, ...place, keyspace: added.keyspace }
    deps.state.addVault(known, [])
    noteFreshLocks(deps, known, store, begunMs)
    deps.log.info('became a machine of a vault', { vault: name, machine: owner.machine })
    const remarks = [...probe.remarks, ...leftOutRemarks(deps, place, `the vault "${name}"`)]
    const { kind, address } = place
    return { ...facts, kind, address, secretPlace, state: 'reachable', recoveryCode: added.recoveryCode, remarks }
  } finally {
    await store.close()
  }
}

/** Whom the new keyspace is for: this home, with the keys that it has in its other vaults. */
async function newOwner(deps: AgentDeps, machine: string | undefined): Promise<VaultOwner> {
  const own = deps.state.vaults().find((vault) => vault.access === 'owner')
  const keyspace = own && { id: own.keyspace, masterKey: await obtainMasterKey(deps, own) }
  return {
    machine: machine ?? own?.machine ?? deps.machine,
    home: deps.state.homeId,
    ...(keyspace && { keyspace }),
  }
}

/** Throws `vault.known` when this home writes to the vault already, or its keys stand in it. */
async function requireNotIn(deps: AgentDeps, store: ObjectStore, vaultId: string, owner: VaultOwner): Promise<void> {
  const known = deps.state.vaults().find((vault) => vault.id === vaultId && vault.access === 'owner')
  if (known !== undefined) throw new AgentError('vault.known', { name: known.name })
  if (owner.keyspace === undefined || !(await listKeyspaces(store)).includes(owner.keyspace.id)) return
  throw new AgentError('usage.invalid', {
    problem: `This machine is in the vault ${store.address} already.`,
    advice: 'Connect it: "tharsis vault connect NAME … --take-over MACHINE".',
  })
}

interface Seen {
  /** It was made to its end. */
  hasFacts: boolean
  items: Set<string>
  points: number
  lastPointMs: number | undefined
  storedBytes: number
}

/** All machines of a vault; `passphrase` tells more of those that it opens. One LIST of the vault. */
export async function listMachines(
  deps: AgentDeps,
  name: string,
  passphrase: string | undefined,
): Promise<readonly MachineDocument[]> {
  const known = knownVault(deps, name)
  const store = await openKnownStore(deps, known)
  try {
    const unlocked = passphrase === undefined ? [] : await unlockKeyspaces(store, passphrase)
    if (passphrase !== undefined && unlocked.length === 0) {
      throw new AgentError('vault.wrong-passphrase', { address: known.address })
    }
    const machines: MachineDocument[] = []
    for (const [keyspace, seen] of await lookAtKeyspaces(store)) {
      // What a machine left that did not join to the end is none.
      if (!seen.hasFacts && seen.points === 0) continue
      const opened = unlocked.find((one) => one.keyspace === keyspace)
      const masterKey = opened?.masterKey ?? (await rememberedKey(deps, keyspace))
      const vault =
        masterKey && new Vault({ store, id: known.id, keys: deriveKeys(masterKey, keyspace), random: deps.random })
      machines.push({
        ...(await sealedFacts(deps, vault)),
        id: keyspace,
        isThis: known.access === 'owner' && keyspace === known.keyspace,
        items: seen.items.size,
        points: seen.points,
        lastPointAt: seen.lastPointMs === undefined ? null : isoTime(seen.lastPointMs),
        storedBytes: seen.storedBytes,
      })
    }
    return machines.toSorted((a, b) => Number(b.isThis) - Number(a.isThis) || order(a).localeCompare(order(b)))
  } finally {
    await store.close()
  }
}

/** Machines with a name come before those without. */
function order({ name, id }: MachineDocument): string {
  return name === null ? `\uffff${id}` : name
}

async function lookAtKeyspaces(store: ObjectStore): Promise<ReadonlyMap<KeyspaceId, Seen>> {
  const keyspaces = new Map<KeyspaceId, Seen>()
  for await (const { name, sizeBytes, modifiedAtMs } of store.list(keyspacesPrefix)) {
    const keyspace = keyspaceOfName(name)
    if (keyspace === undefined) continue
    const seen = keyspaces.get(keyspace) ?? {
      hasFacts: false,
      items: new Set<string>(),
      points: 0,
      lastPointMs: undefined,
      storedBytes: 0,
    }
    keyspaces.set(keyspace, seen)
    seen.storedBytes += sizeBytes
    if (name === keyspaceLayout(keyspace).facts) seen.hasFacts = true
    const point = parsePointName(name)
    if (point?.confirmation !== true) continue
    seen.items.add(point.item)
    seen.points++
    seen.lastPointMs = Math.max(seen.lastPointMs ?? modifiedAtMs, modifiedAtMs)
  }
  return keyspaces
}

/** What only the key tells. What is damaged is not known, which is remarked. */
async function sealedFacts(
  deps: AgentDeps,
  vault: Vault | undefined,
): Promise<Pick<MachineDocument, 'name' | 'state' | 'removed'>> {
  if (vault === undefined) return { name: null, state: 'locked', removed: null }
  try {
    const { machine } = await vault.readFacts()
    const removed = (await vault.readDefinitions())?.definitions.removed
    if (removed === undefined) return { name: machine, state: 'active', removed: null }
    const { atMs, untilMs, who, reason = null } = removed
    return { name: machine, state: 'removed', removed: { at: isoTime(atMs), until: isoTime(untilMs), who, reason } }
  } catch (error) {
    const isDamaged = isAgentError(error, 'format.invalid') || isAgentError(error, 'vault.definitions-damaged')
    if (!isDamaged && !isAgentError(error, 'store.not-found')) throw error
    deps.remark?.(`A machine of the vault cannot be told: ${error.message}`)
    return { name: null, state: 'locked', removed: null }
  }
}
