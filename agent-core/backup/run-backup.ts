/**
 * One backup of one item, from source to confirmed point. In this order:
 *  1. learn what the vault holds, put the cache in order after an interrupted run, bring captured points into the vault
 *     (recover-cache, transfer)
 *  2. find the item's last point
 *  3. look at the sources; refuse absent, replaced and emptied ones (plan-sources); ask the change journal where to look
 *  4. capture: walk, compare, read what changed, seal it into chunk files (capture-point, engine); send and index them
 *     meanwhile, and wait for the vault where the cache's budget is used up (capture-room)
 *  5. captured: one transaction merges the increment into the base
 *  6. chunk files → index → provisional point → second look → confirmation (transfer)
 *  7. evict payload beyond the budget and the days of the instant tier, drop tree pages that no base needs any more
 * Before 5 nothing is acknowledged and nothing is lost; after 5 the point waits in the cache for the vault.
 */
import { BlockReader } from '../cache/chunk-reader.ts'
import { PageStore } from '../cache/page-store.ts'
import { TreeReader } from '../cache/tree-reader.ts'
import type { Entry } from '../format/tree.ts'
import type { BackupDeps, BackupRequest, BackupResult } from './backup-request.ts'
import { capturePoint } from './capture-point.ts'
import { findPointSeries, mendLatestPoint, pointSeriesHere } from './last-point.ts'
import { lookAtFolders, sourceRules } from './look-at-folders.ts'
import { planSources, type SourceFolder } from './plan-sources.ts'
import { evictPayload, recoverCache } from './recover-cache.ts'
import { findLostChunkFiles, refreshIndex } from './refresh-index.ts'
import { VaultRun } from './vault-run.ts'

/** Runs a backup; warnings go to the task. Throws when no point was captured. */
export async function runBackup(request: BackupRequest, deps: BackupDeps): Promise<BackupResult> {
  const { base, chunks, keys, vaultId, task, log, clock } = deps
  await using run = new VaultRun(deps)
  task.setPhase('estimate')
  mendLatestPoint(request.item.id, { base, keys, log })
  await run.whileReachable(async (vault) => {
    await refreshIndex(base, vault)
  })
  const recovery = await recoverCache({ base, chunks, keys, vault: vaultId, signal: task.signal })
  if (recovery.wasInterrupted) log.info('recovered after an interrupted run', { ...recovery })
  let lost = 0
  await run.whileReachable(async (vault, transfer) => {
    if (recovery.wasInterrupted) await vault.store.sweep(0, { folder: vault.layout.root.slice(0, -1) })
    const found = await findLostChunkFiles(base, vault, chunks)
    lost = found.unplaced
    if (found.lost > 0) log.warn('the vault has lost chunk files', { ...found })
    await transfer.confirmCaptured()
  })
  let series = pointSeriesHere(request.item.id, base)
  await run.whileReachable(async (vault) => {
    series = await findPointSeries(request.item.id, { base, vault, log })
  })
  const { last, nextSequence } = series
  const scanStartedMs = clock.nowMs()
  const pages = new PageStore(base, keys.id)
  const tree = readTree(deps, pages)
  const previousRoot: Entry[] = []
  for await (const { entry } of tree.entries(last?.manifest.root)) previousRoot.push(entry)
  const rules = sourceRules(request.item, request.barriers)
  const plan = planSources(lookAtFolders(request.item.folders), previousRoot, request.accept)
  const journal = await deps.journal?.begin(last?.manifest.id, whyFull(request, deps, plan.folders, previousRoot))
  const captured = await capturePoint({
    request,
    journal,
    deps,
    run,
    pages,
    tree,
    rules,
    last,
    nextSequence,
    scanStartedMs,
    folders: plan.folders,
  })
  for (const path of plan.absent) log.warn('left out an absent folder', { path: path.toString() })
  await run.whileReachable(async (_vault, transfer) => {
    task.setPhase('transfer')
    await transfer.settle()
    task.setPhase('commit')
    await transfer.confirmCaptured()
  })
  task.setPhase('merge')
  evictPayload(deps)
  const untidy = await pages.dropUnused()
  if (untidy !== undefined) log.warn('the cache was not cleaned', { reason: untidy.message })
  // The vault may have given the point a later number.
  const manifest = pointSeriesHere(request.item.id, base).last?.manifest ?? captured.manifest
  return { ...captured, manifest, transferredBytes: run.transferredBytes, lostChunkFiles: lost, failure: run.failure }
}

/** Why a change journal must not decide where to look; undefined where it may. */
function whyFull(
  { item }: BackupRequest,
  { base, vaultId }: BackupDeps,
  folders: readonly SourceFolder[],
  previousRoot: readonly Entry[],
): string | undefined {
  if (base.mustReadAll(vaultId, item.id)) return 'the vault has lost something'
  const isSame = folders.every(({ found, previous }) => found.inode === previous?.inode)
  return isSame && folders.length === previousRoot.length ? undefined : 'the folders are not those of the last point'
}

/** The tree of the last point: from the base, or where that lacks a page, from cache and vault. */
function readTree(deps: BackupDeps, pages: PageStore): TreeReader {
  const { base, chunks, keys, vault } = deps
  const reader =
    'store' in vault
      ? new BlockReader(base, [chunks.source(), vault.chunkSource()], keys)
      : new BlockReader(base, [chunks.source()], keys, { unavailable: vault })
  return new TreeReader((id) => pages.read(id, (missing) => reader.read(missing)))
}
