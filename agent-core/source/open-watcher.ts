/** Opens the watcher that an item is to have, or the next best that can be opened. */
import { mountsAround } from '../platform/mounts-around.ts'
import type { ChangeWatcher, WatcherDeps, WatcherKind } from './change-watcher.ts'
import { countEntries } from './count-entries.ts'
import { planWatcher, type WatcherBudget } from './plan-watcher.ts'

export interface OpenWatcherDeps extends WatcherDeps {
  readonly budget: WatcherBudget
  /** A folder of our own outside of the area, for the marks of chokidar's watcher. */
  readonly markFolder: string
  /** Use this kind or none (tests, measurements). */
  readonly only?: WatcherKind
}

export interface OpenedWatcher {
  /** Of kind `none` where none could be opened. */
  readonly watcher: ChangeWatcher
  /** Why this kind, and why not a better one. */
  readonly reason: string
}

export async function openWatcher(deps: OpenWatcherDeps): Promise<OpenedWatcher> {
  const { area, budget, only } = deps
  const { types, hasTwins } = mountsAround(area.folders)
  const choices = planWatcher({
    platform: process.platform,
    isRoot: process.geteuid?.() === 0,
    fileSystems: types,
    hasTwins,
    entries: countEntries(area.folders, budget.chokidarEntries),
    budget,
  }).filter(({ kind }) => only === undefined || kind === only)
  const refused: string[] = []
  for (const { kind, reason } of choices) {
    try {
      const watcher = await openKind(kind, deps)
      return { watcher, reason: [reason, ...refused].join('; ') }
    } catch (error) {
      refused.push(`no ${kind}: ${(error as Error).message}`)
    }
  }
  return { watcher: noWatcher, reason: refused.join('; ') || 'no other kind could be used' }
}

/** Each kind is loaded when it is used: a process that watches nothing pays for none. */
async function openKind(kind: WatcherKind, deps: OpenWatcherDeps): Promise<ChangeWatcher> {
  switch (kind) {
    case 'fanotify':
      return (await import('./fanotify-watcher.ts')).watchByFanotify(deps)
    case 'folders':
      return (await import('./folder-watcher.ts')).watchFolders(deps, deps.budget.watchedFolders)
    case 'chokidar':
      return await (await import('./chokidar-watcher.ts')).watchByChokidar(deps)
    case 'none':
      return noWatcher
  }
}

/** Tells nothing: whoever has it looks at everything. */
const noWatcher: ChangeWatcher = {
  kind: 'none',
  settle: async () => {},
  [Symbol.asyncDispose]: async () => {},
}
