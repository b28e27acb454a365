/** Use cases of replicas: give a vault a second place, take it away, bring it up to date, tell how far it is behind. */
import { AgentError } from '../base/agent-error.ts'
import { createTask } from '../base/task.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { listVault } from '../replicate/list-objects.ts'
import { lagOf, planReplication, replicationDue } from '../replicate/plan-replication.ts'
import { checkReplicaPlace, runReplication } from '../replicate/run-replication.ts'
import type { KnownReplica, KnownVault } from '../state/state-db.ts'
import { openDirectoryStore } from '../vault/directory-store.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { Vault } from '../vault/vault.ts'
import { readVaultFile } from '../vault/vault-keys.ts'
import type { CallContext, ReplicaChange, ReplicaDocument, ReplicationDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { realVaultFolder } from './folder-checks.ts'
import { barriersOf, leftOutRemarks } from './item-verbs.ts'
import { keysOf, knownVault, openKnownStore, openKnownVault, rememberedKeys } from './open-vault.ts'

const defaultEveryMs = 24 * 3_600_000

/**
 * Gives a vault a replica, or changes it; `directory` must be empty or hold a replica of this vault. Nothing is copied
 * yet. Throws `replica.other`, and the vault's error when it is away.
 */
export async function setReplica(
  deps: AgentDeps,
  name: string,
  change: ReplicaChange,
): Promise<{ readonly replica: ReplicaDocument; readonly remarks: readonly string[] }> {
  const known = knownVault(deps, name)
  const before = deps.state.replica(known.name)
  const everyMs = change.everyMs ?? before?.everyMs ?? defaultEveryMs
  if (change.directory === undefined) {
    if (before === undefined) throw new AgentError('replica.none', { name: known.name })
    deps.state.putReplica({ ...before, everyMs })
    return { replica: replicaDocument(deps, { ...before, everyMs }), remarks: [] }
  }
  const apart = barriersOf(deps).filter(({ path }) => path !== before?.address)
  const address = realVaultFolder(change.directory, apart)
  const vault = await openKnownStore(deps, known)
  try {
    const replica = await openDirectoryStore(address, deps)
    try {
      using task = createTask({ clock: deps.clock })
      await checkReplicaPlace({ vault, vaultId: known.id, replica, wasComplete: false, task })
      const { remarks } = await replica.probe()
      const isSame = before?.address === address
      const times = isSame ? before : { begunMs: null, completedMs: null }
      const { begunMs, completedMs } = times
      const made: KnownReplica = { vault: known.name, kind: 'local', address, everyMs, begunMs, completedMs }
      deps.state.putReplica(made)
      deps.log.info('replica set', { vault: known.name, address })
      const leftOut = leftOutRemarks(deps, made, `the replica of vault "${known.name}"`)
      return { replica: replicaDocument(deps, made), remarks: [...remarks, ...leftOut] }
    } finally {
      await replica.close()
    }
  } finally {
    await vault.close()
  }
}

/** Forgets the replica of a vault; its objects stay where they are. Throws `replica.none`. */
export async function removeReplica(deps: AgentDeps, name: string): Promise<{ readonly address: string }> {
  const { address } = knownReplica(deps, knownVault(deps, name))
  deps.state.removeReplica(knownVault(deps, name).name)
  deps.log.info('replica forgotten', { vault: name, address })
  return { address }
}

/**
 * Brings the replica up to date. Takes no lock: backups go on, and two replications at once do no harm. Throws
 * `replica.none`, `replica.other`, `replica.diverged`.
 */
export async function replicateVault(
  deps: AgentDeps,
  name: string,
  context: CallContext,
): Promise<ReplicationDocument> {
  const known = knownVault(deps, name)
  const before = knownReplica(deps, known)
  const begun = { ...before, begunMs: deps.clock.nowMs() }
  deps.state.putReplica(begun)
  using task = createTask({ clock: deps.clock, ...context })
  const vault = await openKnownVault(deps, known)
  try {
    const replica = await openReplicaStore(deps, before)
    try {
      await replica.sweep(0, { folder: vault.layout.root.slice(0, -1), signal: task.signal })
      const machines = await machinesOf(deps, known, vault)
      const { clock, log } = deps
      const wasComplete = before.completedMs !== null
      const result = await runReplication({
        vault: vault.store,
        vaultId: known.id,
        replica,
        wasComplete,
        machines,
        task,
        log,
      })
      deps.state.putReplica({ ...begun, completedMs: clock.nowMs() })
      log.info('vault replicated', { vault: known.name, ...result.copied, damaged: result.damaged.length })
      return { vault: known.name, address: before.address, ...result }
    } finally {
      await replica.close()
    }
  } finally {
    await vault.store.close()
  }
}

/** Names of the vaults whose replica is to be brought up to date now. */
export function dueReplications(deps: AgentDeps): readonly string[] {
  const nowMs = deps.clock.nowMs()
  return deps.state
    .replicas()
    .filter((replica) => replicationDue(replica, nowMs))
    .map(({ vault }) => vault)
}

/** The replica of a vault as it is now, beside the open vault; undefined when it has none. */
export async function describeReplica(
  deps: AgentDeps,
  known: KnownVault,
  vault: ObjectStore,
): Promise<ReplicaDocument | undefined> {
  const replica = deps.state.replica(known.name)
  if (replica === undefined) return undefined
  const document = replicaDocument(deps, replica)
  try {
    const store = await openReplicaStore(deps, replica)
    try {
      const there = await listVault(store)
      const behind = lagOf(planReplication(await listVault(vault), there))
      return { ...document, state: 'reachable', behind }
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    return { ...document, state: 'unreachable', reason: error.message }
  }
}

/**
 * Opens the replica of a vault, to read from it; `keys`, where they are known already. Throws `replica.none`,
 * `vault.replaced`, and `vault.unreachable` when it is away or was never completed.
 */
export async function openReplica(deps: AgentDeps, known: KnownVault, keys?: Vault['keys']): Promise<Vault> {
  const store = await openReplicaStore(deps, knownReplica(deps, known))
  try {
    const { file } = await readVaultFile(store)
    if (file.vaultId !== known.id) throw new AgentError('vault.replaced', { address: store.address })
    const itsKeys = keys ?? (await keysOf(deps, known, store))
    return new Vault({ store, id: known.id, keys: itsKeys, random: deps.random })
  } catch (error) {
    await store.close()
    throw error
  }
}

async function openReplicaStore(deps: AgentDeps, { address }: KnownReplica): Promise<ObjectStore> {
  return await openDirectoryStore(address, deps)
}

/** Throws `replica.none`. */
function knownReplica(deps: AgentDeps, known: KnownVault): KnownReplica {
  const replica = deps.state.replica(known.name)
  if (replica === undefined) throw new AgentError('replica.none', { name: known.name })
  return replica
}

/** The vault as each machine sees it whose key is remembered here; the one it was opened for is among them. */
async function machinesOf(deps: AgentDeps, known: KnownVault, vault: Vault): Promise<Map<KeyspaceId, Vault>> {
  const machines = new Map<KeyspaceId, Vault>([[known.keyspace, vault]])
  for (const other of deps.state.vaults()) {
    if (other.id !== known.id || machines.has(other.keyspace)) continue
    const keys = await rememberedKeys(deps, other.keyspace)
    if (keys === undefined) continue
    machines.set(other.keyspace, new Vault({ store: vault.store, id: vault.id, keys, random: deps.random }))
  }
  return machines
}

function replicaDocument(deps: AgentDeps, replica: KnownReplica): ReplicaDocument {
  const { kind, address, everyMs, completedMs } = replica
  return {
    kind,
    address,
    everyMs,
    completedAt: completedMs === null ? null : new Date(completedMs).toISOString(),
    isDue: replicationDue(replica, deps.clock.nowMs()),
    state: 'not asked',
  }
}
