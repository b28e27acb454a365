/**
 * Walks the protected folders beside the tree of the last point and builds the new tree. What is
 * unchanged is taken over by its bytes, a directory without a change by its pages; only new and
 * changed files go to the engine. The walk runs ahead of the engine, bounded by its back-pressure;
 * directories are finished in the order of the tree.
 */
import { readlinkSync } from 'node:fs'
import { yieldToEventLoop } from '../base/event-loop.ts'
import type { EncodedEntry } from '../cache/tree-reader.ts'
import { sha256 } from '../codec/block-id.ts'
import type { Engine } from '../engine/engine.ts'
import type { ListRef } from '../format/paged-list.ts'
import { type DirectorySection, type Entry, encodeEntry, type Origin } from '../format/tree.ts'
import { type AnchoredPath, anchoredPath } from '../platform/anchored-path.ts'
import { fileSystemId } from '../platform/file-system-id.ts'
import { isSettled, isUnchanged } from '../source/compare-entry.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { joinPath, listDirectory, lookAt } from '../source/list-directory.ts'
import { readMetadata } from '../source/read-metadata.ts'
import { CaptureCounts } from './capture-counts.ts'
import { DirectoryBuilder, type DirectoryBuilderDeps } from './directory-builder.ts'
import { FileCapturer, type FileReport } from './file-capturer.ts'
import type { SourceRules } from './look-at-folders.ts'
import type { SourceFolder } from './plan-sources.ts'
import { type Slot, SlotQueue } from './slot-queue.ts'

export interface CaptureTreeOptions extends DirectoryBuilderDeps {
  readonly engine: Engine
  readonly lastScanStartedMs: number
  readonly crossMounts: boolean
  readonly rules: SourceRules
  readonly report: FileReport
  readonly checkpoint: () => void
}

export interface CapturedTree {
  readonly root: ListRef | undefined
  /** Entries captured below each folder, at all depths. */
  readonly entriesIn: ReadonlyMap<SourceFolder, number>
}

/** A directory under way. */
interface Folder {
  /** Absolute, raw bytes. */
  readonly path: Buffer
  /** Path below the protected folder, as exclusions see it. */
  readonly relative: string
  readonly found: FoundEntry
}

/** A directory that is being listed; `openPath` is short enough for the system (anchored-path). */
interface OpenFolder extends Folder {
  readonly openPath: Buffer
}

/** Work on one directory: its entries are all submitted; `done` resolves when they are captured. */
interface Pending {
  readonly done: Promise<DirectorySection>
}

/** So many entries are looked at between two turns of the event loop. */
const entriesPerTurn = 256

const emptySection: DirectorySection = { entriesBelow: 0, bytesBelow: 0 }

export class TreeCapture {
  readonly counts = new CaptureCounts()
  readonly #options: CaptureTreeOptions
  readonly #files: FileCapturer
  readonly #volumes = new Map<bigint, number>()
  #entriesSinceTurn = 0

  constructor(options: CaptureTreeOptions) {
    this.#options = options
    this.#files = new FileCapturer(options.engine, options.report, this.counts)
  }

  /**
   * Captures all folders: the root list, and how much each folder holds.
   * Throws `engine.*`, `cache.*`, or the abort reason.
   */
  async run(folders: readonly SourceFolder[]): Promise<CapturedTree> {
    const sorted = folders.toSorted((a, b) => Buffer.compare(a.label, b.label))
    const root = new SlotQueue(new DirectoryBuilder(this.#options, undefined))
    const sections = new Map<SourceFolder, Promise<DirectorySection>>()
    for (const folder of sorted) {
      const { label, origin, found, previous } = folder
      const path = Buffer.from(origin.path)
      const pending = await this.#walk({ path, relative: '', found }, previous?.directory)
      sections.set(folder, pending.done)
      await root.add(
        this.#directorySlot({
          name: label,
          path,
          fullPath: path,
          found,
          previous: undefined,
          reuse: previous,
          pending,
          origin,
        }),
      )
    }
    const { list } = await root.finish()
    const entriesIn = new Map<SourceFolder, number>()
    for (const [folder, section] of sections) entriesIn.set(folder, (await section).entriesBelow)
    return { root: list, entriesIn }
  }

  /** The entries of one directory, depth first. */
  async #walk(directory: Folder, previous: DirectorySection | undefined): Promise<Pending> {
    const { checkpoint, tree } = this.#options
    checkpoint()
    using opened = this.#open(directory)
    if (opened === undefined) return { done: Promise.resolve(emptySection) }
    const { folder, names } = opened
    const queue = new SlotQueue(new DirectoryBuilder(this.#options, previous))
    const before = tree.entries(previous?.list)
    let old = await before.next()
    for (const text of names) {
      const name = Buffer.from(text, 'latin1')
      while (old.done !== true && Buffer.compare(old.value.entry.name, name) < 0) {
        await this.#deleted(old.value.entry, queue)
        old = await before.next()
      }
      const match = old.done !== true && Buffer.compare(old.value.entry.name, name) === 0 ? old.value : undefined
      if (match !== undefined) old = await before.next()
      const slot = await this.#entry(folder, name, match)
      if (slot !== undefined) await queue.add(slot)
      else if (match !== undefined) await queue.markChanged()
    }
    for (; old.done !== true; old = await before.next()) await this.#deleted(old.value.entry, queue)
    const done = queue.finish()
    // It is awaited by its parent's turn; a failure before that is the same failure.
    done.catch(() => {})
    return { done }
  }

  async #deleted(entry: Entry, queue: SlotQueue): Promise<void> {
    this.counts.addDeleted(entry)
    await queue.markChanged()
  }

  async #entry(folder: OpenFolder, name: Buffer, match: EncodedEntry | undefined): Promise<Slot | undefined> {
    const { rules, report, engine, lastScanStartedMs, crossMounts } = this.#options
    await this.#breathe()
    const fullPath = joinPath(folder.path, name)
    const path = folder.openPath === folder.path ? fullPath : joinPath(folder.openPath, name)
    let found: FoundEntry | undefined
    try {
      found = lookAt(path)
    } catch (error) {
      report.unreadable(fullPath, (error as Error).message)
      return undefined
    }
    if (found === undefined) {
      report.vanished(fullPath)
      return undefined
    }
    const relative = folder.relative === '' ? name.toString() : `${folder.relative}/${name.toString()}`
    const isDirectory = found.type === 'directory'
    const verdict = rules.judge(fullPath, relative, isDirectory)
    if (verdict !== 'in') this.counts.excluded++
    if (verdict === 'out') return undefined
    if (isDirectory) {
      const isForeign = found.device !== folder.found.device && !crossMounts
      if (isForeign) this.counts.mountsNotEntered.push(fullPath)
      const pending: Pending =
        isForeign || verdict === 'folder-only'
          ? { done: Promise.resolve(emptySection) }
          : await this.#walk({ path: fullPath, relative, found }, match?.entry.directory)
      return this.#directorySlot({ name, path, fullPath, found, previous: match, reuse: match?.entry, pending })
    }
    this.counts.addSeen(found)
    report.seen(fullPath, found)
    if (match !== undefined && isUnchanged(found, match.entry, lastScanStartedMs)) {
      return {
        name,
        now: { encoded: match.encoded, sizeBytes: match.entry.sizeBytes ?? 0, entriesBelow: 0 },
        previous: match.encoded,
      }
    }
    const volume = found.linkCount > 1 ? this.#volumeOf(found.device, folder.openPath) : 0
    if (found.type !== 'file') return this.#special({ path, fullPath, name, found, volume })
    if (engine.isFull) await engine.room()
    this.#options.checkpoint()
    return this.#files.capture({
      name,
      path: fullPath,
      found,
      volume,
      previous: match?.entry.type === 'file' ? match.entry.content : undefined,
    })
  }

  /** A symbolic link, FIFO, socket or device: recorded, never read. */
  #special(special: {
    readonly path: Buffer
    readonly fullPath: Buffer
    readonly name: Buffer
    readonly found: FoundEntry
    readonly volume: number
  }): Slot | undefined {
    const { path, fullPath, name, found, volume } = special
    const { report } = this.#options
    try {
      const { posix, problem } = readMetadata(found, path)
      if (problem !== undefined) report.metadataUnreadable(fullPath, problem)
      const encoded = encodeEntry({
        name,
        type: found.type,
        mtime: found.mtime,
        ctime: found.ctime,
        ...(found.birth && { birth: found.birth }),
        inode: found.inode,
        posix,
        ...(found.type === 'symlink' && { linkTarget: readlinkSync(path, { encoding: 'buffer' }) }),
        ...(found.linkCount > 1 && { linkGroup: { volume, inode: found.inode } }),
      })
      this.counts.othersChanged++
      return { name, now: { encoded, sizeBytes: 0, entriesBelow: 0 }, previous: undefined }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') report.vanished(fullPath)
      else report.unreadable(fullPath, (error as Error).message)
      return undefined
    }
  }

  #directorySlot(directory: {
    readonly name: Uint8Array
    readonly path: Buffer
    readonly fullPath: Buffer
    readonly found: FoundEntry
    /** The entry that stood here, to be compared with. */
    readonly previous: EncodedEntry | undefined
    /** The entry whose attributes are still true when its ctime is. */
    readonly reuse: Entry | undefined
    readonly pending: Pending
    readonly origin?: Origin
  }): Slot {
    const { name, path, fullPath, found, previous, reuse, pending, origin } = directory
    this.counts.directories++
    const isSame =
      reuse?.ctime.sec === found.ctime.sec &&
      reuse.ctime.ns === found.ctime.ns &&
      isSettled(found.ctime, this.#options.lastScanStartedMs)
    const { posix, problem } = isSame ? { posix: reuse.posix, problem: undefined } : readMetadata(found, path)
    if (problem !== undefined) this.#options.report.metadataUnreadable(fullPath, problem)
    const encoded = pending.done.then((section) => ({
      encoded: encodeEntry({
        name,
        type: 'directory',
        mtime: found.mtime,
        ctime: found.ctime,
        ...(found.birth && { birth: found.birth }),
        inode: found.inode,
        posix,
        directory: section,
        ...(origin && { origin }),
      }),
      sizeBytes: section.bytesBelow,
      entriesBelow: section.entriesBelow,
    }))
    encoded.catch(() => {})
    return { name, later: encoded, previous: previous?.encoded }
  }

  /** Where nothing has changed nothing is waited for: without this no signal is heard and no progress shown. */
  async #breathe(): Promise<void> {
    this.#entriesSinceTurn++
    if (this.#entriesSinceTurn < entriesPerTurn) return
    this.#entriesSinceTurn = 0
    await yieldToEventLoop()
    this.#options.checkpoint()
  }

  /** Lists a directory; undefined when there is nothing to walk: it is gone, unreadable, or its content stays out. */
  #open(
    directory: Folder,
  ): (Disposable & { readonly folder: OpenFolder; readonly names: readonly string[] }) | undefined {
    const { report, rules } = this.#options
    const { path, relative } = directory
    let anchored: AnchoredPath | undefined
    try {
      anchored = anchoredPath(path)
      const openPath = anchored.path
      const names = listDirectory(openPath)
      if (rules.judgeContent(path, openPath, relative, names) === 'in') {
        const close = anchored
        return { folder: { ...directory, openPath }, names, [Symbol.dispose]: () => close[Symbol.dispose]() }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') report.vanished(path)
      else report.unreadable(path, (error as Error).message)
    }
    anchored?.[Symbol.dispose]()
    return undefined
  }

  /**
   * A number for the file system behind `device`, which `path` lies on: the same in every point, since unchanged
   * entries keep theirs.
   */
  #volumeOf(device: bigint, path: Buffer): number {
    let volume = this.#volumes.get(device)
    if (volume === undefined) {
      volume = sha256(Buffer.from(fileSystemId(path), 'utf8')).readUIntBE(0, 6)
      this.#volumes.set(device, volume)
    }
    return volume
  }
}
