/**
 * Looks at point and target and says what a restore would do; changes nothing. It decides as run-restore.ts does.
 * Folders are merged and not counted.
 */
import { AgentError } from '../base/agent-error.ts'
import { asBuffer } from '../base/bytes.ts'
import type { Task } from '../base/task.ts'
import type { Entry } from '../format/tree.ts'
import type { DirectoryHandle } from '../platform/directory-handle.ts'
import { type Comparison, type ConflictRules, copyName, decideAction, type RestoreAction } from './conflict.ts'
import { type ContentSource, occupiedBytes } from './content.ts'
import type { Destination } from './destinations.ts'
import { isDamage, isSystemError, reasonOf, systemReason } from './failure.ts'
import { FolderStack } from './folder-stack.ts'
import { freeBytesOf, noSpaceError } from './free-space.ts'
import { joinPath } from './resolve-path.ts'
import { deviceOf, openNearest, targetError } from './target-folder.ts'
import { type TreeVisitor, walkTree } from './walk-tree.ts'

/** Room on one file system. */
export interface PlannedSpace {
  /** The first target on it. */
  readonly directory: Buffer
  readonly neededBytes: number
  readonly freeBytes: number
}

export interface PlanExample {
  /** Where the entry would go, raw bytes. */
  readonly path: Buffer
  readonly action: Exclude<RestoreAction, 'new' | 'same'> | 'unreadable'
  /** What is known beyond the action. */
  readonly reason?: string
}

export interface RestorePlan {
  /** Counts of entries that are no folders. */
  readonly counts: Readonly<Record<RestoreAction, number>>
  /** What cannot be planned: damaged lists, targets that cannot be looked at. */
  readonly unreadable: number
  /** Bytes of the files that would be written. */
  readonly bytes: number
  readonly space: readonly PlannedSpace[]
  /** The first 20 that would neither simply be new nor stay as they are. */
  readonly examples: readonly PlanExample[]
}

const maxExamples = 20

/**
 * The plan for `destinations`; `quick`: equal size and mtime are taken for equal content, and nothing in the target is
 * read. Throws `restore.target`, what the vault throws, and the signal's reason.
 */
export async function planRestore(
  source: ContentSource,
  destinations: readonly Destination[],
  rules: ConflictRules,
  task: Pick<Task, 'signal'>,
  quick = false,
): Promise<RestorePlan> {
  const planner = new Planner(source, { rules, source, signal: task.signal, quick })
  for (const destination of destinations) await planner.plan(destination)
  return planner.finish()
}

/** Throws `restore.no-space` when a file system of the plan has not enough room. */
export function checkSpace(plan: RestorePlan): void {
  for (const { directory, neededBytes, freeBytes } of plan.space) {
    if (neededBytes > freeBytes) throw noSpaceError(directory, neededBytes, freeBytes)
  }
}

interface PlannedFolder {
  readonly parent: PlannedFolder | undefined
  readonly path: Buffer
  /** False: nothing is there, all below is new. */
  readonly exists: boolean
}

interface SpaceCount {
  readonly directory: Buffer
  readonly freeBytes: number
  neededBytes: number
  /** A file that is replaced stands beside its successor for a moment. */
  largestReplacedBytes: number
}

class Planner implements TreeVisitor<PlannedFolder> {
  readonly #source: ContentSource
  readonly #rules: ConflictRules
  readonly #comparison: Comparison
  readonly #counts: Record<RestoreAction, number> = { new: 0, same: 0, overwritten: 0, copied: 0, skipped: 0 }
  readonly #examples: PlanExample[] = []
  readonly #spaces = new Map<bigint, SpaceCount>()
  #stack = new FolderStack()
  #space: SpaceCount | undefined
  #bytes = 0
  #unreadable = 0

  constructor(source: ContentSource, comparison: Comparison) {
    this.#source = source
    this.#rules = comparison.rules
    this.#comparison = comparison
  }

  finish(): RestorePlan {
    const space = [...this.#spaces.values()].map((count) => ({
      directory: count.directory,
      neededBytes: Math.max(0, count.neededBytes) + count.largestReplacedBytes,
      freeBytes: count.freeBytes,
    }))
    return { counts: this.#counts, unreadable: this.#unreadable, bytes: this.#bytes, space, examples: this.#examples }
  }

  async plan({ source, directory, names }: Destination): Promise<void> {
    using stack = new FolderStack()
    this.#stack = stack
    let folder = this.#openRoot(directory)
    for (const name of names.slice(0, -1)) folder = this.#descend(folder, name)
    const { entry } = source
    if (names.length > 0 && entry.type !== 'directory') {
      await this.visit({ ...entry, name: names.at(-1) ?? entry.name }, folder)
      return
    }
    const entered = names.length === 0 ? folder : this.enter({ ...entry, name: names.at(-1) ?? entry.name }, folder)
    if (entered !== undefined) await walkTree(this.#source.tree, entry, entered, this, this.#comparison.signal)
  }

  enter(entry: Entry, parent: PlannedFolder): PlannedFolder | undefined {
    const name = asBuffer(entry.name)
    try {
      return this.#enter(entry, name, parent)
    } catch (error) {
      this.#cannotLook(joinPath(parent.path, name), error)
      return undefined
    }
  }

  async visit(entry: Entry, parent: PlannedFolder): Promise<void> {
    const name = asBuffer(entry.name)
    try {
      const existing = parent.exists ? this.#stack.top.lstat(name) : undefined
      let action: RestoreAction = this.#rules.only === 'changed' ? 'skipped' : 'new'
      if (existing !== undefined) action = await decideAction(entry, this.#stack.top, name, existing, this.#comparison)
      if (action === 'copied' && (await this.#hasCopy(entry, name))) action = 'same'
      const replacedBytes = action === 'overwritten' ? Number(existing?.blocks ?? 0n) * 512 : 0
      await this.#count(action, entry, joinPath(parent.path, name), replacedBytes)
    } catch (error) {
      this.#cannotLook(joinPath(parent.path, name), error)
    }
  }

  leave(folder: PlannedFolder): undefined {
    if (folder.exists && folder.parent !== undefined) this.#stack.leave().close()
  }

  damaged(folder: PlannedFolder, error: unknown): void {
    this.#cannotLook(folder.path, error)
  }

  #openRoot(directory: Buffer): PlannedFolder {
    const { handle, missing } = openNearest(directory)
    this.#stack.push(handle)
    const device = deviceOf(handle)
    this.#space = this.#spaces.get(device)
    if (this.#space === undefined) {
      this.#space = { directory, freeBytes: freeBytesOf(handle), neededBytes: 0, largestReplacedBytes: 0 }
      this.#spaces.set(device, this.#space)
    }
    return { parent: undefined, path: directory, exists: missing.length === 0 }
  }

  #descend(parent: PlannedFolder, name: Buffer): PlannedFolder {
    const path = joinPath(parent.path, name)
    if (!parent.exists || this.#stack.top.lstat(name) === undefined) return { parent, path, exists: false }
    try {
      this.#stack.push(this.#stack.top.openChild(name))
    } catch (error) {
      throw isSystemError(error) ? targetError(path, error) : error
    }
    return { parent, path, exists: true }
  }

  #enter(entry: Entry, name: Buffer, parent: PlannedFolder): PlannedFolder | undefined {
    const path = joinPath(parent.path, name)
    const existing = parent.exists ? this.#stack.top.lstat(name) : undefined
    if (existing === undefined) return this.#rules.only === 'changed' ? undefined : { parent, path, exists: false }
    if (existing.isDirectory()) return this.#opened(name, path, parent)
    if (this.#rules.only === 'missing' || this.#rules.conflict === 'skip') {
      this.#example({ path, action: 'skipped', reason: 'something else than a folder is there' })
      return undefined
    }
    if (this.#rules.conflict === 'overwrite') {
      this.#example({ path, action: 'overwritten', reason: 'something else than a folder is there' })
      return { parent, path, exists: false }
    }
    this.#example({ path, action: 'copied', reason: 'something else than a folder is there' })
    const copy = copyName(name, this.#rules.copyTimeMs, 1)
    const copyPath = joinPath(parent.path, copy)
    const isThere = this.#stack.top.lstat(copy)?.isDirectory() ?? false
    return isThere ? this.#opened(copy, copyPath, parent) : { parent, path: copyPath, exists: false }
  }

  #opened(name: Buffer, path: Buffer, parent: PlannedFolder): PlannedFolder {
    const child: DirectoryHandle = this.#stack.top.openChild(name)
    this.#stack.push(child)
    return { parent, path, exists: true }
  }

  /** An earlier restore has put the copy there already. */
  async #hasCopy(entry: Entry, name: Buffer): Promise<boolean> {
    const copy = copyName(name, this.#rules.copyTimeMs, 1)
    const existing = this.#stack.top.lstat(copy)
    if (existing === undefined) return false
    return (await decideAction(entry, this.#stack.top, copy, existing, this.#comparison)) === 'same'
  }

  async #count(action: RestoreAction, entry: Entry, path: Buffer, replacedBytes: number): Promise<void> {
    this.#counts[action]++
    if (action !== 'new' && action !== 'same') this.#example({ path, action })
    if (action === 'same' || action === 'skipped' || entry.type !== 'file') return
    this.#bytes += entry.sizeBytes ?? 0
    const neededBytes = await occupiedBytes(this.#source.tree, entry)
    if (this.#space === undefined) return
    this.#space.neededBytes += neededBytes - replacedBytes
    if (replacedBytes > 0) this.#space.largestReplacedBytes = Math.max(this.#space.largestReplacedBytes, neededBytes)
  }

  #cannotLook(path: Buffer, error: unknown): void {
    const isKnown = isDamage(error) || isSystemError(error) || error instanceof RangeError
    if (!isKnown || (error instanceof AgentError && !isDamage(error))) throw error
    this.#unreadable++
    this.#example({ path, action: 'unreadable', reason: isSystemError(error) ? systemReason(error) : reasonOf(error) })
  }

  #example(example: PlanExample): void {
    if (this.#examples.length < maxExamples) this.#examples.push(example)
  }
}
