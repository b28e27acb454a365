/** Object Lock of the vaults of this home and their replicas: until when it holds, and extending it while no backup comes that would. */
import { areLocksDue, extendLocks } from '../backup/extend-locks.ts'
import { findLostChunkFiles, refreshIndex } from '../backup/refresh-index.ts'
import { AgentError } from '../base/agent-error.ts'
import { isoTime } from '../base/date-text.ts'
import { openBase } from '../cache/base-db.ts'
import { ChunkFolder } from '../cache/chunk-folder.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { vaultFileName } from '../format/vault-layout.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import { areReplicaLocksDue, extendReplicaLocks } from '../replicate/extend-replica-locks.ts'
import type { KnownReplica, KnownVault } from '../state/state-db.ts'
import type { StorePlace } from '../state/store-place.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { Vault } from '../vault/vault.ts'
import type { LockDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { machineViews } from './machine-views.ts'
import { openBaseForWriting } from './open-base.ts'
import { openReplica } from './open-replica.ts'
import { openKnownVault } from './open-vault.ts'
import { refreshDefinitions } from './publish-items.ts'

/** As `vault show` tells it; undefined where nothing is locked. */
export function lockOf(deps: AgentDeps, known: KnownVault): LockDocument | undefined {
  if (lockDaysOf(known) === undefined) return undefined
  using base = openBase(deps.paths.base, { readOnly: true })
  return lockDocument(known, base.lockedUntilMs(known.id, known.keyspace))
}

/** The same for any place; `lockedUntilMs`: 0 when it is not known. */
export function lockDocument(place: StorePlace, lockedUntilMs: number): LockDocument | undefined {
  const days = lockDaysOf(place)
  return days === undefined ? undefined : { days, nextExpiry: lockedUntilMs === 0 ? null : isoTime(lockedUntilMs) }
}

/**
 * A keyspace was begun in a vault at `begunMs`: everything of it is locked from when it was put. So nothing need be extended
 * before that ends. vault.json must be locked for as long. Only under the home lock.
 */
export function noteFreshLocks(
  deps: AgentDeps,
  { id, keyspace }: Pick<KnownVault, 'id' | 'keyspace'>,
  { locks }: ObjectStore,
  begunMs: number,
): void {
  if (locks === undefined) return
  using base = openBaseForWriting(deps)
  base.keepLockedUntil(id, keyspace, begunMs + locks.lengthMs)
}

/** Locks vault.json, which other machines may have put long ago, for as long as what is put at `nowMs`. */
export async function lockVaultFile({ locks }: ObjectStore, nowMs: number): Promise<void> {
  await locks?.extend(vaultFileName, nowMs + locks.lengthMs)
}

/**
 * Extends the locks of all vaults of this home, and of their replicas, where they are due; a place that is away is left for the next
 * time. A replica is locked without its vault.
 */
export async function extendDueLocks(deps: AgentDeps, signal: AbortSignal): Promise<void> {
  for (const known of deps.state.vaults()) {
    const hasOwnLocks = known.access === 'owner' && lockDaysOf(known) !== undefined
    if (hasOwnLocks) await logTrouble(deps, known, signal, () => extendWhereDue(deps, known, signal))
    const replica = deps.state.replica(known.name)
    if (replica === undefined || lockDaysOf(replica) === undefined) continue
    await logTrouble(deps, known, signal, () => extendReplica(deps, known, replica, signal))
  }
}

async function logTrouble(
  { log }: AgentDeps,
  { name }: KnownVault,
  signal: AbortSignal,
  extend: () => Promise<void>,
): Promise<void> {
  if (signal.aborted) return
  try {
    await extend()
  } catch (error) {
    if (signal.aborted) return
    if (!(error instanceof AgentError)) throw error
    log.warn('locks were not extended', { vault: name, reason: error.message })
  }
}

async function extendReplica(
  deps: AgentDeps,
  known: KnownVault,
  before: KnownReplica,
  signal: AbortSignal,
): Promise<void> {
  const vault = await openReplica(deps, known)
  const replica = vault.store
  try {
    const machines = await machineViews(deps, known, vault)
    await lockReplica(deps, before, { replica, machines, signal })
  } finally {
    await replica.close()
  }
}

/** Extends the locks of a replica where they are due, of the machines whose keys are known; `machines` may be views of its vault. */
export async function lockReplica(
  deps: AgentDeps,
  before: KnownReplica,
  of: {
    readonly replica: ObjectStore
    readonly machines: ReadonlyMap<KeyspaceId, Vault>
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { replica, machines, signal } = of
  const { clock, random, state, log } = deps
  if (!areReplicaLocksDue(replica, before.lockedUntilMs, clock.nowMs())) return
  const views = [...machines.values()].map(({ id, keys }) => new Vault({ store: replica, id, keys, random }))
  const lockedUntilMs = await extendReplicaLocks(replica, views, { clock, signal })
  state.keepReplicaLocked(before, lockedUntilMs)
  log.info('locks of a replica extended', { vault: before.vault })
}

async function extendWhereDue(deps: AgentDeps, known: KnownVault, signal: AbortSignal): Promise<void> {
  const vault = await openKnownVault(deps, known)
  try {
    using seen = openBase(deps.paths.base, { readOnly: true })
    if (!areLocksDue(vault, { base: seen, clock: deps.clock })) return
    using _lock = acquireHomeLock(deps.paths.root, deps.clock)
    using base = openBaseForWriting(deps)
    await refreshDefinitions(deps, known, vault)
    await refreshIndex(base, vault)
    await findLostChunkFiles(base, vault, new ChunkFolder(deps.paths.chunks))
    await extendLocks(vault, { base, clock: deps.clock, signal })
    deps.log.info('locks extended', { vault: known.name })
  } finally {
    await vault.store.close()
  }
}

function lockDaysOf(place: StorePlace): number | undefined {
  return place.kind === 's3' ? place.settings.lockDays : undefined
}
