/**
 * Walks the protected folders beside the tree of the last point and builds the new tree. What is
 * unchanged is taken over by its bytes, a directory without a change by its pages; only new and
 * changed files go to the engine. The walk runs ahead of the engine, bounded by its back-pressure;
 * directories are finished in the order of the tree. Where nothing has changed nothing is waited for and nothing kept.
 * Where a change journal knows what has changed, or threads have compared ahead, the rest is not even looked at.
 */
import { asBuffer } from '../base/bytes.ts'
import { yieldToEventLoop } from '../base/event-loop.ts'
import type { Engine } from '../engine/engine.ts'
import type { EntryGlances } from '../format/entry-glance.ts'
import type { ListRef } from '../format/paged-list.ts'
import type { DirectorySection, Entry } from '../format/tree.ts'
import type { JournalScan, TreeTotals } from '../source/change-journal.ts'
import { comparedStatus, isUnchanged } from '../source/compare-entry.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { changedFolders, type KnownChanges } from '../source/known-changes.ts'
import { joinPath, relativeIn, utf8Of } from '../source/list-directory.ts'
import { CaptureCounts } from './capture-counts.ts'
import type { CompareAhead } from './compare-ahead.ts'
import { DirectoryBuilder, type DirectoryBuilderDeps } from './directory-builder.ts'
import { EntryCapturer } from './entry-capturer.ts'
import { FileCapturer, type FileReport } from './file-capturer.ts'
import type { FinishedFiles } from './finished-files.ts'
import type { FoundPlace } from './found-place.ts'
import { JournalNotes } from './journal-notes.ts'
import type { SourceRules } from './look-at-folders.ts'
import { type Folder, listFolder, type OpenFolder, openFolder } from './open-folder.ts'
import type { SourceFolder } from './plan-sources.ts'
import { PreviousEntries } from './previous-entries.ts'
import { SlotQueue } from './slot-queue.ts'
import { VolumeNumbers } from './volume-numbers.ts'

export interface CaptureTreeOptions extends DirectoryBuilderDeps {
  readonly engine: Engine
  readonly lastScanStartedMs: number
  readonly scanStartedMs: number
  /** Hears what the walk finds, and may know where it need not look. */
  readonly journal?: JournalScan
  /** Compares directories before the walk reaches them. */
  readonly compareAhead?: CompareAhead
  readonly crossMounts: boolean
  readonly rules: SourceRules
  readonly report: FileReport
  /** What an interrupted capture has finished. */
  readonly finished?: Pick<FinishedFiles, 'find'> | undefined
  /** Hears of every captured file. */
  readonly onCaptured?: (path: Buffer, encoded: Uint8Array, sizeBytes: number) => void
  readonly checkpoint: () => void
}

export interface CapturedTree {
  readonly root: ListRef | undefined
  /** Entries captured below each folder, at all depths. */
  readonly entriesIn: ReadonlyMap<SourceFolder, number>
  readonly totals: TreeTotals
}

/** Where an entry goes, and what is known to have changed beside the last point's entry. */
interface Target {
  readonly queue: SlotQueue
  readonly known: KnownChanges | undefined
}

/** Known now, or when all entries are captured. */
type PendingSection = DirectorySection | Promise<DirectorySection>

/** A directory whose entries are all submitted. */
interface Walked {
  readonly pending: PendingSection
}

/** So many entries are looked at between two turns of the event loop. */
const entriesPerTurn = 256

const emptySection: DirectorySection = { entriesBelow: 0, bytesBelow: 0 }

export class TreeCapture {
  readonly counts = new CaptureCounts()
  readonly #options: CaptureTreeOptions
  readonly #files: FileCapturer
  readonly #entries: EntryCapturer
  readonly #notes: JournalNotes
  readonly #volumes = new VolumeNumbers()
  #entriesSinceTurn = 0

  constructor(options: CaptureTreeOptions) {
    this.#options = options
    const { journal } = options
    if (journal?.known !== undefined) this.counts.takeOver(journal.known.totals)
    this.#notes = new JournalNotes(journal, { ...options, counts: this.counts })
    this.#files = new FileCapturer(options.engine, options.report, this.counts, options.onCaptured)
    this.#entries = new EntryCapturer(options.lastScanStartedMs, options.report, this.counts)
  }

  /**
   * Captures all folders: the root list, and how much each folder holds. `previousRoot`: the last point's root list;
   * where a journal knows the changes, the folders must be those of that list.
   * Throws `engine.*`, `cache.*`, NewHardLink, or the abort reason.
   */
  async run(folders: readonly SourceFolder[], previousRoot?: ListRef): Promise<CapturedTree> {
    const sorted = folders.toSorted((a, b) => Buffer.compare(a.label, b.label))
    const before = new Map<string, Uint8Array>()
    for await (const { entry, encoded } of this.#options.tree.entries(previousRoot)) {
      before.set(keyOf(entry.name), encoded)
    }
    const root = new SlotQueue(new DirectoryBuilder(this.#options, previousRoot && sectionOf(previousRoot)))
    if (sorted.length !== before.size) await root.markChanged()
    const sections = new Map<SourceFolder, PendingSection>()
    for (const folder of sorted) {
      const { label, origin, found, previous } = folder
      const path = Buffer.from(origin.path)
      const { known } = this.#notes
      this.#notes.forget(known, previous)
      const whole = { path: path.toString('latin1'), relative: '', section: previous?.directory ?? emptySection }
      await this.#options.compareAhead?.begin(whole, folder === sorted.at(-1))
      const section = await this.#walk({ path, relative: '', found, depth: 0 }, previous?.directory, known)
      sections.set(folder, section.pending)
      const place = { name: label, path, fullPath: path, found, volume: 0 }
      await root.add(
        this.#entries.directory(place, section.pending, { before: before.get(keyOf(label)), reuse: previous, origin }),
      )
    }
    const { list } = await root.finish()
    const entriesIn = new Map<SourceFolder, number>()
    let bytes = 0
    for (const [folder, section] of sections) {
      const { entriesBelow, bytesBelow } = await section
      entriesIn.set(folder, entriesBelow)
      bytes += bytesBelow
    }
    return { root: list, entriesIn, totals: this.counts.totals(bytes) }
  }

  /**
   * The entries of one directory, depth first; they are all submitted when this resolves, and captured later. `known`:
   * what has changed in it since it was captured as `previous`; undefined where all has to be looked at.
   */
  async #walk(
    directory: Folder,
    previous: DirectorySection | undefined,
    known: KnownChanges | undefined,
  ): Promise<Walked> {
    const { checkpoint, tree } = this.#options
    checkpoint()
    known ??= await this.#comparedAhead(directory)
    if (known?.isClean(directory.path) === true && previous !== undefined) {
      if (!known.hasDirtyBelow(directory.path)) return { pending: previous }
      return await this.#walkClean(directory, previous, known)
    }
    using folder = listFolder(directory, this.#options)
    if (folder === undefined) {
      await this.#notes.forgetBelow(known, previous)
      return { pending: emptySection }
    }
    const queue = new SlotQueue(new DirectoryBuilder(this.#options, previous))
    const target: Target = { queue, known }
    const before = new PreviousEntries(tree, previous?.list)
    await before.next()
    for (const name of folder.names) {
      if (++this.#entriesSinceTurn >= entriesPerTurn) await this.#breathe()
      let order = before.current?.compareName(name) ?? 1
      for (; order < 0; order = before.current?.compareName(name) ?? 1) await this.#deleted(folder, before, target)
      const match = order === 0 ? before.current : undefined
      this.#notes.forget(known, match)
      const pending = this.#entry(folder, name, match, target)
      if (pending !== undefined) await pending
      if (match === undefined) continue
      const next = before.next()
      if (next !== undefined) await next
    }
    while (before.current !== undefined) await this.#deleted(folder, before, target)
    return walked(queue)
  }

  /** What has changed in a directory and below it since the last point; undefined where nobody has compared it yet. */
  async #comparedAhead({ path, found }: Folder): Promise<KnownChanges | undefined> {
    const compared = await this.#options.compareAhead?.take(path, found)
    if (compared === undefined) return undefined
    const { dirty, unsettled, before, unchanged, excluded } = compared
    this.counts.takeOver(before)
    this.counts.excluded += excluded
    this.#options.report.seenUnchanged({ files: unchanged.files + unchanged.others, bytes: unchanged.bytes }, path)
    this.#notes.unsettled(unsettled)
    return changedFolders(dirty)
  }

  /** As `#walk`, of a directory whose own entries have not changed: only dirty directories in it are looked at. */
  async #walkClean(directory: Folder, previous: DirectorySection, known: KnownChanges): Promise<Walked> {
    const { path } = directory
    using folder = openFolder(directory, this.#options.report)
    if (folder === undefined) {
      await this.#notes.forgetBelow(known, previous)
      return { pending: emptySection }
    }
    const queue = new SlotQueue(new DirectoryBuilder(this.#options, previous))
    const before = new PreviousEntries(this.#options.tree, previous.list)
    for (await before.next(); before.current !== undefined; await before.next()) {
      if (++this.#entriesSinceTurn >= entriesPerTurn) await this.#breathe()
      const match = before.current
      if (match.type !== 'directory') {
        await queue.addUnchanged(match)
        continue
      }
      const { encoded } = match
      const entry = match.decode()
      const below = joinPath(path, entry.name)
      if (!known.isClean(below) || known.hasDirtyBelow(below)) {
        this.#notes.forget(known, entry)
        await this.#entry(folder, asBuffer(entry.name).toString('latin1'), match, { queue, known })
      } else {
        const { entriesBelow = 0, bytesBelow = 0 } = entry.directory ?? {}
        const now = { encoded, sizeBytes: bytesBelow, entriesBelow }
        await queue.add({ name: entry.name, now, previous: encoded })
      }
    }
    return walked(queue)
  }

  async #deleted(folder: Folder, before: PreviousEntries, { queue, known }: Target): Promise<void> {
    const entry = before.current?.decode()
    if (entry !== undefined) {
      this.counts.addDeleted(entry)
      this.#notes.changed(folder.path)
      this.#notes.forget(known, entry)
      await this.#notes.forgetBelow(known, entry.directory)
    }
    await queue.markChanged()
    await before.next()
  }

  /** Submits one entry; a promise only where something has to be waited for. */
  #entry(folder: OpenFolder, text: string, match: EntryGlances | undefined, target: Target): void | Promise<void> {
    const { queue, known } = target
    const { rules, report, lastScanStartedMs } = this.#options
    const gone = () => (match === undefined ? undefined : this.#gone(match, target))
    let found: FoundEntry | undefined
    try {
      found = folder.lookAt(text)
    } catch (error) {
      report.unreadable(pathIn(folder, text), (error as Error).message)
      return gone()
    }
    if (found === undefined) {
      report.vanished(pathIn(folder, text))
      return gone()
    }
    if (match !== undefined && this.#isUnchangedAndFree(found, text, match)) {
      this.#seen(folder, text, found, match)
      return queue.addUnchanged(match)
    }
    const name = Buffer.from(text, 'latin1')
    const fullPath = joinPath(folder.path, name)
    const path = folder.openPath === folder.path ? fullPath : joinPath(folder.openPath, name)
    const relative = relativeIn(folder.relative, text)
    const verdict = rules.judge(fullPath, relative, found.type === 'directory')
    if (verdict !== 'in') this.counts.excluded++
    if (verdict === 'out') return gone()
    const place: FoundPlace = { name, path, fullPath, found, volume: 0 }
    if (match?.type !== found.type) this.#notes.changed(folder.path)
    if (found.type === 'directory') {
      return this.#directory(folder, { ...place, relative, isEntered: verdict === 'in' }, match, target)
    }
    if (known !== undefined && match?.type === 'directory') return this.#replaced(folder, text, match, target)
    this.#seen(folder, text, found, match)
    const isSame = match !== undefined && isUnchanged(comparedStatus(found), match, lastScanStartedMs)
    if (isSame) return queue.addUnchanged(match)
    this.#notes.changed(folder.path)
    const volume = found.linkCount > 1 ? this.#volumes.of(found.device, folder.openPath) : 0
    if (found.type === 'file') return this.#file({ ...place, volume }, match, queue)
    const slot = this.#entries.special({ ...place, volume })
    return slot === undefined ? gone() : queue.add(slot)
  }

  /** Most entries are: of those neither a path is made nor a rule asked. */
  #isUnchangedAndFree(found: FoundEntry, text: string, match: EntryGlances): boolean {
    const { rules, lastScanStartedMs } = this.#options
    return (
      found.type !== 'directory' &&
      isUnchanged(comparedStatus(found), match, lastScanStartedMs) &&
      rules.isFreeName(utf8Of(text))
    )
  }

  /** An entry, no directory, that stays in. */
  #seen(folder: OpenFolder, text: string, found: FoundEntry, match: EntryGlances | undefined): void {
    this.counts.addSeen(found)
    this.#options.report.seen(found, () => pathIn(folder, text))
    this.#notes.seen(folder.path, found, match)
  }

  /** What stood here in the last point is not there any more, or stays out. */
  async #gone(match: EntryGlances, { queue, known }: Target): Promise<void> {
    if (known !== undefined) await this.#notes.forgetBelow(known, match.decode().directory)
    await queue.markChanged()
  }

  /** A directory of the last point is something else now: a new entry, and the last point's are gone. */
  async #replaced(folder: OpenFolder, text: string, match: EntryGlances, target: Target): Promise<void> {
    await this.#gone(match, target)
    await this.#entry(folder, text, undefined, target)
  }

  async #directory(
    folder: OpenFolder,
    place: FoundPlace & { readonly relative: string; readonly isEntered: boolean },
    match: EntryGlances | undefined,
    { queue, known }: Target,
  ): Promise<void> {
    const { fullPath: path, relative, found } = place
    const isForeign = found.device !== folder.found.device && !this.#options.crossMounts
    if (isForeign) this.counts.mountsNotEntered.push(path)
    const reuse: Entry | undefined = match?.decode()
    const before = match?.encoded
    const isEntered = !isForeign && place.isEntered
    const knownBelow = isEntered && found.inode === reuse?.inode ? known : undefined
    if (knownBelow === undefined) await this.#notes.forgetBelow(known, reuse?.directory)
    const { pending } = isEntered
      ? await this.#walk({ path, relative, found, depth: folder.depth + 1 }, reuse?.directory, knownBelow)
      : { pending: emptySection }
    await queue.add(this.#entries.directory(place, pending, { before, reuse }))
  }

  #file(place: FoundPlace, match: EntryGlances | undefined, queue: SlotQueue): void | Promise<void> {
    const { engine, checkpoint, finished } = this.#options
    const settled = finished?.find(place.fullPath, place.found)
    if (settled !== undefined) {
      this.counts.filesChanged++
      return queue.add({ name: place.name, now: settled, previous: undefined })
    }
    const previous = match?.type === 'file' ? match.decode().content : undefined
    const submit = () => {
      checkpoint()
      return queue.add(this.#files.capture(place, previous))
    }
    return engine.isFull ? engine.room().then(submit) : submit()
  }

  /** Where nothing has changed nothing is waited for: without this no signal is heard and no progress shown. */
  async #breathe(): Promise<void> {
    this.#entriesSinceTurn = 0
    await yieldToEventLoop()
    this.#options.checkpoint()
  }
}

/** `name`: raw bytes, one character each. */
function pathIn(folder: OpenFolder, name: string): Buffer {
  return joinPath(folder.path, Buffer.from(name, 'latin1'))
}

function walked(queue: SlotQueue): Walked {
  const pending = queue.finish()
  // It is awaited by its parent's turn; a failure before that is the same failure.
  if ('then' in pending) pending.catch(() => {})
  return { pending }
}

/** Only the list is looked at: nobody asks how much the whole root holds. */
function sectionOf(list: ListRef): DirectorySection {
  return { list, entriesBelow: 0, bytesBelow: 0 }
}

function keyOf(name: Uint8Array): string {
  return Buffer.from(name).toString('latin1')
}
