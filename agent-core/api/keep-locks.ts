/** Object Lock of the vaults of this home: until when it holds, and extending it while no backup comes that would. */
import { areLocksDue, extendLocks } from '../backup/extend-locks.ts'
import { findLostChunkFiles, refreshIndex } from '../backup/refresh-index.ts'
import { AgentError } from '../base/agent-error.ts'
import { isoTime } from '../base/date-text.ts'
import { openBase } from '../cache/base-db.ts'
import { ChunkFolder } from '../cache/chunk-folder.ts'
import { vaultFileName } from '../format/vault-layout.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import type { VaultDetails } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { openBaseForWriting } from './open-base.ts'
import { openKnownVault } from './open-vault.ts'
import { refreshDefinitions } from './publish-items.ts'

/** As `vault show` tells it; undefined where nothing is locked. */
export function lockOf(deps: AgentDeps, known: KnownVault): VaultDetails['lock'] {
  const days = lockDaysOf(known)
  if (days === undefined) return undefined
  using base = openBase(deps.paths.base, { readOnly: true })
  const untilMs = base.lockedUntilMs(known.id, known.keyspace)
  return { days, nextExpiry: untilMs === 0 ? null : isoTime(untilMs) }
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

/** Extends the locks of all vaults of this home where they are due; a vault that is away is left for the next time. */
export async function extendDueLocks(deps: AgentDeps, signal: AbortSignal): Promise<void> {
  for (const known of deps.state.vaults()) {
    if (known.access !== 'owner' || lockDaysOf(known) === undefined) continue
    try {
      await extendWhereDue(deps, known, signal)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof AgentError)) throw error
      deps.log.warn('locks were not extended', { vault: known.name, reason: error.message })
    }
  }
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

function lockDaysOf(known: KnownVault): number | undefined {
  return known.kind === 's3' ? known.settings.lockDays : undefined
}
