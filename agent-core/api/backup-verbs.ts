/** The use case of a backup: opens what it needs under the home lock, runs it, and tells what became of it. */
import type { BackupRequest, BackupResult, ItemVault, MadeHere } from '../backup/backup-request.ts'
import { LastTreeLost } from '../backup/last-tree.ts'
import { runBackup } from '../backup/run-backup.ts'
import { isVaultTrouble } from '../backup/vault-trouble.ts'
import { type AgentError, isAgentError } from '../base/agent-error.ts'
import { fileWarning } from '../base/file-warning.ts'
import { randomId } from '../base/random.ts'
import { createTask, type Task } from '../base/task.ts'
import type { BaseDb } from '../cache/base-db.ts'
import { setBaseAside } from '../cache/base-file.ts'
import { ChunkFolder } from '../cache/chunk-folder.ts'
import type { Failure } from '../contract/bounds.ts'
import type { FileWarning } from '../contract/errors.ts'
import type { JobId } from '../contract/ids.ts'
import type { PointManifest } from '../format/point.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import type { ChangeJournal } from '../source/change-journal.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import { sealManifest, type Vault } from '../vault/vault.ts'
import type { BackupDocument, BackupOptions, CallContext } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { allowBackup } from './allow-backup.ts'
import { barriersOf } from './item-surroundings.ts'
import { openBaseForWriting } from './open-base.ts'
import { keysOf, knownVault, openKnownVault } from './open-vault.ts'
import { refreshDefinitions } from './publish-items.ts'
import { cachePolicyOf, isGentle } from './setting-verbs.ts'

/**
 * Backs an item up now, looking where the journal of the item says. Throws when no point was captured; a vault that does not
 * take it is in `failure`.
 */
export async function backupNow(
  deps: AgentDeps,
  name: string,
  options: BackupOptions,
  context: CallContext,
  watched?: ChangeJournal,
): Promise<BackupDocument> {
  const startedMs = deps.clock.nowMs()
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const { item, vaults: known, isOnDemand, todayMs } = allowBackup(deps, name, options, context.job?.trigger)
  const journal = watched ?? (await deps.journalOf?.(item))
  await using opened = new AsyncDisposableStack()
  const vaults: ItemVault[] = []
  for (const one of known) {
    const vault = await openItsVault(deps, one)
    if ('store' in vault) opened.defer(async () => await vault.store.close())
    vaults.push({ id: one.id, vault })
  }
  using task = createTask({ clock: deps.clock, ...context })
  const first = known[0] as KnownVault
  const keys = await keysOf(deps, first, undefined)
  const request: BackupRequest = {
    item,
    kind: isOnDemand ? 'on-demand' : 'scheduled',
    accept: options.accept,
    ...(options.keepUntilMs !== undefined && { keepUntilMs: options.keepUntilMs }),
    source: { machine: first.machine, platform: deps.platform, home: deps.state.homeId, product: deps.product },
    barriers: barriersOf(deps).map(({ path }) => Buffer.from(path)),
  }
  const result = await withBase(deps, task, async (base, chunks) => {
    const policy = await cachePolicyOf(deps, base, chunks)
    const sealPoint = (manifest: PointManifest) => sealManifest(keys, manifest, deps.random)
    const { clock, random, log } = deps
    return await runBackup(request, {
      base,
      chunks,
      policy,
      isGentle: isGentle(deps),
      keys,
      vaults,
      sealPoint,
      clock,
      random,
      log,
      task,
      made: madeHere(deps, item),
      ...(journal && { journal }),
    })
  })
  if (isOnDemand) deps.state.noteOnDemand(item.id, result.manifest.timeMs, todayMs)
  for (const warning of missedChanges(result)) task.warn(warning)
  return documentOf(deps, { startedMs, item, job: context.job?.id ?? randomId<JobId>(deps.random) }, result, task)
}

function madeHere({ state, clock }: AgentDeps, { id }: Item): MadeHere {
  return {
    note: (point) => state.madePoints.note(id, point, clock.nowMs()),
    has: (point) => state.madePoints.has(id, point),
    isKnown: state.madePoints.hasAny(id),
  }
}

/**
 * Runs `work` on the base. One that is found damaged on the way is set aside, and the work begins anew without it; where the
 * last point's tree is lost, the base has learned it, and the work begins anew and reads everything. Each happens once.
 */
async function withBase<Result>(
  deps: AgentDeps,
  task: Task,
  work: (base: BaseDb, chunks: ChunkFolder) => Promise<Result>,
): Promise<Result> {
  let isSetAside = false
  let isTreeLost = false
  for (;;) {
    try {
      using base = openBaseForWriting(deps)
      return await work(base, new ChunkFolder(deps.paths.chunks))
    } catch (error) {
      if (error instanceof LastTreeLost && !isTreeLost) isTreeLost = true
      else if (isAgentError(error, 'cache.damaged') && !isSetAside) {
        isSetAside = true
        const setAside = setBaseAside(deps.paths.base)
        deps.log.warn('a damaged base was set aside', { path: setAside, reason: error.message })
      } else throw error
      task.beginAnew()
    }
  }
}

/** The vault, or why it cannot be had now; throws what no later run would mend by itself. */
async function openItsVault(deps: AgentDeps, known: KnownVault): Promise<Vault | AgentError> {
  let vault: Vault
  try {
    vault = await openKnownVault(deps, known)
  } catch (error) {
    if (isVaultTrouble(error)) return error
    throw error
  }
  try {
    await refreshDefinitions(deps, known, vault)
    return vault
  } catch (error) {
    await vault.store.close()
    if (isVaultTrouble(error)) return error
    throw error
  }
}

/** Earlier points that a document names at most. */
const mostCaughtUp = 10_000

interface Run {
  readonly startedMs: number
  readonly item: Item
  readonly job: JobId
}

function documentOf(deps: AgentDeps, { startedMs, item, job }: Run, result: BackupResult, task: Task): BackupDocument {
  const { manifest, counts, failures, failure } = result
  const isWarned = task.warningCount > 0
  const state = failures.size > 0 ? 'waiting' : isWarned ? 'completed with warnings' : 'completed'
  deps.log.info('backup ended', { item: item.id, point: manifest.id, state, ...manifest.counts })
  return {
    job: {
      id: job,
      state,
      startedAt: new Date(startedMs).toISOString(),
      finishedAt: new Date(deps.clock.nowMs()).toISOString(),
    },
    point: { id: manifest.id, seq: manifest.sequence, kind: manifest.kind, confirmed: failures.size === 0 },
    ...(result.caughtUp.length > 0 && { caughtUp: result.caughtUp.slice(0, mostCaughtUp) }),
    vaults: item.vaults.map((name) => {
      const trouble = failures.get(knownVault(deps, name).id)
      return { name, confirmed: trouble === undefined, ...(trouble && { failure: failureOf(trouble) }) }
    }),
    files: {
      seen: counts.files,
      read: counts.filesRead,
      changed: counts.filesChanged,
      deleted: counts.deleted,
      failed: result.failedFiles,
    },
    bytes: {
      read: counts.bytesRead,
      new: manifest.counts.bytesNew,
      stored: manifest.counts.bytesStored,
      total: manifest.counts.bytes,
    },
    transferred: result.transferredBytes,
    scan: result.scan,
    warnings: task.warnings,
    remarks: remarksOf(result),
    ...(failure && { failure: failureOf(failure) }),
  }
}

function failureOf({ code, message, advice, exitCode }: AgentError): Failure {
  return { code, message, advice, exitCode }
}

function missedChanges({ difference }: BackupResult): FileWarning[] {
  if (difference === undefined) return []
  const { watcher, folders, folderCount } = difference
  const more = folderCount > folders.length ? `; ${folderCount} folders in all` : ''
  return folders.map((folder) => fileWarning('journal.missed-changes', folder, `watched by ${watcher}${more}`))
}

const readAgain = 'Everything was read again, and what is missing is stored again.'

const foundSince: Readonly<Record<BackupResult['again'], string>> = {
  nothing: '',
  read: `Something was found missing in a vault. ${readAgain}`,
  stored:
    'Something was found damaged in a vault. Everything was read and stored again, so that this point needs nothing from before.',
}

function remarksOf({ counts, lostChunkFiles, again, failures, failure }: BackupResult): string[] {
  const remarks: string[] = []
  if (lostChunkFiles > 0 || again !== 'nothing') {
    const found =
      lostChunkFiles > 0 ? `A vault had lost chunk files (${lostChunkFiles}). ${readAgain}` : foundSince[again]
    remarks.push(`${found} Run "tharsis vault verify NAME --read-data 100" to see which points are affected.`)
  }
  const mounts = counts.mountsNotEntered
  if (mounts.length > 0) {
    const first = mounts.slice(0, 3).map(String).join(', ')
    remarks.push(`Folders on other file systems were not entered: ${mounts.length} (${first}); see --cross-mounts.`)
  }
  if (failure !== undefined) {
    remarks.push(
      'The point is captured in the cache and goes to the vault with the next backup; until then it is only on this machine.',
    )
  } else if (failures.size > 0) {
    remarks.push(
      'The point is safe in one vault; the next backup brings it into those that lack it, or that are away now.',
    )
  }
  return remarks
}
