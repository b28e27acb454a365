/**
 * What is known to have changed since the last captured point, folder by folder. The walk asks it before it looks at
 * a folder: a clean one without dirt below is taken over from that point whole.
 */
import { asBuffer } from '../base/bytes.ts'

export interface KnownChanges {
  /** True when none of the folder's own entries has changed, nor the folder itself. `path`: absolute, raw bytes. */
  isClean(path: Uint8Array): boolean
  /** True when a folder strictly below `path` is not clean. */
  hasDirtyBelow(path: Uint8Array): boolean
}

const slash = '/'

const nothingChanged: KnownChanges = { isClean: () => true, hasDirtyBelow: () => false }

/** The changes of folders (absolute; raw bytes, one character each) that were all found. */
export function changedFolders(folders: readonly string[]): KnownChanges {
  if (folders.length === 0) return nothingChanged
  const dirty = new DirtySet(folders.length)
  for (const folder of folders) dirty.addFolder(Buffer.from(folder, 'latin1'))
  return dirty
}

/**
 * Dirty folders, and dirty trees: folders below which nothing is known. Paths are absolute and without a slash at
 * their end. Bounded: what would go over the budget is not taken.
 */
export class DirtySet implements KnownChanges {
  readonly #budget: number
  readonly #folders = new Set<string>()
  readonly #trees = new Set<string>()
  /** Every folder with dirt somewhere below it. */
  readonly #above = new Set<string>()

  /** `budget`: so many paths (a path of 100 bytes takes about 300 bytes of memory with its ancestors). */
  constructor(budget: number) {
    this.#budget = budget
  }

  /** Count of dirty folders and trees. */
  get size(): number {
    return this.#folders.size + this.#trees.size
  }

  /** Adds one folder: 'new', 'known', or 'full' when the budget is used up. */
  addFolder(path: Uint8Array): 'new' | 'known' | 'full' {
    return this.#add(this.#folders, asBuffer(path).toString('latin1'))
  }

  /** Adds a folder with everything below it. */
  addTree(path: Uint8Array): 'new' | 'known' | 'full' {
    return this.#add(this.#trees, asBuffer(path).toString('latin1'))
  }

  isClean(path: Uint8Array): boolean {
    const key = asBuffer(path).toString('latin1')
    return !this.#folders.has(key) && !this.#isInTree(key)
  }

  hasDirtyBelow(path: Uint8Array): boolean {
    const key = asBuffer(path).toString('latin1')
    return this.#above.has(key) || this.#isInTree(key)
  }

  /** All of it, folders before trees. */
  *entries(): Generator<{ readonly path: Buffer; readonly isTree: boolean }, void, undefined> {
    for (const path of this.#folders) yield { path: Buffer.from(path, 'latin1'), isTree: false }
    for (const path of this.#trees) yield { path: Buffer.from(path, 'latin1'), isTree: true }
  }

  /** Adds what `other` holds; false when the budget is used up. */
  addAll(other: DirtySet): boolean {
    for (const { path, isTree } of other.entries()) {
      if ((isTree ? this.addTree(path) : this.addFolder(path)) === 'full') return false
    }
    return true
  }

  #add(to: Set<string>, key: string): 'new' | 'known' | 'full' {
    if (to.has(key)) return 'known'
    if (this.size >= this.#budget) return 'full'
    to.add(key)
    for (let at = parentOf(key); at !== undefined && !this.#above.has(at); at = parentOf(at)) this.#above.add(at)
    return 'new'
  }

  #isInTree(key: string): boolean {
    if (this.#trees.size === 0) return false
    for (let at: string | undefined = key; at !== undefined; at = parentOf(at)) if (this.#trees.has(at)) return true
    return false
  }
}

function parentOf(path: string): string | undefined {
  if (path === slash) return undefined
  const at = path.lastIndexOf(slash)
  return at < 0 ? undefined : at === 0 ? slash : path.slice(0, at)
}
