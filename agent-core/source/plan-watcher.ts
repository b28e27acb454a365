/**
 * Decides which kinds of watcher to try for an item, and why (docs/adr/0012-change-journal.md has the figures).
 * Pure: what it is told was looked up before.
 */
import type { WatcherKind } from './change-watcher.ts'

/** What watching may cost one agent. */
export interface WatcherBudget {
  /** Entries that chokidar may watch, of all items together. */
  readonly chokidarEntries: number
  /** Folders with a watch of their own, of all items together. */
  readonly watchedFolders: number
}

export const defaultWatcherBudget: WatcherBudget = { chokidarEntries: 5000, watchedFolders: 20_000 }

export interface WatcherFacts {
  readonly platform: NodeJS.Platform
  readonly isRoot: boolean
  /** Types of the file systems that hold the item. */
  readonly fileSystems: readonly string[]
  /** One of them is mounted at two places there. */
  readonly hasTwins: boolean
  /** Entries of the item, undefined when they are more than `budget.chokidarEntries`. */
  readonly entries: number | undefined
  /** What the other items have left. */
  readonly budget: WatcherBudget
}

export interface WatcherChoice {
  readonly kind: WatcherKind
  /** Why this kind, as the end of "because …". */
  readonly reason: string
}

/** File systems that nobody changes without this machine's kernel seeing it. Any other may be shared by several machines. */
const localTypes =
  /^(?:ext[234]|xfs|btrfs|bcachefs|f2fs|zfs|jfs|reiserfs|nilfs2|tmpfs|ramfs|vfat|exfat|ntfs3|hfsplus|apfs|hfs)$/

/** Kinds in the order in which they are to be tried; the last one is always `none`. */
export function planWatcher(facts: WatcherFacts): readonly WatcherChoice[] {
  const { platform, isRoot, fileSystems, hasTwins, entries, budget } = facts
  const other = platform === 'linux' ? fileSystems.find((type) => !localTypes.test(type)) : undefined
  if (other !== undefined) {
    return [{ kind: 'none', reason: `a file system of type ${other} may not tell of all its changes` }]
  }
  if (hasTwins) return [{ kind: 'none', reason: 'a file system is mounted at two places there' }]
  const choices: WatcherChoice[] = []
  const isLinux = platform === 'linux'
  if (isLinux && isRoot) {
    choices.push({ kind: 'fanotify', reason: 'the agent is root: one mark serves the whole file system' })
  }
  if (entries !== undefined && entries <= budget.chokidarEntries) {
    choices.push({ kind: 'chokidar', reason: `the item is small (${entries} entries)` })
  }
  if (isLinux && budget.watchedFolders > 0) {
    choices.push({ kind: 'folders', reason: `at most ${budget.watchedFolders} folders get a watch each` })
  }
  choices.push({ kind: 'none', reason: 'no other kind could be used' })
  return choices
}
