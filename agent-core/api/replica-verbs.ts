/** Use cases of replicas: give a vault a second place, take it away, bring it up to date, tell how far it is behind. */
import { AgentError } from '../base/agent-error.ts'
import { createTask } from '../base/task.ts'
import { listVault } from '../replicate/list-objects.ts'
import { lagOf, planReplication, replicationDue } from '../replicate/plan-replication.ts'
import { checkReplicaPlace, requireApart } from '../replicate/replica-place.ts'
import { runReplication } from '../replicate/run-replication.ts'
import type { KnownReplica, KnownVault } from '../state/state-db.ts'
import type { StorePlace } from '../state/store-place.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import type { CallContext, ReplicaChange, ReplicaDocument, ReplicationDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { barriersOf, leftOutRemarks } from './item-surroundings.ts'
import { lockDocument, lockReplica } from './keep-locks.ts'
import { machineViews } from './machine-views.ts'
import { knownReplica } from './open-replica.ts'
import { openStoreAt } from './open-store.ts'
import { knownVault, openKnownStore, openKnownVault } from './open-vault.ts'
import { placeAfterProbe, rememberKeysOf, settlePlace } from './settle-place.ts'

const dayMs = 86_400_000
const defaultEveryMs = dayMs
const defaultGraceMs = 14 * dayMs

/**
 * Gives a vault a replica, or changes it; its place must be empty or hold a replica of this vault. Nothing is copied
 * yet. Throws `replica.other`, `replica.same`, `replica.exists` where one elsewhere would be given up, and the vault's error when it is away.
 */
export async function setReplica(
  deps: AgentDeps,
  name: string,
  change: ReplicaChange,
): Promise<{ readonly replica: ReplicaDocument; readonly remarks: readonly string[] }> {
  const known = knownVault(deps, name)
  const before = deps.state.replica(known.name)
  const everyMs = change.everyMs ?? before?.everyMs ?? defaultEveryMs
  const graceMs = change.graceMs ?? before?.graceMs ?? defaultGraceMs
  if (change.place === undefined) {
    if (before === undefined) throw new AgentError('replica.none', { name: known.name })
    const changed = { ...before, everyMs, graceMs }
    deps.state.putReplica(changed)
    return { replica: replicaDocument(deps, changed), remarks: [] }
  }
  const apart = barriersOf(deps).filter(({ path }) => path !== before?.address)
  const settled = settlePlace(change.place, apart)
  const vault = await openKnownStore(deps, known)
  try {
    const replica = await openStoreAt(deps, settled.place, settled.keys)
    try {
      using task = createTask({ clock: deps.clock })
      await checkReplicaPlace({ vault, vaultId: known.id, replica, wasComplete: false, task })
      if (before !== undefined && change.replace !== true && !isSamePlace(before, settled.place)) {
        throw new AgentError('replica.exists', { name: known.name, address: before.address })
      }
      const probe = await replica.probe()
      await requireApart(vault, replica, deps.random)
      const place = placeAfterProbe(settled.place, probe)
      const { begunMs, completedMs } = before && isSamePlace(before, place) ? before : neverReplicated
      // Locks may be of another length from now on.
      const lockedUntilMs = 0
      const made: KnownReplica = { ...place, vault: known.name, everyMs, graceMs, begunMs, completedMs, lockedUntilMs }
      await rememberKeysOf(deps, settled)
      deps.state.putReplica(made)
      deps.log.info('replica set', { vault: known.name, address: place.address })
      const leftOut = leftOutRemarks(deps, made, `the replica of vault "${known.name}"`)
      return { replica: replicaDocument(deps, made), remarks: [...probe.remarks, ...leftOut] }
    } finally {
      await replica.close()
    }
  } finally {
    await vault.close()
  }
}

const neverReplicated = { begunMs: null, completedMs: null }

function isSamePlace(a: StorePlace, b: StorePlace): boolean {
  const endpointOf = (place: StorePlace) => (place.kind === 's3' ? place.settings.endpoint : undefined)
  return a.kind === b.kind && a.address === b.address && endpointOf(a) === endpointOf(b)
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
    const replica = await openStoreAt(deps, before)
    try {
      const leftovers = { folder: vault.layout.root.slice(0, -1), signal: task.signal }
      // Younger ones are what this run goes on with, or another's.
      await replica.sweep(dayMs, leftovers)
      const machines = await machineViews(deps, known, vault)
      const { clock, log } = deps
      const wasComplete = before.completedMs !== null
      const result = await runReplication({
        vault: vault.store,
        vaultId: known.id,
        replica,
        wasComplete,
        machines,
        follow: { home: deps.state.homeId, machine: deps.machine, graceMs: before.graceMs, clock },
        task,
        log,
      })
      await replica.sweep(0, leftovers)
      const completed = { ...begun, completedMs: clock.nowMs() }
      deps.state.putReplica(completed)
      await lockReplica(deps, completed, { replica, machines, signal: task.signal })
      const { followed, ...copying } = result
      const { waiting, refusal, ...removed } = followed
      log.info('vault replicated', { vault: known.name, ...result.copied, damaged: result.damaged.length })
      log.info('replica followed removals', { vault: known.name, ...removed, waiting: waiting.chunkFiles })
      return {
        vault: known.name,
        address: before.address,
        ...copying,
        removed,
        waiting: waiting.dueAtMs === undefined ? null : { ...waiting, due: new Date(waiting.dueAtMs).toISOString() },
        ...(refusal !== undefined && { refusal }),
      }
    } finally {
      await replica.close()
    }
  } finally {
    await vault.store.close()
  }
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
    const store = await openStoreAt(deps, replica)
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

/** As `describeReplica`, without asking its place. */
export function replicaAsKnown(deps: AgentDeps, known: KnownVault): ReplicaDocument | undefined {
  const replica = deps.state.replica(known.name)
  return replica && replicaDocument(deps, replica)
}

function replicaDocument(deps: AgentDeps, replica: KnownReplica): ReplicaDocument {
  const { kind, address, everyMs, graceMs, completedMs, lockedUntilMs } = replica
  const lock = lockDocument(replica, lockedUntilMs)
  return {
    kind,
    address,
    everyMs,
    graceMs,
    completedAt: completedMs === null ? null : new Date(completedMs).toISOString(),
    isDue: replicationDue(replica, deps.clock.nowMs()),
    state: 'not asked',
    ...(lock && { lock }),
  }
}
