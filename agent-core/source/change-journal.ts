/**
 * The change journal of one item: what has changed since the last captured point, while this process runs. Events are
 * hints and the scan is the truth, so whatever could have been missed makes the next scan a full one.
 *
 * A journal lets folders be left out only while all of these hold:
 *  - its watcher was open before the full scan began, and has had no doubt since
 *  - the point that it counts from is the item's last one, captured by a run of this journal
 *  - nothing is dirty that went over its budget
 *  - the last full scan was within a week, and found nothing that the journal had missed
 *
 * `begin` takes what is dirty; only `captured` makes it clean. A run that fails leaves it dirty for the next.
 */
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { makeFolder } from '../base/make-folder.ts'
import type { ItemId, PointId } from '../contract/ids.ts'
import type { ChangeSink, ChangeWatcher, WatcherKind } from './change-watcher.ts'
import { JournalFile } from './journal-file.ts'
import { DirtySet, type KnownChanges } from './known-changes.ts'
import { type OpenedWatcher, openWatcher } from './open-watcher.ts'
import type { WatcherBudget } from './plan-watcher.ts'
import { type AreaOptions, WatchedArea } from './watched-area.ts'

/** A full scan at least so often. */
const fullScanEveryMs = 7 * 86_400_000
/** Dirty folders that are kept in memory. */
const dirtyBudget = 20_000
/** Folders with missed changes that are named. */
const namedDifferences = 20

/** How a run looks for changes, and why. */
export interface ScanChoice {
  readonly kind: 'full' | 'journal'
  readonly watcher: WatcherKind
  /** The end of "because …". */
  readonly reason: string
}

/** What is in a tree, at all depths. */
export interface TreeTotals {
  readonly files: number
  readonly directories: number
  readonly others: number
  readonly bytes: number
}

/** A full scan found changes in folders that the journal held to be clean. */
export interface JournalDifference {
  readonly watcher: WatcherKind
  /** Some of the folders, raw bytes. */
  readonly folders: readonly Buffer[]
  readonly folderCount: number
}

/** One scan under the eyes of the journal. */
export interface JournalScan {
  readonly choice: ScanChoice
  /** What may be taken over, with what the last point's tree holds; undefined in a full scan. */
  readonly known: { readonly changes: KnownChanges; readonly totals: TreeTotals } | undefined
  /** The scan cannot vouch for this folder's entries: it is dirty for the next one too. */
  keepDirty(path: Uint8Array): void
  /** The scan found a change among this folder's own entries. */
  changed(path: Uint8Array): void
  /** The scan became this point: what was dirty before it is clean. Resolves with what a full scan proved to be missed. */
  captured(point: PointId, totals: TreeTotals): Promise<JournalDifference | undefined>
  /** The same scan from its beginning, as a full one. */
  inFull(reason: string): JournalScan
}

export interface ChangeJournalOptions {
  readonly item: ItemId
  readonly area: AreaOptions
  /** A hash of all settings that decide what is scanned; another one is another journal. */
  readonly settings: string
  /** A folder of our own, for journals; made when it is not there. */
  readonly folder: string
  readonly budget: WatcherBudget
  /** Use this kind of watcher alone. */
  readonly only?: WatcherKind
}

export interface ChangeJournalDeps {
  readonly clock: Clock
  readonly log: Log
}

export class ChangeJournal implements AsyncDisposable {
  readonly #options: ChangeJournalOptions
  readonly #deps: ChangeJournalDeps
  readonly #file: JournalFile
  #opened: OpenedWatcher | undefined
  /** Why the next scan is full, whatever the watcher tells. */
  #doubt: string | undefined
  #dirty = new DirtySet(dirtyBudget)
  /** What the scan under way has taken. */
  #taken: DirtySet | undefined
  #last: { readonly point: PointId; readonly totals: TreeTotals } | undefined
  #lastFullScanMs: number | undefined
  #isDistrusted = false

  constructor(options: ChangeJournalOptions, deps: ChangeJournalDeps) {
    this.#options = options
    this.#deps = deps
    makeFolder(options.folder)
    this.#file = new JournalFile(join(options.folder, `${options.item}.journal`))
    const left = this.#file.read()
    this.#lastFullScanMs = left.header?.lastFullScanMs
    this.#isDistrusted = left.header?.isDistrusted ?? false
    const isSet = left.header === undefined || left.header.settings === options.settings
    const restart = isSet ? 'the agent was started anew' : 'the item is set otherwise than before'
    this.#doubt = left.state === 'absent' ? 'the journal begins' : restart
    if (left.state === 'broken') deps.log.warn('a change journal was not closed', { item: options.item })
  }

  /** The item's settings under which this journal is valid. */
  get settings(): string {
    return this.#options.settings
  }

  /**
   * Begins a scan of what has changed since `last`, the item's last point; `whyFull` asks for a full one. The watcher is
   * opened first where there is none or it had a doubt.
   */
  async begin(last: PointId | undefined, whyFull: string | undefined): Promise<JournalScan> {
    if (this.#taken !== undefined && !this.#dirty.addAll(this.#taken)) this.#sink.doubt('too many folders are dirty')
    await this.#opened?.watcher.settle()
    let reason = this.#doubt
    if (this.#opened === undefined || reason !== undefined) await this.#open()
    const isDue = reason === undefined && whyFull === undefined && this.#countsFrom(last)
    reason ??= whyFull ?? this.#whyFull(last)
    const taken = this.#dirty
    this.#taken = taken
    this.#dirty = new DirtySet(dirtyBudget)
    const { watcher, reason: why } = this.#opened ?? noneOpened
    const isWatched = watcher.kind !== 'none'
    const choice: ScanChoice = {
      kind: reason === undefined && isWatched ? 'journal' : 'full',
      watcher: watcher.kind,
      reason: isWatched ? (reason ?? `${taken.size} dirty; ${why}`) : why,
    }
    this.#deps.log.info('scan begins', { item: this.#options.item, ...choice })
    return this.#scan(choice, taken, isDue)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await opened?.watcher[Symbol.asyncDispose]()
    this.#file.close()
  }

  /** `isComparable`: the journal knows what should have changed, so that a full scan can prove it wrong. */
  #scan(choice: ScanChoice, taken: DirtySet, isComparable: boolean): JournalScan {
    const { clock } = this.#deps
    const startedMs = clock.nowMs()
    const isFull = choice.kind === 'full'
    const last = this.#last
    const keep = new Set<string>()
    const suspects = new Set<string>()
    return {
      choice,
      known: isFull || last === undefined ? undefined : { changes: taken, totals: last.totals },
      keepDirty: (path) => void keep.add(Buffer.from(path).toString('latin1')),
      changed: (path) => {
        if (!isFull || !isComparable || suspects.size > dirtyBudget || !taken.isClean(path)) return
        suspects.add(Buffer.from(path).toString('latin1'))
      },
      captured: async (point, totals) => {
        await this.#opened?.watcher.settle()
        const missed = [...suspects]
          .map((path) => Buffer.from(path, 'latin1'))
          .filter((path) => this.#dirty.isClean(path))
        for (const path of keep) this.#sink.folder(Buffer.from(path, 'latin1'))
        this.#taken = undefined
        this.#last = { point, totals }
        if (isFull) {
          this.#lastFullScanMs = startedMs
          this.#isDistrusted = missed.length > 0
        }
        this.#beginFile()
        if (missed.length === 0) return undefined
        return { watcher: choice.watcher, folders: missed.slice(0, namedDifferences), folderCount: missed.length }
      },
      inFull: (reason) => this.#scan({ ...choice, kind: 'full', reason }, taken, false),
    }
  }

  #countsFrom(last: PointId | undefined): boolean {
    return this.#last !== undefined && this.#last.point === last
  }

  #whyFull(last: PointId | undefined): string | undefined {
    if (this.#last === undefined) return 'no scan of this journal was captured yet'
    if (!this.#countsFrom(last)) return 'the last point is not the one that the journal counts from'
    if (this.#isDistrusted) return 'the last full scan found changes that the journal had missed'
    const sinceMs = this.#deps.clock.nowMs() - (this.#lastFullScanMs ?? Number.NEGATIVE_INFINITY)
    // A clock that was set back must not put the scan off.
    if (sinceMs >= fullScanEveryMs || sinceMs < 0) return 'the last full scan was a week ago'
    return undefined
  }

  /** Opens the watcher, for a full scan that follows. */
  async #open(): Promise<void> {
    const { area, folder, budget, only } = this.#options
    const last = this.#opened
    // One that is disposed tells of nothing: it must not be taken for one that sees no changes.
    this.#opened = undefined
    await last?.watcher[Symbol.asyncDispose]()
    this.#doubt = undefined
    this.#dirty = new DirtySet(dirtyBudget)
    this.#taken = undefined
    this.#last = undefined
    const markFolder = join(folder, 'marks')
    makeFolder(markFolder)
    this.#opened = await openWatcher({
      area: new WatchedArea(area),
      sink: this.#sink,
      clock: this.#deps.clock,
      budget,
      markFolder,
      ...(only !== undefined && { only }),
    })
    this.#beginFile()
  }

  readonly #sink: ChangeSink = {
    folder: (path) => this.#take(this.#dirty.addFolder(path), path, false),
    tree: (path) => this.#take(this.#dirty.addTree(path), path, true),
    doubt: (reason) => {
      if (this.#doubt !== undefined) return
      this.#doubt = reason
      this.#deps.log.info('the change journal has a doubt', { item: this.#options.item, reason })
    },
  }

  #take(answer: 'new' | 'known' | 'full', path: Buffer, isTree: boolean): void {
    if (answer === 'new') this.#file.add(path, isTree)
    else if (answer === 'full') this.#sink.doubt('too many folders are dirty')
  }

  #beginFile(): void {
    const { item, settings } = this.#options
    const header = {
      item,
      kind: this.#opened?.watcher.kind ?? 'none',
      settings,
      point: this.#last?.point,
      lastFullScanMs: this.#lastFullScanMs,
      isDistrusted: this.#isDistrusted,
    }
    try {
      this.#file.begin(header, this.#dirty)
    } catch (error) {
      // What is captured is captured; the old file says nothing wrong.
      this.#deps.log.warn('the change journal could not be written', { item, error })
    }
  }
}

const noneOpened: { readonly watcher: Pick<ChangeWatcher, 'kind'>; readonly reason: string } = {
  watcher: { kind: 'none' },
  reason: 'nothing is watched',
}
