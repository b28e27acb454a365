/**
 * The folders of a target on the way of a restore: made empty and private, or found there and merged; filled; and given
 * their metadata when they are left and nothing is under way to them any more.
 */
import { asBuffer } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { Entry } from '../format/tree.ts'
import { type DirectoryHandle, thisFolder } from '../platform/directory-handle.ts'
import { fileTimeFromNs } from '../platform/posix.ts'
import { copyName } from './conflict.ts'
import type { Destination } from './destinations.ts'
import { isTaken } from './failure.ts'
import { FolderStack } from './folder-stack.ts'
import type { MetadataWriter } from './metadata.ts'
import type { RestoreOptions } from './restore-entry.ts'
import { EntryRefused } from './stage-entry.ts'
import { Staging } from './staging.ts'
import {
  type FolderState,
  newFolderState,
  putTimesBack,
  sourcePathOf,
  syncIfReadable,
  type TargetDirectory,
  targetDirectory,
} from './target-directory.ts'
import { makeOrOpen, openTarget } from './target-folder.ts'

export interface TargetTreeDeps {
  readonly random: Random
  readonly options: RestoreOptions
  readonly metadata: MetadataWriter
}

export class TargetTree implements Disposable {
  readonly #random: Random
  readonly #options: RestoreOptions
  readonly #metadata: MetadataWriter
  readonly #stack = new FolderStack()
  readonly #stagings = new Map<bigint, Staging>()
  /** Folders that were left while files were under way to them. */
  readonly #unfinished = new Set<DirectoryHandle>()
  #foldersMade = 0

  constructor({ random, options, metadata }: TargetTreeDeps) {
    this.#random = random
    this.#options = options
    this.#metadata = metadata
  }

  /** Folders that were made. */
  get foldersMade(): number {
    return this.#foldersMade
  }

  /** The innermost folder. */
  get top(): DirectoryHandle {
    return this.#stack.top
  }

  /** Opens the folder that destinations share, making what is missing. Throws `restore.target` and system errors. */
  openRoot({ source, directory, names }: Destination): TargetDirectory {
    const { handle, isEmpty, wasMade } = openTarget(directory)
    this.#stack.push(handle)
    const state = newFolderState()
    const staging = this.#openStaging(state)
    const takesMetadata = names.length === 0 && (isEmpty || this.#givesExistingMetadata(staging))
    return {
      parent: undefined,
      sourceName: source.sourcePath,
      entry: takesMetadata ? source.entry : undefined,
      existed: !wasMade,
      wasEmpty: isEmpty,
      published: new Set(),
      state,
    }
  }

  /** A folder between the target and an entry that keeps its place; it is not part of what was chosen. */
  descend(parent: TargetDirectory, name: Buffer): TargetDirectory {
    this.#stack.push(makeOrOpen(this.top, name))
    return {
      parent,
      sourceName: name,
      entry: undefined,
      existed: true,
      wasEmpty: false,
      published: new Set(),
      state: newFolderState(),
    }
  }

  /**
   * Enters the folder for `entry`; undefined: it and all below are not to be restored. Throws EntryRefused and system
   * errors, and is where it was then.
   */
  enter(entry: Entry, parent: TargetDirectory): TargetDirectory | undefined {
    const { only, conflict } = this.#options
    const name = asBuffer(entry.name)
    const existing = parent.wasEmpty ? undefined : this.top.lstat(name)
    if (existing === undefined) return only === 'changed' ? undefined : this.#makeFolder(entry, name, parent)
    if (existing.isDirectory() && !parent.published.has(existing.ino)) return this.#openFolder(entry, name, parent)
    if (only === 'missing' || conflict === 'skip') throw new EntryRefused('something else than a folder is there')
    if (conflict === 'overwrite' && !parent.published.has(existing.ino)) {
      const aside = this.stagingFor(parent).takeAside(this.top, name)
      try {
        return this.#makeFolder(entry, name, parent)
      } catch (error) {
        aside.putBack()
        throw error
      }
    }
    return this.#enterCopy(entry, name, parent)
  }

  /** True when nothing must be under way to any folder when `folder` is left: its private folder goes. */
  endsStaging(folder: TargetDirectory): boolean {
    return folder.state.staging !== undefined
  }

  /** Leaves the innermost folder; what is under way to it finishes it later (`finishFile`). */
  leave(folder: TargetDirectory): void {
    const { device } = this.#stack
    const handle = this.#stack.leave()
    const finish = (): void => {
      this.#unfinished.delete(handle)
      using open = handle
      this.#finish(folder, open, device)
    }
    this.#unfinished.add(handle)
    if (folder.state.filesUnderWay === 0) finish()
    else folder.state.finish = finish
  }

  /** A file that was under way to the folder is not any more. */
  finishFile({ state }: TargetDirectory): void {
    state.filesUnderWay--
    if (state.filesUnderWay === 0) state.finish?.()
  }

  /** The private folder on the file system of the innermost folder: what is made there can be renamed to here. */
  stagingFor({ state }: TargetDirectory): Staging {
    return this.#stagings.get(this.#stack.device) ?? this.#openStaging(state)
  }

  /** Closes what is open, and tidies up after a failure. */
  [Symbol.dispose](): void {
    for (const handle of this.#unfinished) handle.close()
    this.#stack[Symbol.dispose]()
    for (const staging of this.#stagings.values()) staging[Symbol.dispose]()
    this.#stagings.clear()
  }

  #finish(folder: TargetDirectory, handle: DirectoryHandle, device: bigint): void {
    const { entry, existed, state } = folder
    const { staging, timesBefore, isChanged } = state
    const syncsOneByOne = this.#stagings.get(device)?.syncsOneByOne ?? false
    if (syncsOneByOne && isChanged) syncIfReadable(handle)
    if (staging !== undefined) {
      staging.finish()
      this.#stagings.delete(device)
    }
    if (entry !== undefined) {
      this.#metadata.apply(handle.pathOf(thisFolder), entry, { existed }, () => sourcePathOf(folder))
    }
    if (entry === undefined && timesBefore !== undefined && !isChanged) putTimesBack(handle, timesBefore)
    // Otherwise the sync of the file system comes later.
    if (entry !== undefined && (staging !== undefined || syncsOneByOne)) syncIfReadable(handle)
  }

  #enterCopy(entry: Entry, name: Buffer, parent: TargetDirectory): TargetDirectory {
    for (let attempt = 1; ; attempt++) {
      const copy = copyName(name, this.#options.copyTimeMs, attempt)
      const existing = this.top.lstat(copy)
      if (existing === undefined) return this.#makeFolder(entry, copy, parent)
      if (existing.isDirectory() && !parent.published.has(existing.ino)) return this.#openFolder(entry, copy, parent)
    }
  }

  /** Makes the folder where nobody else can reach it, then moves it to its name: it is ours for certain. */
  #makeFolder(entry: Entry, name: Buffer, parent: TargetDirectory): TargetDirectory {
    const staging = this.stagingFor(parent)
    const staged = staging.newName()
    const handle = staging.handle.makeChild(staged, this.#options.metadata ? 0o700 : 0o777)
    try {
      staging.publish(staged, this.top, name, false)
    } catch (error) {
      handle.close()
      staging.handle.rmdir(staged)
      if (!isTaken(error)) throw error
      return this.#enterCopy(entry, name, { ...parent, wasEmpty: false })
    }
    parent.state.isChanged = true
    this.#push(handle, parent)
    this.#foldersMade++
    return targetDirectory(entry, parent, { existed: false, givesMetadata: true })
  }

  #openFolder(entry: Entry, name: Buffer, parent: TargetDirectory): TargetDirectory {
    this.#push(this.top.openChild(name), parent)
    return targetDirectory(entry, parent, {
      existed: true,
      givesMetadata: this.#givesExistingMetadata(this.#stagings.values().next().value),
    })
  }

  #push(handle: DirectoryHandle, parent: TargetDirectory): void {
    this.#stack.push(handle)
    const inode = handle.lstat(thisFolder)?.ino
    if (inode !== undefined && !parent.wasEmpty) parent.published.add(inode)
  }

  /** Folders that were there are merged; what only adds or leaves alone does not change them. */
  #givesExistingMetadata(staging: Staging | undefined): boolean {
    const { only, conflict } = this.#options
    return (only === undefined && conflict !== 'skip') || (staging?.foundUnfinished ?? false)
  }

  #openStaging(state: FolderState): Staging {
    const { device } = this.#stack
    const stats = this.top.lstat(thisFolder)
    if (stats !== undefined) {
      state.timesBefore = { atime: fileTimeFromNs(stats.atimeNs), mtime: fileTimeFromNs(stats.mtimeNs) }
    }
    const staging = Staging.open(this.top, this.#random)
    this.#stagings.set(device, staging)
    state.staging = staging
    return staging
  }
}
