/**
 * Restores what was chosen in a point. For each target:
 *   1. room        enough on the file system, or nothing is begun
 *   2. folders     made empty and private, filled, and given their metadata when they are left (target-tree.ts)
 *   3. the rest    made whole in a private folder (staging.ts), verified, then renamed to its final name: new files by
 *                  worker threads (restore-pool.ts), everything else, and what they hand back, by the main thread
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
import type { RestoreAction } from './conflict.ts'
import type { ContentSource } from './content.ts'
import type { Destination } from './destinations.ts'
import { isDamage, isFatal, isSystemError, reasonOf, systemReason } from './failure.ts'
import { freeBytesOf, isNoSpace, noSpaceError } from './free-space.ts'
import { MetadataWriter } from './metadata.ts'
import { MetadataNotes } from './metadata-notes.ts'
import { checkSpace, planRestore } from './plan-restore.ts'
import { isListed, PooledFiles } from './pooled-files.ts'
import { type EntryPlace, EntryRestorer, type RestoreOptions } from './restore-entry.ts'
import { largeFileSizeBytes } from './restore-pool.ts'
import { EntryRefused } from './stage-entry.ts'
import { sourcePathOf, type TargetDirectory } from './target-directory.ts'
import { openNearest, targetError } from './target-folder.ts'
import { TargetTree } from './target-tree.ts'
import { type TreeVisitor, walkTree } from './walk-tree.ts'

export interface RestoreDeps {
  readonly source: ContentSource
  readonly random: Random
  /** Threads that restore files beside the main thread, where there is enough to do; 0: none. */
  readonly threadCount: number
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

const pooledFromFiles = 256
const pooledFromBytes = largeFileSizeBytes

/**
 * Restores to `destinations`; warnings go to `task`. Throws `restore.target`, `restore.no-space`,
 * `engine.worker-died`, what the vault throws, and the signal's reason: what was restored until then stays and is whole.
 */
export async function runRestore(
  deps: RestoreDeps,
  destinations: readonly Destination[],
  options: RestoreOptions,
  task: Task,
): Promise<RestoreResult> {
  task.setPhase('restore')
  task.expect(amountOf(destinations))
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
  const totalBytes = amountOf(destinations).bytes
  const isPlenty = destinations.every(({ directory }) => {
    using handle = openNearest(directory).handle
    return totalBytes < freeBytesOf(handle)
  })
  if (!isPlenty) checkSpace(await planRestore(deps.source, destinations, options, task, true))
}

/** Entries and bytes below the destinations, as the point says. */
function amountOf(destinations: readonly Destination[]): { readonly files: number; readonly bytes: number } {
  return {
    files: destinations.reduce((sum, { source }) => sum + 1 + (source.entry.directory?.entriesBelow ?? 0), 0),
    bytes: destinations.reduce((sum, { source }) => sum + bytesOf(source.entry), 0),
  }
}

function bytesOf(entry: Entry): number {
  return entry.sizeBytes ?? entry.directory?.bytesBelow ?? 0
}

class RestoreRun implements TreeVisitor<TargetDirectory> {
  readonly #deps: RestoreDeps
  readonly #options: RestoreOptions
  readonly #task: Task
  readonly #notes: MetadataNotes
  readonly #metadata: MetadataWriter
  readonly #counts: Record<RestoreAction, number> = { new: 0, same: 0, overwritten: 0, copied: 0, skipped: 0 }
  #entries: EntryRestorer
  /** Where there is enough to do for threads. */
  #pooled: PooledFiles | undefined
  #tree: TargetTree
  #directory: Buffer = Buffer.of()
  #failed = 0
  #folders = 0
  #bytes = 0

  constructor(deps: RestoreDeps, options: RestoreOptions, task: Task) {
    this.#deps = deps
    this.#options = options
    this.#task = task
    this.#notes = new MetadataNotes(task)
    this.#metadata = new MetadataWriter(options, (...loss) => this.#notes.tell(...loss))
    this.#entries = this.#entryRestorer()
    this.#tree = this.#targetTree()
  }

  finish(): RestoreResult {
    this.#notes.report()
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
    if (this.#options.only === 'changed' && isMissing(first.directory)) {
      this.#task.add({ files: group.length })
      return
    }
    using tree = this.#targetTree()
    this.#tree = tree
    // Workers act in folders of the tree: they end first.
    await using pooled = this.#startWorkers(amountOf(group))
    this.#pooled = pooled
    this.#entries = this.#entryRestorer()
    try {
      const root = tree.openRoot(first)
      for (const destination of group) await this.#restoreBelow(root, destination)
      if (first.names.length > 0) await this.leave(root)
    } catch (error) {
      throw isSystemError(error) ? this.#fatal(error, 0) : error
    } finally {
      this.#folders += tree.foldersMade
    }
  }

  enter(entry: Entry, parent: TargetDirectory): TargetDirectory | undefined {
    this.#task.add({ files: 1 })
    try {
      return this.#tree.enter(entry, parent)
    } catch (error) {
      this.#entryFailed(entry, parent, error)
      return undefined
    }
  }

  visit(entry: Entry, parent: TargetDirectory, encoded?: Uint8Array): Promise<void> | undefined {
    const pooled = this.#options.only === 'changed' ? undefined : this.#pooled
    if (encoded === undefined || pooled === undefined) return this.#visitHere(entry, parent)
    if (isListed(entry)) return this.#visitListed(entry, parent, pooled)
    return pooled.add(entry, parent, encoded) ? pooled.room() : this.#visitHere(entry, parent)
  }

  leave(folder: TargetDirectory): Promise<void> | undefined {
    if (this.#pooled !== undefined && this.#tree.endsStaging(folder)) return this.#leaveLast(folder, this.#pooled)
    this.#tree.leave(folder)
    return undefined
  }

  damaged(folder: TargetDirectory, error: unknown): void {
    this.#failed++
    this.#task.warn(fileWarning('file.damaged', sourcePathOf(folder), `its list of entries: ${reasonOf(error)}`))
  }

  /** Less work is done before a thread has started. */
  #startWorkers({ files, bytes }: { readonly files: number; readonly bytes: number }): PooledFiles | undefined {
    const { source, threadCount } = this.#deps
    if (source.extents === undefined || threadCount === 0) return undefined
    if (files < pooledFromFiles && bytes < pooledFromBytes) return undefined
    return new PooledFiles({
      extents: source.extents,
      metadata: this.#options,
      threadCount,
      tree: this.#tree,
      partLists: source.tree,
      notes: this.#notes,
      task: this.#task,
      onRestored: (sizeBytes) => {
        this.#counts.new++
        this.#bytes += sizeBytes
      },
      restoreHere: (entry, place) => this.#restoreEntry(entry, place),
    })
  }

  #entryRestorer(): EntryRestorer {
    const { signal } = this.#task
    const { source } = this.#deps
    return new EntryRestorer({
      source,
      signal,
      metadata: this.#metadata,
      notes: this.#notes,
      task: this.#task,
      options: this.#options,
      pool: this.#pooled?.pool,
    })
  }

  #targetTree(): TargetTree {
    return new TargetTree({ random: this.#deps.random, options: this.#options, metadata: this.#metadata })
  }

  async #restoreBelow(root: TargetDirectory, { source, names }: Destination): Promise<void> {
    const { entry, sourcePath } = source
    const { tree } = this.#deps.source
    let folder = root
    for (const name of names.slice(0, -1)) folder = this.#tree.descend(folder, name)
    const last = names.at(-1)
    if (last === undefined) {
      this.#task.add({ files: 1 })
      await walkTree(tree, entry, root, this, this.#task.signal)
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
      if (named !== undefined) await walkTree(tree, entry, named, this, this.#task.signal)
    } else {
      await this.visit(placed, parent)
    }
    for (let open = folder; open !== root && open.parent !== undefined; open = open.parent) await this.leave(open)
  }

  async #visitListed(entry: Entry, parent: TargetDirectory, pooled: PooledFiles): Promise<void> {
    if (await pooled.addListed(entry, parent)) await pooled.room()
    else await this.#visitHere(entry, parent)
  }

  async #visitHere(entry: Entry, parent: TargetDirectory): Promise<void> {
    try {
      const isTaken = !parent.wasEmpty && this.#tree.top.lstat(asBuffer(entry.name)) !== undefined
      // A worker may have given this name just now, where names that differ in case only are one: that is to be known first.
      if (isTaken && parent.state.filesUnderWay > 0) await this.#pooled?.idle()
      const place = { parent, folder: this.#tree.top, staging: this.#tree.stagingFor(parent) }
      await this.#restoreEntry(entry, place)
    } catch (error) {
      this.#entryFailed(entry, parent, error)
    }
    this.#task.add({ files: 1, bytes: entry.sizeBytes ?? 0, current: asBuffer(entry.name).toString() })
  }

  async #restoreEntry(entry: Entry, place: EntryPlace): Promise<void> {
    try {
      const action = await this.#entries.restore(entry, place)
      this.#counts[action]++
      if (action !== 'same' && action !== 'skipped') this.#bytes += entry.sizeBytes ?? 0
    } catch (error) {
      this.#entryFailed(entry, place.parent, error)
    }
  }

  /** Leaves a folder whose private folder goes: nothing is under way to any folder then. */
  async #leaveLast(folder: TargetDirectory, pooled: PooledFiles): Promise<void> {
    await pooled.idle()
    this.#tree.leave(folder)
  }

  /** Tells of one entry that was not restored; throws what ends the whole restore. */
  #entryFailed(entry: Entry, parent: TargetDirectory, error: unknown): void {
    const pathOf = (): Buffer => sourcePathOf(parent, asBuffer(entry.name))
    if (isDamage(error)) {
      this.#task.warn(fileWarning('file.damaged', pathOf(), reasonOf(error)))
    } else if (error instanceof EntryRefused) {
      this.#task.warn(fileWarning(error.code, pathOf(), error.message))
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

function isMissing(directory: Buffer): boolean {
  const { handle, missing } = openNearest(directory)
  handle.close()
  return missing.length > 0
}
