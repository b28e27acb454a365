/**
 * Restores what was chosen in a point. For each target:
 *   1. room        enough on the file system, or nothing is begun
 *   2. folders     made empty and private, filled, and given their metadata when they are left
 *   3. the rest    made whole in a private folder (staging.ts), verified, then renamed to its final name
 *   4. durable     the file system is synced, then the private folder is removed
 * Killed at any moment, no final name holds wrong content, and the same call made again finishes the work: what is
 * the same already is left alone. Everything happens relative to open folders; links in the target are not followed.
 */

import type { AgentError } from '../base/agent-error.ts'
import { asBuffer } from '../base/bytes.ts'
import { fileWarning } from '../base/file-warning.ts'
import type { Random } from '../base/random.ts'
import type { Task } from '../base/task.ts'
import type { Entry } from '../format/tree.ts'
import { type DirectoryHandle, thisFolder } from '../platform/directory-handle.ts'
import { fileTimeFromNs } from '../platform/posix.ts'
import { copyName, type RestoreAction } from './conflict.ts'
import type { ContentSource } from './content.ts'
import type { Destination } from './destinations.ts'
import { isDamage, isSystemError, isTaken, reasonOf, systemReason } from './failure.ts'
import { FolderStack } from './folder-stack.ts'
import { freeBytesOf, isNoSpace, noSpaceError } from './free-space.ts'
import { MetadataWriter } from './metadata.ts'
import { checkSpace, planRestore } from './plan-restore.ts'
import { EntryRestorer, type RestoreOptions } from './restore-entry.ts'
import { EntryRefused } from './stage-entry.ts'
import { Staging } from './staging.ts'
import {
  type FolderState,
  putTimesBack,
  sourcePathOf,
  syncIfReadable,
  type TargetDirectory,
  targetDirectory,
} from './target-directory.ts'
import { makeOrOpen, openNearest, openTarget, targetError } from './target-folder.ts'
import { type TreeVisitor, walkTree } from './walk-tree.ts'

export interface RestoreDeps {
  readonly source: ContentSource
  readonly random: Random
}

/** Counts of entries that are no folders; `restored` = new + overwritten + copied. */
export interface RestoreResult extends Readonly<Record<RestoreAction, number>> {
  readonly restored: number
  /** Entries and folders that could not be restored; each has a warning. */
  readonly failed: number
  /** Folders that were made. */
  readonly folders: number
  /** Bytes of the files that were written and verified. */
  readonly bytes: number
}

/**
 * Restores to `destinations`; warnings go to `task`. Throws `restore.target`, `restore.no-space`, what the vault throws,
 * and the signal's reason: what was restored until then stays and is whole.
 */
export async function runRestore(
  deps: RestoreDeps,
  destinations: readonly Destination[],
  options: RestoreOptions,
  task: Task,
): Promise<RestoreResult> {
  task.setPhase('restore')
  task.expect({
    files: destinations.reduce((sum, { source }) => sum + 1 + (source.entry.directory?.entriesBelow ?? 0), 0),
    bytes: destinations.reduce((sum, { source }) => sum + bytesOf(source.entry), 0),
  })
  await ensureSpace(deps, destinations, options, task)
  const byDirectory = Map.groupBy(destinations, ({ directory }) => directory.toString('latin1'))
  const run = new RestoreRun(deps, options, task)
  for (const group of byDirectory.values()) await run.restoreInto(group)
  return run.finish()
}

/** The whole plan is only made when what the point says of itself might not fit. */
async function ensureSpace(
  deps: RestoreDeps,
  destinations: readonly Destination[],
  options: RestoreOptions,
  task: Task,
): Promise<void> {
  const totalBytes = destinations.reduce((sum, { source }) => sum + bytesOf(source.entry), 0)
  const isPlenty = destinations.every(({ directory }) => {
    using handle = openNearest(directory).handle
    return totalBytes < freeBytesOf(handle)
  })
  if (!isPlenty) checkSpace(await planRestore(deps.source, destinations, options, task, true))
}

function bytesOf(entry: Entry): number {
  return entry.sizeBytes ?? entry.directory?.bytesBelow ?? 0
}

class RestoreRun implements TreeVisitor<TargetDirectory> {
  readonly #deps: RestoreDeps
  readonly #options: RestoreOptions
  readonly #task: Task
  readonly #metadata: MetadataWriter
  readonly #entries: EntryRestorer
  readonly #counts: Record<RestoreAction, number> = { new: 0, same: 0, overwritten: 0, copied: 0, skipped: 0 }
  readonly #stagings = new Map<bigint, Staging>()
  #stack = new FolderStack()
  #directory: Buffer = Buffer.of()
  #failed = 0
  #folders = 0
  #bytes = 0

  constructor(deps: RestoreDeps, options: RestoreOptions, task: Task) {
    this.#deps = deps
    this.#options = options
    this.#task = task
    this.#metadata = new MetadataWriter(task, options)
    this.#entries = new EntryRestorer({ ...deps, metadata: this.#metadata, options, signal: task.signal })
  }

  finish(): RestoreResult {
    this.#metadata.report()
    const { new: made, overwritten, copied } = this.#counts
    return {
      ...this.#counts,
      restored: made + overwritten + copied,
      failed: this.#failed,
      folders: this.#folders,
      bytes: this.#bytes,
    }
  }

  /** Restores destinations that share a directory. */
  async restoreInto(group: readonly Destination[]): Promise<void> {
    const [first] = group
    if (first === undefined) return
    this.#directory = first.directory
    if (this.#options.only === 'changed' && openedMissing(first.directory)) {
      this.#task.add({ files: group.length })
      return
    }
    using stack = new FolderStack()
    this.#stack = stack
    try {
      const root = this.#openRoot(first)
      for (const destination of group) await this.#restoreBelow(root, destination)
      if (first.names.length > 0) this.leave(root)
    } catch (error) {
      throw isSystemError(error) ? this.#fatal(error, 0) : error
    } finally {
      for (const staging of this.#stagings.values()) staging[Symbol.dispose]()
      this.#stagings.clear()
    }
  }

  enter(entry: Entry, parent: TargetDirectory): TargetDirectory | undefined {
    const name = asBuffer(entry.name)
    this.#task.add({ files: 1 })
    try {
      return this.#enter(entry, name, parent)
    } catch (error) {
      this.#entryFailed(entry, parent, error)
      return undefined
    }
  }

  async visit(entry: Entry, parent: TargetDirectory): Promise<void> {
    try {
      const place = { parent, folder: this.#stack.top, staging: this.#stagingHere(parent) }
      const action = await this.#entries.restore(entry, place)
      this.#counts[action]++
      if (action !== 'same' && action !== 'skipped') this.#bytes += entry.sizeBytes ?? 0
    } catch (error) {
      this.#entryFailed(entry, parent, error)
    }
    this.#task.add({ files: 1, bytes: entry.sizeBytes ?? 0, current: asBuffer(entry.name).toString() })
  }

  leave(folder: TargetDirectory): void {
    const { entry, state } = folder
    const { staging, timesBefore, isChanged } = state
    const device = this.#stack.device
    const syncsOneByOne = this.#stagings.get(device)?.syncsOneByOne ?? false
    this.#stack.leave((handle) => {
      if (syncsOneByOne && isChanged) syncIfReadable(handle)
      if (staging !== undefined) {
        staging.finish()
        this.#stagings.delete(device)
      }
      if (entry !== undefined) {
        this.#metadata.apply(handle.pathOf(thisFolder), entry, folder.existed, () => sourcePathOf(folder))
      }
      if (entry === undefined && timesBefore !== undefined && !isChanged) putTimesBack(handle, timesBefore)
      // Otherwise the sync of the file system comes later.
      if (entry !== undefined && (staging !== undefined || syncsOneByOne)) syncIfReadable(handle)
    })
  }

  damaged(folder: TargetDirectory, error: unknown): void {
    this.#failed++
    this.#task.warn(fileWarning('file.damaged', sourcePathOf(folder), `its list of entries: ${reasonOf(error)}`))
  }

  #openRoot({ source, directory, names }: Destination): TargetDirectory {
    const { handle, isEmpty, wasMade } = openTarget(directory)
    this.#stack.push(handle)
    const state: FolderState = { isChanged: false }
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

  async #restoreBelow(root: TargetDirectory, { source, names }: Destination): Promise<void> {
    const { entry, sourcePath } = source
    let folder = root
    for (const name of names.slice(0, -1)) folder = this.#descend(folder, name)
    const last = names.at(-1)
    if (last === undefined) {
      await walkTree(this.#deps.source.tree, entry, root, this, this.#task.signal)
      return
    }
    const placed = { ...entry, name: last }
    // In warnings the entry is called by its path on the source.
    const parent = {
      ...folder,
      parent: undefined,
      sourceName: sourcePath.subarray(0, sourcePath.lastIndexOf(0x2f) + 1),
    }
    if (entry.type === 'directory') {
      const entered = this.enter(placed, parent)
      const named = entered && { ...entered, parent: undefined, sourceName: sourcePath }
      if (named !== undefined) await walkTree(this.#deps.source.tree, entry, named, this, this.#task.signal)
    } else {
      await this.visit(placed, parent)
    }
    for (let open = folder; open !== root && open.parent !== undefined; open = open.parent) this.leave(open)
  }

  /** A folder between the target and an entry that keeps its place; it is not part of what was chosen. */
  #descend(parent: TargetDirectory, name: Buffer): TargetDirectory {
    this.#stack.push(makeOrOpen(this.#stack.top, name))
    return {
      parent,
      sourceName: name,
      entry: undefined,
      existed: true,
      wasEmpty: false,
      published: new Set(),
      state: { isChanged: false },
    }
  }

  #enter(entry: Entry, name: Buffer, parent: TargetDirectory): TargetDirectory | undefined {
    const { only, conflict } = this.#options
    const existing = parent.wasEmpty ? undefined : this.#stack.top.lstat(name)
    if (existing === undefined) return only === 'changed' ? undefined : this.#makeFolder(entry, name, parent)
    if (existing.isDirectory() && !parent.published.has(existing.ino)) return this.#openFolder(entry, name, parent)
    if (only === 'missing' || conflict === 'skip') {
      this.#task.warn(fileWarning('file.not-restored', sourcePathOf(parent, name), folderInTheWay))
      this.#failed++
      return undefined
    }
    if (conflict === 'overwrite' && !parent.published.has(existing.ino)) {
      const aside = this.#stagingHere(parent).takeAside(this.#stack.top, name)
      try {
        return this.#makeFolder(entry, name, parent)
      } catch (error) {
        aside.putBack()
        throw error
      }
    }
    return this.#enterCopy(entry, name, parent)
  }

  #enterCopy(entry: Entry, name: Buffer, parent: TargetDirectory): TargetDirectory {
    for (let attempt = 1; ; attempt++) {
      const copy = copyName(name, this.#options.copyTimeMs, attempt)
      const existing = this.#stack.top.lstat(copy)
      if (existing === undefined) return this.#makeFolder(entry, copy, parent)
      if (existing.isDirectory() && !parent.published.has(existing.ino)) return this.#openFolder(entry, copy, parent)
    }
  }

  /** Makes the folder where nobody else can reach it, then moves it to its name: it is ours for certain. */
  #makeFolder(entry: Entry, name: Buffer, parent: TargetDirectory): TargetDirectory {
    const staging = this.#stagingHere(parent)
    const staged = staging.newName()
    const handle = staging.handle.makeChild(staged, this.#options.metadata ? 0o700 : 0o777)
    try {
      staging.publish(staged, this.#stack.top, name, false)
    } catch (error) {
      handle.close()
      staging.handle.rmdir(staged)
      if (!isTaken(error)) throw error
      return this.#enterCopy(entry, name, { ...parent, wasEmpty: false })
    }
    parent.state.isChanged = true
    this.#pushed(handle, parent)
    this.#folders++
    return targetDirectory(entry, parent, { existed: false, givesMetadata: true })
  }

  #openFolder(entry: Entry, name: Buffer, parent: TargetDirectory): TargetDirectory {
    this.#pushed(this.#stack.top.openChild(name), parent)
    return targetDirectory(entry, parent, {
      existed: true,
      givesMetadata: this.#givesExistingMetadata(this.#stagings.values().next().value),
    })
  }

  #pushed(handle: DirectoryHandle, parent: TargetDirectory): void {
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
    const { top, device } = this.#stack
    const stats = top.lstat(thisFolder)
    if (stats !== undefined) {
      state.timesBefore = { atime: fileTimeFromNs(stats.atimeNs), mtime: fileTimeFromNs(stats.mtimeNs) }
    }
    const staging = Staging.open(top, this.#deps.random)
    this.#stagings.set(device, staging)
    state.staging = staging
    return staging
  }

  /** The private folder on the file system of the innermost folder: what is made there can be renamed to here. */
  #stagingHere({ state }: TargetDirectory): Staging {
    return this.#stagings.get(this.#stack.device) ?? this.#openStaging(state)
  }

  /** Tells of one entry that was not restored; throws what ends the whole restore. */
  #entryFailed(entry: Entry, parent: TargetDirectory, error: unknown): void {
    const pathOf = (): Buffer => sourcePathOf(parent, asBuffer(entry.name))
    if (isDamage(error)) {
      this.#task.warn(fileWarning('file.damaged', pathOf(), reasonOf(error)))
    } else if (error instanceof EntryRefused) {
      this.#task.warn(fileWarning('file.not-restored', pathOf(), error.message))
    } else if (isSystemError(error) && !isFatal(error)) {
      this.#task.warn(fileWarning('file.not-restored', pathOf(), systemReason(error)))
    } else {
      throw isSystemError(error) ? this.#fatal(error, bytesOf(entry)) : error
    }
    this.#failed++
  }

  #fatal(error: NodeJS.ErrnoException & { readonly code: string }, neededBytes: number): AgentError {
    if (!isNoSpace(error)) return targetError(this.#directory, error)
    using handle = openNearest(this.#directory).handle
    return noSpaceError(this.#directory, neededBytes, freeBytesOf(handle), error)
  }
}

const folderInTheWay = 'something else than a folder is there'

/** Concerns the whole target, not one entry. */
function isFatal(error: { readonly code: string }): boolean {
  return isNoSpace(error) || error.code === 'EROFS' || error.code === 'ESTALE'
}

function openedMissing(directory: Buffer): boolean {
  const { handle, missing } = openNearest(directory)
  handle.close()
  return missing.length > 0
}
