import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { randomId } from '../base/random.ts'
import type { Task } from '../base/task.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import type { PageStore } from '../cache/page-store.ts'
import type { TreeReader } from '../cache/tree-reader.ts'
import { sha256 } from '../codec/block-id.ts'
import type { PointId, VaultId } from '../contract/ids.ts'
import { Engine } from '../engine/engine.ts'
import type { ListRef } from '../format/paged-list.ts'
import { encodePointManifest, type PointManifest } from '../format/point.ts'
import type { JournalDifference, JournalScan, ScanChoice } from '../source/change-journal.ts'
import type { BackupDeps, BackupRequest } from './backup-request.ts'
import type { CaptureCounts } from './capture-counts.ts'
import { CaptureLog, captureLogPath } from './capture-log.ts'
import { CaptureReport } from './capture-report.ts'
import { TreeCapture } from './capture-tree.ts'
import { CompareAhead } from './compare-ahead.ts'
import { TreeComparison } from './compare-tree.ts'
import { FinishedFiles, scanCaptureLog } from './finished-files.ts'
import { NewHardLink } from './journal-notes.ts'
import type { LastPoint } from './last-point.ts'
import { lookAtFolders, type SourceRules } from './look-at-folders.ts'
import { checkNotEmptied, checkStillThere, type SourceFolder } from './plan-sources.ts'
import type { VaultRuns } from './vault-run.ts'
import { writeList } from './write-list.ts'

/** More threads than this wait for the disk and for the main thread, and each takes memory. */
const maxThreadCount = 8

/** Beside the main thread, which compares too: from here on the disk is what is waited for. */
const maxComparingThreads = 3

/** A thread that compares ahead takes a tenth of a second to start. */
const longWalkFiles = 10_000

/** What a capture rests on. */
export interface CaptureContext {
  readonly request: BackupRequest
  readonly deps: BackupDeps
  readonly run: VaultRuns
  readonly pages: PageStore
  readonly tree: TreeReader
  readonly rules: SourceRules
  readonly last: LastPoint | undefined
  /** The last point's root list, where it can be read. */
  readonly previousRoot: ListRef | undefined
  /** A vault has lost something: nothing may be taken over from the last point. */
  readonly readsAll: boolean
  /** … nor rest on what the vaults hold. */
  readonly storesAll: boolean
  readonly nextSequence: number
  readonly scanStartedMs: number
  readonly folders: readonly SourceFolder[]
  readonly journal: JournalScan | undefined
}

/** What was captured. */
export interface CapturedState {
  readonly manifest: PointManifest
  readonly counts: CaptureCounts
  readonly failedFiles: number
  readonly scan: ScanChoice
  readonly difference: JournalDifference | undefined
}

/**
 * Walks the folders, reads what has changed into chunk files, and merges the increment into the base: the point is captured
 * when this resolves. Throws when no point was captured.
 */
export async function capturePoint(context: CaptureContext): Promise<CapturedState> {
  const { deps, run, pages } = context
  const { base, keys, vaults, task } = deps
  const chunkFiles: CompleteChunkFile[] = []
  const distrustSeen = new Map(vaults.map(({ id }) => [id, base.trust.count(id)]))
  const memory = openMemory(context)
  using log = memory.log
  await using engine = openEngine(context, log, (file) => {
    chunkFiles.push(file)
    run.send(file)
  })
  using finished = memory.openFinished((page) => pages.keep(engine.putTree(page), page))
  run.room.begin(engine, run.failure)
  task.setPhase('capture')
  expectAsBefore(task, context.last?.manifest)
  const walked = await walkFolders(context, engine, { log, finished })
  if (finished !== undefined && finished.taken > 0) {
    deps.log.info('went on from an interrupted backup', { files: finished.taken })
  }
  checkSources(context, walked)
  task.throwIfAborted()
  run.room.end()
  await engine.finishData()
  const lists = {
    warnings: writeList(engine, pages, walked.report.warningElements()),
    missing: writeList(engine, pages, walked.report.missingElements()),
    chunkFiles: writeList(engine, pages, chunkFiles.map(listElement)),
  }
  const { bytesNew } = await engine.finish()
  const manifest = manifestOf(context, walked, lists, {
    bytesNew,
    bytesStored: chunkFiles.reduce((sum, file) => sum + file.sizeBytes, 0),
  })
  pages.flush()
  run.throwIfHistoryChanged()
  deps.made?.note(manifest.id)
  base.capture({
    keyspace: keys.keyspace,
    point: {
      id: manifest.id,
      item: manifest.item,
      sequence: manifest.sequence,
      manifest: encodePointManifest(manifest),
      object: deps.sealPoint(manifest),
    },
    chunkFiles,
    vaults: vaults.map(({ id }) => id),
    lastFileId: chunkFiles.at(-1)?.fileId,
    distrustSeen,
  })
  log.remove()
  const { journal, totals, counts, report } = walked
  const difference = await journal?.captured(manifest.id, totals)
  return { manifest, counts, failedFiles: report.failedFiles, scan: journal?.choice ?? unwatched, difference }
}

/** The log of this capture, and what an interrupted one before it has finished. */
function openMemory({ request, deps, scanStartedMs, readsAll }: CaptureContext) {
  const { base } = deps
  const vaults = deps.vaults.map(({ id }) => id)
  const path = captureLogPath(base, request.item.id)
  const scanned = readsAll ? undefined : scanCaptureLog(path)
  return {
    log: new CaptureLog(path, scanned?.endBytes ?? 0, scanStartedMs),
    openFinished: (putPage: (page: Uint8Array) => void): FinishedFiles | undefined =>
      scanned && FinishedFiles.open(path, scanned, { base, vaults, putPage }),
  }
}

function openEngine(context: CaptureContext, log: CaptureLog, onChunkFile: (file: CompleteChunkFile) => void): Engine {
  const { request, deps, run, pages, rules } = context
  const { base, chunks, keys, vaults, task, isGentle } = deps
  const ids = vaults.map(({ id }) => id)
  return new Engine({
    start: {
      chunkFolder: chunks.path,
      basePath: base.path,
      keys,
      compression: request.item.compression,
      vaults: ids,
      cachedChunks: context.storesAll ? new Set() : underWay(base, ids),
      storesAll: context.storesAll,
      parentFileId: base.lastFileId(keys.keyspace),
      skipNoDump: rules.skipNoDump,
      isGentle,
    },
    threadCount: isGentle ? 1 : Math.min(availableParallelism(), maxThreadCount),
    signal: AbortSignal.any([task.signal, run.room.signal]),
    onChunkFile: (file) => {
      log.flush()
      onChunkFile(file)
    },
    onPages: (list) => {
      for (const [id, page] of list) {
        pages.keep(id, page)
        log.addPage(id, page)
      }
    },
  })
}

/** Chunk files that some of the vaults wait for and the others hold: each will have them before it confirms the point. */
function underWay(base: BaseDb, vaults: readonly VaultId[]): ReadonlySet<number> {
  const known = vaults.map((vault) => ({ placed: base.placedChunks(vault), waiting: base.waitingChunks(vault) }))
  const waiting = new Set(known.flatMap((vault) => [...vault.waiting]))
  return new Set([...waiting].filter((chunk) => known.every((one) => one.placed.has(chunk) || one.waiting.has(chunk))))
}

type WalkedFolders = Awaited<ReturnType<typeof walkFolders>>

/** Walks where the journal says, or everywhere once the journal turns out not to be enough. */
async function walkFolders(
  context: CaptureContext,
  engine: Engine,
  { log, finished }: { readonly log: CaptureLog; readonly finished: FinishedFiles | undefined },
) {
  const { request, deps, last } = context
  const folders = context.readsAll
    ? context.folders.map((folder) => ({ ...folder, previous: undefined }))
    : context.folders
  const walk = async (journal: JournalScan | undefined) => {
    await using compareAhead = isLongWalk(context, journal) ? openCompareAhead(context) : undefined
    const report = new CaptureReport(deps.task, (path) => {
      // It is tried again with every backup, and told again.
      journal?.keepDirty(path)
      journal?.keepDirty(Buffer.from(dirname(path.toString('latin1')), 'latin1'))
    })
    const treeCapture = new TreeCapture({
      engine,
      tree: context.tree,
      keepPage: (id, page) => context.pages.keep(id, page),
      // What was never captured here counts as changed just now.
      lastScanStartedMs: last?.manifest.timeMs ?? 0,
      scanStartedMs: context.scanStartedMs,
      ...(journal && { journal }),
      ...(compareAhead && { compareAhead }),
      crossMounts: request.item.crossMounts,
      rules: context.rules,
      report,
      finished,
      onCaptured: (path, encoded, sizeBytes) => log.addEntry(path, encoded, sizeBytes),
      checkpoint: () => deps.task.throwIfAborted(),
    })
    const { root, entriesIn, totals } = await treeCapture.run(folders, context.previousRoot)
    report.end()
    const entryCounts = folders.map((folder) => entriesIn.get(folder) ?? 0)
    return { root, entryCounts, totals, counts: treeCapture.counts, report, journal }
  }
  return await walk(context.journal).catch(async (error) => {
    if (!(error instanceof NewHardLink) || context.journal === undefined) throw error
    return await walk(context.journal.inFull('a file has got a further name'))
  })
}

function openCompareAhead({ request, deps, last, scanStartedMs, rules, tree, pages }: CaptureContext): CompareAhead {
  const { base, keys, log, task } = deps
  const { excludes, defaultExcludes, crossMounts } = request.item
  const times = { lastScanStartedMs: last?.manifest.timeMs ?? 0, scanStartedMs }
  return new CompareAhead({
    threadCount: Math.min(availableParallelism() - 1, maxComparingThreads),
    rules: {
      ...times,
      excludes,
      defaultExcludes,
      crossMounts,
      barriers: request.barriers,
      basePath: base.path,
      idKey: keys.id,
    },
    tree,
    onFailure: (error) => log.warn('a thread that compares ahead has died', { reason: error.message }),
    comparison: new TreeComparison({
      ...times,
      rules,
      crossMounts,
      findPage: (id) => pages.find(id),
      checkpoint: () => task.throwIfAborted(),
    }),
  })
}

/** True when looking at entries takes most of the time, and there is a processor for it. */
function isLongWalk({ deps, last }: CaptureContext, journal: JournalScan | undefined): boolean {
  if (deps.isGentle || journal?.known !== undefined || last === undefined) return false
  return last.manifest.counts.files >= longWalkFiles && availableParallelism() > 1
}

/** Throws when a source went away under the walk or has lost most of its entries. */
function checkSources({ request, folders, last, previousRoot }: CaptureContext, { entryCounts }: WalkedFolders): void {
  checkStillThere(folders, lookAtFolders(folders.map(({ origin }) => Buffer.from(origin.path))))
  if (request.accept) return
  // Of a root that was lost only the sums are known.
  if (last?.manifest.root !== undefined && previousRoot === undefined) {
    const { files, others } = last.manifest.counts
    checkNotEmptied(folders, { before: files + others, now: entryCounts.reduce((sum, count) => sum + count, 0) })
  }
  for (const [index, folder] of folders.entries()) {
    const before = folder.previous?.directory?.entriesBelow ?? 0
    checkNotEmptied([folder], { before, now: entryCounts[index] ?? 0 })
  }
}

function listElement({ name }: CompleteChunkFile) {
  return { key: Buffer.from(name, 'hex'), value: Buffer.from(name, 'hex') }
}

function manifestOf(
  { request, deps, last, nextSequence, scanStartedMs }: CaptureContext,
  { root, counts, report }: WalkedFolders,
  lists: Readonly<Record<'warnings' | 'missing' | 'chunkFiles', ListRef | undefined>>,
  stored: { readonly bytesNew: number; readonly bytesStored: number },
): PointManifest {
  return {
    id: randomId<PointId>(deps.random),
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
      ...stored,
    },
    partial: report.failedFiles > 0,
    ...(lists.chunkFiles && { chunkFiles: lists.chunkFiles }),
    ...(lists.warnings && { warnings: lists.warnings }),
    ...(lists.missing && { missing: lists.missing }),
  }
}

const unwatched: ScanChoice = { kind: 'full', watcher: 'none', reason: 'no journal is kept' }

function expectAsBefore(task: Task, last: PointManifest | undefined): void {
  if (last === undefined) return
  const { files, others, bytes } = last.counts
  task.expect({ files: files + others, bytes })
}
