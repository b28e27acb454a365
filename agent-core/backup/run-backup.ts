/**
 * One backup of one item, from source to confirmed point. In this order:
 *  1. learn what the vaults hold, put the cache in order after an interrupted run, bring captured points into the vaults
 *     (recover-cache, transfer)
 *  2. find the item's last point; a vault that lacks it will get it (last-point, seed-vault)
 *  3. look at the sources; refuse absent, replaced and emptied ones (plan-sources); ask the change journal where to look
 *  4. capture: walk, compare, read what changed, seal it into chunk files (capture-point, engine); send and index them
 *     meanwhile, and wait for a vault where the cache's budget is used up (capture-room)
 *  5. captured: one transaction merges the increment into the base
 *  6. in each vault: chunk files → index → provisional point → second look → confirmation (transfer, vault-run)
 *  7. evict payload beyond the budget and the days of the instant tier, drop tree pages that no base needs any more
 * Before 5 nothing is acknowledged and nothing is lost; after 5 the point waits for each vault that has not
 * confirmed it: in the cache, or, once one vault holds it, there.
 */
import { isAgentError } from '../base/agent-error.ts'
import { PageStore } from '../cache/page-store.ts'
import type { TreeReader } from '../cache/tree-reader.ts'
import type { PointId, VaultId } from '../contract/ids.ts'
import type { ListRef } from '../format/paged-list.ts'
import type { Entry } from '../format/tree.ts'
import type { Vault } from '../vault/vault.ts'
import type { BackupDeps, BackupRequest, BackupResult } from './backup-request.ts'
import { capturePoint } from './capture-point.ts'
import {
  decideSeries,
  mendLatestPoint,
  type PointSeries,
  pointSeriesHere,
  readStanding,
  type VaultStanding,
} from './last-point.ts'
import { lastTree } from './last-tree.ts'
import { lookAtFolders, sourceRules } from './look-at-folders.ts'
import { refuseCloned } from './notice-clone.ts'
import { planSources, type SourceFolder } from './plan-sources.ts'
import { evictPayload, recoverCache } from './recover-cache.ts'
import { findLostChunkFiles, refreshIndex } from './refresh-index.ts'
import { excuseParent, seedVault } from './seed-vault.ts'
import { VaultRuns } from './vault-run.ts'

/** Runs a backup; warnings go to the task. Throws when no point was captured. */
export async function runBackup(request: BackupRequest, deps: BackupDeps): Promise<BackupResult> {
  const { base, chunks, keys, vaults, task, log, clock } = deps
  await using run = new VaultRuns(deps)
  task.setPhase('estimate')
  mendLatestPoint(request.item.id, { base, keys, log })
  await run.inTurn(async (vault) => {
    await refreshIndex(base, vault)
  })
  const ids = vaults.map(({ id }) => id)
  const recovery = await recoverCache({ base, chunks, keys, vaults: ids, signal: task.signal })
  if (recovery.wasInterrupted) log.info('recovered after an interrupted run', { ...recovery })
  const confirmed = new Set<PointId>()
  const lost = await catchUp(run, deps, { wasInterrupted: recovery.wasInterrupted, confirmed })
  const pages = new PageStore(base, keys.id)
  const tree = lastTree(deps, pages)
  const series = await findSeries(request, { run, deps, tree })
  const { last, nextSequence } = series
  const heldPages = base.pages.counts().held
  const scanStartedMs = clock.nowMs()
  const readsAll = vaults.some(({ id }) => base.trust.mustReadAll(id, request.item.id))
  const storesAll = vaults.some(({ id }) => base.trust.mustStoreAll(id, request.item.id))
  const previous = await readRoot(tree, last?.manifest.root, { mayBeLost: readsAll })
  const rules = sourceRules(request.item, request.barriers)
  const plan = planSources(lookAtFolders(request.item.folders), previous.folders, request.accept)
  const journal = await deps.journal?.begin(last?.manifest.id, whyFull(plan.folders, previous.folders, readsAll))
  const captured = await capturePoint({
    request,
    journal,
    deps,
    run,
    pages,
    tree,
    rules,
    last,
    previousRoot: previous.root,
    readsAll,
    storesAll,
    nextSequence,
    scanStartedMs,
    folders: plan.folders,
  })
  for (const path of plan.absent) log.warn('left out an absent folder', { path: path.toString() })
  run.tellTransfer()
  await run.sideBySide(async (_vault, transfer) => {
    await transfer.settle()
    await transfer.sendWaiting()
  })
  task.setPhase('commit')
  await run.inTurn(async (_vault, transfer) => {
    for (const { id } of await transfer.confirmCaptured()) confirmed.add(id)
  })
  task.setPhase('merge')
  evictPayload(deps)
  if (last === undefined) pages.countAsLive(heldPages)
  const untidy = await pages.dropUnused()
  if (untidy !== undefined) log.warn('the cache was not cleaned', { reason: untidy.message })
  // The vault may have given the point a later number.
  const manifest = pointSeriesHere(request.item.id, base).last?.manifest ?? captured.manifest
  const { transferredBytes, failures, failure } = run
  const waiting = new Set(ids.flatMap((id) => base.unconfirmedPoints(id).map((point) => point.id)))
  const caughtUp = [...confirmed].filter((id) => id !== manifest.id && !waiting.has(id))
  const again = last === undefined || !readsAll ? 'nothing' : storesAll ? 'stored' : 'read'
  return { ...captured, manifest, transferredBytes, lostChunkFiles: lost, again, caughtUp, failures, failure }
}

/**
 * Brings captured points into the vaults that lack them: a vault that was away catches up, from the cache or from another
 * vault, and adds them to `confirmed`. Answers how many chunk files vaults had lost for good.
 */
async function catchUp(
  run: VaultRuns,
  { base, chunks, log, task }: BackupDeps,
  { wasInterrupted, confirmed }: { readonly wasInterrupted: boolean; readonly confirmed: Set<PointId> },
): Promise<number> {
  let lost = 0
  const resuming = new Set<VaultId>()
  await run.inTurn(async (vault) => {
    if (wasInterrupted) {
      const resumed = new Set(base.waitingChunkFiles(vault.id).map(({ name }) => vault.layout.chunk(name)))
      if (resumed.size > 0) resuming.add(vault.id)
      await vault.store.sweep(0, { folder: folderOf(vault), resumed })
    }
    const found = await findLostChunkFiles(base, vault, chunks)
    lost += found.unplaced
    if (found.lost > 0) log.warn('the vault has lost chunk files', { vault: vault.id, ...found })
  })
  await run.inTurn((_vault, transfer) => Promise.resolve(transfer.beginWaiting()))
  const isBehind = run.tellTransfer({ onlyIfAny: true })
  await run.sideBySide(async (vault, transfer) => {
    await transfer.settle()
    // An upload that was begun in parts and then put in one piece has left its parts open.
    if (resuming.has(vault.id)) await vault.store.sweep(0, { folder: folderOf(vault) })
  })
  if (isBehind) task.setPhase('estimate')
  // One after the other: a point gets its number in the first that confirms it.
  await run.inTurn(async (_vault, transfer) => {
    for (const { id } of await transfer.confirmCaptured()) confirmed.add(id)
  })
  return lost
}

function folderOf({ layout }: Vault): string {
  return layout.root.slice(0, -1)
}

/** Where the item's next point goes on; a vault that lacks the last one gets it with this run. */
async function findSeries(
  request: BackupRequest,
  { run, deps, tree }: { readonly run: VaultRuns; readonly deps: BackupDeps; readonly tree: TreeReader },
): Promise<PointSeries> {
  const { base, log, vaults } = deps
  const { keyspace } = deps.keys
  const { machine } = request.source
  const item = request.item.id
  const standings: VaultStanding[] = []
  await run.inTurn(async (vault) => {
    const standing = await readStanding(item, base, vault)
    refuseCloned(standing.newest?.manifest, request, vault, deps.made)
    standings.push(standing)
  })
  if (standings.length === 0) return pointSeriesHere(item, base)
  const series = decideSeries(item, standings, { base, log, isComplete: standings.length === vaults.length })
  const { last, lacking } = series
  if (last === undefined || lacking.length === 0) return series
  await run.inTurn(async (vault) => {
    if (!lacking.includes(vault.id)) return
    const isNew = standings.some((standing) => standing.vault === vault.id && standing.highest === 0)
    if (isNew) await excuseParent(vault, last.manifest, { clock: deps.clock, machine })
    const isSeeded = await seedVault(vault.id, last.manifest, { base, tree, keyspace, signal: deps.task.signal })
    log.info('a vault lacks the last point', { vault: vault.id, point: last.manifest.id, isSeeded })
  })
  return series
}

interface PreviousRoot {
  /** Undefined where it was lost, or there is none. */
  readonly root: ListRef | undefined
  readonly folders: readonly Entry[]
}

/** The folders of the last point. A root that is lost is none where everything is read again anyway. */
async function readRoot(
  tree: TreeReader,
  root: ListRef | undefined,
  { mayBeLost }: { readonly mayBeLost: boolean },
): Promise<PreviousRoot> {
  const folders: Entry[] = []
  try {
    for await (const { entry } of tree.entries(root)) folders.push(entry)
  } catch (error) {
    if (!mayBeLost || !isAgentError(error, 'vault.damaged')) throw error
    return { root: undefined, folders: [] }
  }
  return { root, folders }
}

/** Why a change journal must not decide where to look; undefined where it may. */
function whyFull(
  folders: readonly SourceFolder[],
  previousRoot: readonly Entry[],
  readsAll: boolean,
): string | undefined {
  if (readsAll) return 'the vault has lost something'
  const isSame = folders.every(({ found, previous }) => found.inode === previous?.inode)
  return isSame && folders.length === previousRoot.length ? undefined : 'the folders are not those of the last point'
}
