/**
 * One backup of one item, from source to confirmed point. In this order:
 *  1. learn what the vault holds, put the cache in order after an interrupted run, bring captured points into the vault
 *     (recover-cache, transfer)
 *  2. find the item's last point
 *  3. look at the sources; refuse absent, replaced and emptied ones (plan-sources); ask the change journal where to look
 *  4. capture: walk, compare, read what changed, seal it into chunk files (capture-tree, engine); send and index them
 *     meanwhile, and wait for the vault where the cache's budget is used up (capture-room)
 *  5. captured: one transaction merges the increment into the base
 *  6. chunk files → index → provisional point → second look → confirmation (transfer)
 *  7. evict payload beyond the budget and the days of the instant tier, drop tree pages that no base needs any more
 * Before 5 nothing is acknowledged and nothing is lost; after 5 the point waits in the cache for the vault.
 */
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import type { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { type Random, randomId } from '../base/random.ts'
import type { Task } from '../base/task.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { CachePolicy } from '../cache/cache-budget.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import { BlockReader } from '../cache/chunk-reader.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import { PageStore } from '../cache/page-store.ts'
import { TreeReader } from '../cache/tree-reader.ts'
import { sha256 } from '../codec/block-id.ts'
import type { Compression } from '../codec/compression.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { HomeId, ItemId, PointId, VaultId } from '../contract/ids.ts'
import { Engine } from '../engine/engine.ts'
import { encodePointManifest, type PointKind, type PointManifest } from '../format/point.ts'
import type { Entry } from '../format/tree.ts'
import type { ChangeJournal, JournalDifference, JournalScan, ScanChoice } from '../source/change-journal.ts'
import type { Vault } from '../vault/vault.ts'
import { CaptureReport } from './capture-report.ts'
import { CaptureRoom } from './capture-room.ts'
import { TreeCapture } from './capture-tree.ts'
import { NewHardLink } from './journal-notes.ts'
import { findPointSeries, type LastPoint, mendLatestPoint, pointSeriesHere } from './last-point.ts'
import { lookAtFolders, type SourceRules, sourceRules } from './look-at-folders.ts'
import { checkNotEmptied, checkStillThere, planSources, type SourceFolder } from './plan-sources.ts'
import { evictPayload, recoverCache } from './recover-cache.ts'
import { findLostChunkFiles, historyChanged, isVaultTrouble, refreshIndex, Transfer } from './transfer.ts'
import { writeList } from './write-list.ts'

/** More threads than this wait for the disk and for the main thread, and each takes memory. */
const maxThreadCount = 8

export interface BackupDeps {
  readonly base: BaseDb
  readonly chunks: ChunkFolder
  readonly policy: CachePolicy
  /** One thread, and only when nothing else wants the processor or the disk. */
  readonly isGentle: boolean
  readonly keys: KeyspaceKeys
  /** The item's vault, or why it cannot be had now: the capture needs no vault. */
  readonly vault: Vault | AgentError
  readonly vaultId: VaultId
  /** Seals a manifest; needs the keys only. */
  readonly sealPoint: (manifest: PointManifest) => Buffer
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly task: Task
  /** Watches the item's folders while this process runs; left out: nobody does, and all is looked at. */
  readonly journal?: ChangeJournal
}

export interface BackupRequest {
  readonly item: {
    readonly id: ItemId
    readonly name: string
    readonly folders: readonly Buffer[]
    readonly excludes: readonly string[]
    readonly defaultExcludes: boolean
    readonly crossMounts: boolean
    readonly compression: Compression
  }
  readonly kind: PointKind
  readonly keepUntilMs?: number
  /** Goes on although a source is absent, replaced or emptied. */
  readonly accept: boolean
  readonly source: {
    readonly machine: string
    readonly platform: string
    readonly home: HomeId
    readonly product: string
  }
  /** Folders that are never entered: the home folder and vaults. */
  readonly barriers: readonly Buffer[]
}

export interface BackupResult {
  readonly manifest: PointManifest
  readonly counts: TreeCapture['counts']
  readonly failedFiles: number
  /** Bytes of objects put into the vault by this run. */
  readonly transferredBytes: number
  /** How it looked for changes. */
  readonly scan: ScanChoice
  /** What a full scan has proved the journal to have missed. */
  readonly difference: JournalDifference | undefined
  /** Chunk files that the vault had lost; what was in them was stored again where the source still has it. */
  readonly lostChunkFiles: number
  /** Why the vault has not confirmed the point; undefined when it has. */
  readonly failure: AgentError | undefined
}

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
  const captured = await capture({
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

/** At least after so many bytes the vault's index names what was sent (the checkpoint of the write order). */
const checkpointBytes = 8 * 1024 ** 3

/** The vault as this run meets it: the first trouble ends all dealings with it, and capture goes on alone. */
class VaultRun implements AsyncDisposable {
  readonly #vault: Vault | undefined
  readonly #transfer: Transfer | undefined
  readonly room: CaptureRoom
  failure: AgentError | undefined
  transferredBytes = 0

  constructor(deps: BackupDeps) {
    const { vault, base, chunks, policy, sealPoint, clock, task } = deps
    this.room = new CaptureRoom(deps)
    if (!('store' in vault)) {
      this.failure = vault
      return
    }
    this.#vault = vault
    const onPut = (sizeBytes: number) => {
      this.transferredBytes += sizeBytes
    }
    this.#transfer = new Transfer({
      vault,
      base,
      chunks,
      sealPoint,
      clock,
      signal: task.signal,
      onPut,
      indexing: {
        everyBytes: Math.min(checkpointBytes, policy.budgetBytes / 4),
        isUrgent: () => this.room.isHeld,
      },
      watcher: this.room,
    })
  }

  async whileReachable(work: (vault: Vault, transfer: Transfer) => Promise<void>): Promise<void> {
    if (this.failure !== undefined || this.#vault === undefined || this.#transfer === undefined) return
    try {
      await work(this.#vault, this.#transfer)
    } catch (error) {
      if (!isVaultTrouble(error)) throw error
      this.failure = error
    }
  }

  /** Nothing is being sent any more when this resolves: the vault may be closed then. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transfer?.stop()
  }

  /**
   * Throws when the vault is not any more what the capture was told that it holds: a point that rests on that would name
   * blocks that are nowhere.
   */
  throwIfHistoryChanged(): void {
    if (this.#transfer?.hasOtherHistory !== true) return
    throw historyChanged(this.#vault?.store.address ?? '')
  }

  send(file: CompleteChunkFile): void {
    this.room.completed(file)
    if (this.failure === undefined) this.#transfer?.send(file)
  }
}

interface Capture {
  readonly request: BackupRequest
  readonly deps: BackupDeps
  readonly run: VaultRun
  readonly pages: PageStore
  readonly tree: TreeReader
  readonly rules: SourceRules
  readonly last: LastPoint | undefined
  readonly nextSequence: number
  readonly scanStartedMs: number
  readonly folders: readonly SourceFolder[]
  readonly journal: JournalScan | undefined
}

async function capture(context: Capture) {
  const { request, deps, run, pages, tree, rules, last, nextSequence, scanStartedMs, folders } = context
  const { base, chunks, keys, vaultId, task, random, isGentle } = deps
  const chunkFiles: CompleteChunkFile[] = []
  const distrustSeen = base.distrustCount(vaultId)
  await using engine = new Engine({
    start: {
      chunkFolder: chunks.path,
      basePath: base.path,
      keys,
      compression: request.item.compression,
      vaults: [vaultId],
      cachedChunks: base.waitingChunks(vaultId),
      parentFileId: base.lastFileId(keys.keyspace),
      skipNoDump: rules.skipNoDump,
      isGentle,
    },
    threadCount: isGentle ? 1 : Math.min(availableParallelism(), maxThreadCount),
    signal: AbortSignal.any([task.signal, run.room.signal]),
    onChunkFile: (file) => {
      chunkFiles.push(file)
      run.send(file)
    },
    onPages: (list) => {
      for (const [id, page] of list) pages.keep(id, page)
    },
  })
  run.room.begin(engine, run.failure)
  task.setPhase('capture')
  expectAsBefore(task, last?.manifest)
  // Where the vault has lost something, nothing may be taken over from the point before.
  const walked = base.mustReadAll(vaultId, request.item.id)
    ? folders.map((folder) => ({ ...folder, previous: undefined }))
    : folders
  const walk = async (journal: JournalScan | undefined) => {
    const report = new CaptureReport(task, (path) => {
      // It is tried again with every backup, and told again.
      journal?.keepDirty(path)
      journal?.keepDirty(Buffer.from(dirname(path.toString('latin1')), 'latin1'))
    })
    const treeCapture = new TreeCapture({
      engine,
      tree,
      keepPage: (id, page) => pages.keep(id, page),
      // What was never captured here counts as changed just now.
      lastScanStartedMs: last?.manifest.timeMs ?? 0,
      scanStartedMs,
      ...(journal && { journal }),
      crossMounts: request.item.crossMounts,
      rules,
      report,
      checkpoint: () => task.throwIfAborted(),
    })
    return { ...(await treeCapture.run(walked, last?.manifest.root)), counts: treeCapture.counts, report, journal }
  }
  const { root, entriesIn, totals, counts, report, journal } = await walk(context.journal).catch(async (error) => {
    if (!(error instanceof NewHardLink) || context.journal === undefined) throw error
    return await walk(context.journal.inFull('a file has got a further name'))
  })
  checkStillThere(folders, lookAtFolders(folders.map(({ origin }) => Buffer.from(origin.path))))
  for (const [index, folder] of folders.entries()) {
    if (!request.accept) checkNotEmptied(folder, entriesIn.get(walked[index] ?? folder) ?? 0)
  }
  task.throwIfAborted()
  run.room.end()
  await engine.finishData()
  const lists = {
    warnings: writeList(engine, pages, report.warningElements()),
    missing: writeList(engine, pages, report.missingElements()),
    chunkFiles: writeList(
      engine,
      pages,
      chunkFiles.map(({ name }) => ({ key: Buffer.from(name, 'hex'), value: Buffer.from(name, 'hex') })),
    ),
  }
  const { bytesNew } = await engine.finish()
  const manifest: PointManifest = {
    id: randomId<PointId>(random),
    item: request.item.id,
    itemName: request.item.name,
    sequence: nextSequence,
    timeMs: scanStartedMs,
    kind: request.kind,
    ...(request.keepUntilMs !== undefined && { keepUntilMs: request.keepUntilMs }),
    ...(root && { root }),
    ...(last && { parent: { id: last.manifest.id, sha256: sha256(last.object) } }),
    source: { ...request.source, snapshot: 'live' },
    counts: {
      files: counts.files,
      directories: counts.directories,
      others: counts.others,
      bytes: counts.bytes,
      filesRead: counts.filesRead,
      bytesRead: counts.bytesRead,
      bytesNew,
      bytesStored: chunkFiles.reduce((sum, file) => sum + file.sizeBytes, 0),
    },
    partial: report.failedFiles > 0,
    ...(lists.chunkFiles && { chunkFiles: lists.chunkFiles }),
    ...(lists.warnings && { warnings: lists.warnings }),
    ...(lists.missing && { missing: lists.missing }),
  }
  task.setPhase('commit')
  pages.flush()
  run.throwIfHistoryChanged()
  const object = deps.sealPoint(manifest)
  base.capture({
    keyspace: keys.keyspace,
    point: {
      id: manifest.id,
      item: manifest.item,
      sequence: manifest.sequence,
      manifest: encodePointManifest(manifest),
      object,
    },
    chunkFiles,
    vaults: [vaultId],
    lastFileId: chunkFiles.at(-1)?.fileId,
    distrustSeen,
  })
  const difference = await journal?.captured(manifest.id, totals)
  return { manifest, counts, failedFiles: report.failedFiles, scan: journal?.choice ?? unwatched, difference }
}

const unwatched: ScanChoice = { kind: 'full', watcher: 'none', reason: 'no journal is kept' }

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

function expectAsBefore(task: Task, last: PointManifest | undefined): void {
  if (last === undefined) return
  const { files, others, bytes } = last.counts
  task.expect({ files: files + others, bytes })
}
