/**
 * Compares a directory of the source, with all that is below, with the last point's tree of it, from metadata alone: which
 * folders have changed since, so that the walk need look at no other. All of it is synchronous, for a thread that does
 * nothing else; docs/adr/0044-compare-ahead.md.
 */
import { closeSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { EntryGlances } from '../format/entry-glance.ts'
import { decodePage, type ListRef } from '../format/paged-list.ts'
import { fileStatus } from '../platform/file-status.ts'
import { isSettled, isUnchanged } from '../source/compare-entry.ts'
import { FoundGlance } from '../source/found-glance.ts'
import { joinText, listDirectory, openDirectory, relativeIn, utf8Of } from '../source/list-directory.ts'
import { addTally, countEntry, type EntryTally, emptyTally } from './entry-tally.ts'
import type { SourceRules } from './look-at-folders.ts'

/** A directory of the last point, where the source has it. */
export interface Subtree {
  /** Absolute; raw bytes, one character each. */
  readonly path: string
  /** Path below the protected folder, as exclusions see it. */
  readonly relative: string
  /** What the last point says of it. */
  readonly inode: bigint
  readonly list: ListRef | undefined
}

/** What a comparison has found. Paths are absolute; raw bytes, one character each. */
export interface ComparedSubtree {
  /** The directory that was compared; zeros when none could be opened. */
  readonly inode: bigint
  readonly device: number
  /** Folders of which not all own entries are as they were; what else has not changed. */
  readonly dirty: readonly string[]
  /** Folders with entries whose next change could not be seen: changed just now, or by another name. */
  readonly unsettled: readonly string[]
  /** All that the last point has below. */
  readonly before: EntryTally
  /** What of it lies in folders that are not dirty. */
  readonly unchanged: EntryTally
  /** Entries that rules keep out of folders that are not dirty. */
  readonly excluded: number
}

export interface TreeComparisonOptions {
  readonly rules: SourceRules
  readonly crossMounts: boolean
  readonly lastScanStartedMs: number
  readonly scanStartedMs: number
  /** A page of the last point's tree. */
  readonly findPage: (id: Uint8Array) => Uint8Array | undefined
  /** Called before each directory; what it throws ends the comparison. */
  readonly checkpoint: () => void
}

/** Longer paths are opened in stretches (anchored-path), which is left to the walk. */
const maxPathSizeBytes = 3800

/** A page of the last point is not at hand: what has changed cannot be told. */
class PageAbsent extends Error {}

export class TreeComparison {
  readonly #options: TreeComparisonOptions
  readonly #found = new FoundGlance()

  constructor(options: TreeComparisonOptions) {
    this.#options = options
  }

  /** Undefined where the last point's tree cannot be read here. Throws what `checkpoint` throws. */
  compare(subtree: Subtree): ComparedSubtree | undefined {
    try {
      return new SubtreeComparison(this.#options, this.#found).run(subtree)
    } catch (error) {
      // The walk reads the same page again, and says what is wrong with it where it cannot be mended.
      if (error instanceof PageAbsent || error instanceof AgentError) return undefined
      throw error
    }
  }
}

class SubtreeComparison {
  readonly #options: TreeComparisonOptions
  readonly #found: FoundGlance
  readonly #dirty: string[] = []
  readonly #unsettled: string[] = []
  readonly #before = emptyTally()
  readonly #unchanged = emptyTally()
  #excluded = 0

  /** `found`: for all looks, one after the other. */
  constructor(options: TreeComparisonOptions, found: FoundGlance) {
    this.#options = options
    this.#found = found
  }

  run(subtree: Subtree): ComparedSubtree {
    const { inode, device } = this.#directory(subtree, undefined) ?? { inode: 0n, device: 0 }
    return {
      inode,
      device,
      dirty: this.#dirty,
      unsettled: this.#unsettled,
      before: this.#before,
      unchanged: this.#unchanged,
      excluded: this.#excluded,
    }
  }

  /** The directory that was found; undefined when none could be opened. `above`: the device of the one it lies in. */
  #directory(
    subtree: Subtree,
    above: number | undefined,
  ): { readonly inode: bigint; readonly device: number } | undefined {
    this.#options.checkpoint()
    const opened = this.#open(subtree, above)
    if (opened === undefined) {
      this.#markDirty(subtree)
      this.#countBelow(subtree.list)
      return undefined
    }
    const { fd, names, inode, device } = opened
    const entries = new EntriesComparison(this.#options, this.#found, subtree, { fd, device })
    try {
      this.#entries(entries, names, subtree.list)
    } finally {
      closeSync(fd)
    }
    if (entries.isDirty) this.#markDirty(subtree)
    else {
      addTally(this.#unchanged, entries.unchanged)
      this.#excluded += entries.excluded
    }
    if (entries.isUnsettled) this.#unsettled.push(subtree.path)
    for (const below of entries.directories) this.#directory(below, device)
    return { inode, device }
  }

  /** Goes through names and last entries side by side. */
  #entries(entries: EntriesComparison, names: readonly string[], list: ListRef | undefined): void {
    let at = 0
    for (const last of this.#lastEntries(list)) {
      this.#count(last)
      let order = orderOf(last, names[at])
      while (order > 0) {
        entries.addNew(names[at++] as string)
        order = orderOf(last, names[at])
      }
      const isEntered = order === 0 ? entries.addKnown(names[at++] as string, last) : entries.addDeleted()
      if (last.type === 'directory' && !isEntered) this.#countBelow(last.decode().directory?.list)
    }
    while (at < names.length) entries.addNew(names[at++] as string)
  }

  /** Opens and lists it where it is the directory of the last point, and what is in it is in. */
  #open(subtree: Subtree, above: number | undefined) {
    const { relative } = subtree
    const path = Buffer.from(subtree.path, 'latin1')
    if (path.length > maxPathSizeBytes) return undefined
    let fd: number | undefined
    try {
      fd = openDirectory(path)
      const { inode, device, isNoDump } = fileStatus(fd)
      const names = listDirectory(path)
      const isSame = inode === subtree.inode && (above === undefined || above === device || this.#options.crossMounts)
      const listed = { path, openPath: path, relative, names, isNoDump }
      if (isSame && this.#options.rules.judgeContent(listed) === 'in') return { fd, names, inode, device }
    } catch (error) {
      if (fd !== undefined) closeSync(fd)
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      return undefined
    }
    closeSync(fd)
    return undefined
  }

  #markDirty({ path }: Subtree): void {
    this.#dirty.push(path)
  }

  #count(last: EntryGlances): void {
    countEntry(this.#before, last)
  }

  /** Counts what the last point has in a directory that is not entered. */
  #countBelow(list: ListRef | undefined): void {
    for (const last of this.#lastEntries(list)) {
      this.#count(last)
      if (last.type === 'directory') this.#countBelow(last.decode().directory?.list)
    }
  }

  *#lastEntries(list: ListRef | undefined): Generator<EntryGlances, void, undefined> {
    if (list !== undefined) yield* this.#entriesOfPage(list.id, list.level)
  }

  *#entriesOfPage(id: Uint8Array, level: number): Generator<EntryGlances, void, undefined> {
    const bytes = this.#options.findPage(id)
    if (bytes === undefined) throw new PageAbsent()
    if (level === 0) {
      const entries = new EntryGlances(bytes, 'tree page')
      while (entries.next()) yield entries
      return
    }
    const page = decodePage(bytes, level, 'tree page')
    if ('links' in page) for (const link of page.links) yield* this.#entriesOfPage(link.id, level - 1)
  }
}

/** The own entries of one directory. */
class EntriesComparison {
  isDirty = false
  isUnsettled = false
  excluded = 0
  readonly unchanged = emptyTally()
  /** Directories that are entered, in order. */
  readonly directories: Subtree[] = []
  readonly #options: TreeComparisonOptions
  readonly #folder: Subtree
  readonly #fd: number
  readonly #device: number
  readonly #found: FoundGlance

  constructor(
    options: TreeComparisonOptions,
    found: FoundGlance,
    folder: Subtree,
    { fd, device }: { readonly fd: number; readonly device: number },
  ) {
    this.#options = options
    this.#found = found
    this.#folder = folder
    this.#fd = fd
    this.#device = device
  }

  /** A name that the last point does not have: new, unless it stays out. */
  addNew(name: string): void {
    if (this.isDirty) return
    if (this.#lookAt(name) && this.#judge(name) === 'out') this.excluded++
    else this.isDirty = true
  }

  /** Always false: there is nothing to enter. */
  addDeleted(): boolean {
    this.isDirty = true
    return false
  }

  /** True when it is a directory that is entered. */
  addKnown(name: string, last: EntryGlances): boolean {
    const found = this.#found
    if (!this.#lookAt(name) || this.#judge(name) !== 'in') {
      this.isDirty = true
      return false
    }
    if (isUnchanged(found, last, this.#options.lastScanStartedMs)) countEntry(this.unchanged, last)
    else this.isDirty = true
    if (found.type === 'directory') return this.#isEntered(name, last)
    this.#noteUnsettled()
    return false
  }

  #isEntered(name: string, last: EntryGlances): boolean {
    const { inode, device } = this.#found
    if (last.type !== 'directory' || inode !== last.inode) return false
    if (device !== this.#device && !this.#options.crossMounts) {
      // The walk tells which file systems it has not entered.
      this.isDirty = true
      return false
    }
    const list = last.decode().directory?.list
    this.directories.push({
      path: joinText(this.#folder.path, name),
      relative: relativeIn(this.#folder.relative, name),
      inode,
      list,
    })
    return true
  }

  /** False where the walk has to look by itself. */
  #lookAt(name: string): boolean {
    try {
      return this.#found.lookIn(this.#fd, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      return false
    }
  }

  #judge(name: string) {
    const { rules } = this.#options
    const isDirectory = this.#found.type === 'directory'
    if (!isDirectory && rules.isFreeName(utf8Of(name))) return 'in'
    return rules.judge(
      Buffer.from(joinText(this.#folder.path, name), 'latin1'),
      relativeIn(this.#folder.relative, name),
      isDirectory,
    )
  }

  #noteUnsettled(): void {
    const { linkCount, mtimeSec, mtimeNs, ctimeSec, ctimeNs } = this.#found
    const { scanStartedMs } = this.#options
    const isStill =
      isSettled({ sec: mtimeSec, ns: mtimeNs }, scanStartedMs) &&
      isSettled({ sec: ctimeSec, ns: ctimeNs }, scanStartedMs)
    if (linkCount > 1 || !isStill) this.isUnsettled = true
  }
}

/** Below 0 when the last entry comes before the name that is next: nothing of its name is there any more. */
function orderOf(last: EntryGlances, name: string | undefined): number {
  return name === undefined ? -1 : last.compareName(name)
}
