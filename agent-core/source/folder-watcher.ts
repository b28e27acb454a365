/**
 * Watches every folder of an item by a watch of its own (inotify), within a budget of folders. For users without
 * rights. New folders get their watch when the queue is read, and are reported as trees after that: whatever
 * happened in them before is covered.
 */
import { lstatSync, readdirSync } from 'node:fs'
import { type InotifyEvent, InotifyQueue, inotifyBits } from '../platform/inotify.ts'
import { hasErrorCode } from '../platform/native-library.ts'
import { type ChangeSink, type ChangeWatcher, pollQueue, reportMoved, type WatcherDeps } from './change-watcher.ts'
import type { WatchedArea } from './watched-area.ts'

/** Opens the watcher; throws TooManyFolders above `budget` folders, else the system's error (ENOSPC: no watch is left). */
export function watchFolders({ area, sink, clock }: WatcherDeps, budget: number): ChangeWatcher {
  const stopped = new AbortController()
  const watches = new FolderWatches(area, sink, budget)
  try {
    for (const root of area.roots) watches.addTree(root, root, deviceOf(root))
  } catch (error) {
    watches[Symbol.dispose]()
    throw error
  }
  const drain = (): number => (stopped.signal.aborted ? 0 : watches.drain())
  void pollQueue(clock, stopped.signal, drain)
  return {
    kind: 'folders',
    settle: async () => {
      drain()
      watches.reportBlind()
      reportMoved(area, sink)
    },
    async [Symbol.asyncDispose]() {
      if (stopped.signal.aborted) return
      stopped.abort()
      watches[Symbol.dispose]()
    },
  }
}

/** There are more folders than may be watched. */
export class TooManyFolders extends Error {
  constructor(budget: number) {
    super(`it has more than ${budget} folders`)
  }
}

interface WatchedFolder {
  /** latin1. */
  readonly path: string
  /** The item's folder that it lies in. */
  readonly root: string
  readonly device: bigint
}

class FolderWatches implements Disposable {
  readonly #area: WatchedArea
  readonly #sink: ChangeSink
  readonly #budget: number
  readonly #queue = new InotifyQueue()
  readonly #folders = new Map<number, WatchedFolder>()
  /** Folders that cannot be watched: nothing in them is ever known to be unchanged. */
  readonly #blind = new Set<string>()

  constructor(area: WatchedArea, sink: ChangeSink, budget: number) {
    this.#area = area
    this.#sink = sink
    this.#budget = budget
  }

  [Symbol.dispose](): void {
    this.#queue[Symbol.dispose]()
  }

  /** Watches a folder and all below it that belong to the area. */
  addTree(path: string, root: string, device: bigint): void {
    const bytes = Buffer.from(path, 'latin1')
    try {
      if (!this.#area.crossMounts && deviceOf(path) !== device) return
      this.#folders.set(this.#queue.watch(bytes), { path, root, device })
      this.#blind.delete(path)
      if (this.#folders.size > this.#budget) throw new TooManyFolders(this.#budget)
      // Listed after the watch was set: what comes later is told by it.
      for (const entry of readdirSync(bytes, { encoding: 'latin1', withFileTypes: true })) {
        const below = `${path === '/' ? '' : path}/${entry.name}`
        if (entry.isDirectory() && this.#area.enters(below, root)) this.addTree(below, root, device)
      }
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return
      if (!hasErrorCode(error, 'EACCES', 'EPERM', 'ENAMETOOLONG')) throw error
      this.#blind.add(path)
    }
  }

  /** Reports all that is queued; the count of events. */
  drain(): number {
    let count = 0
    try {
      for (const event of this.#queue.drain()) {
        count++
        this.#report(event)
      }
    } catch (error) {
      this.#sink.doubt((error as Error).message)
    }
    return count
  }

  reportBlind(): void {
    for (const path of this.#blind) this.#sink.tree(Buffer.from(path, 'latin1'))
  }

  #report({ watch, mask, name }: InotifyEvent): void {
    const { overflow, unmounted, ignored, isFolder, movedFrom, movedTo, created, deleted } = inotifyBits
    if ((mask & overflow) !== 0) this.#sink.doubt('the queue of changes overflowed')
    if ((mask & unmounted) !== 0) this.#sink.doubt('its file system was unmounted')
    const folder = this.#folders.get(watch)
    if (folder === undefined) return
    if ((mask & ignored) !== 0) {
      this.#folders.delete(watch)
      return
    }
    this.#sink.folder(Buffer.from(folder.path, 'latin1'))
    if ((mask & isFolder) === 0 || name === '') return
    const path = `${folder.path === '/' ? '' : folder.path}/${name}`
    const hasMoved = (mask & (movedFrom | movedTo | created | deleted)) !== 0
    // A folder whose permissions were changed may be readable now.
    if ((!hasMoved && !this.#blind.has(path)) || !this.#area.enters(path, folder.root)) return
    if ((mask & movedFrom) !== 0) this.#forgetTree(path)
    // Whatever the event says, what is there now is watched: the next events of this path may be read already.
    this.#blind.delete(path)
    this.addTree(path, folder.root, folder.device)
    this.#sink.tree(Buffer.from(path, 'latin1'))
  }

  /** Ends the watches of a folder that was moved away; they would go on under a path that is not theirs. */
  #forgetTree(path: string): void {
    const below = `${path}/`
    for (const [watch, folder] of this.#folders) {
      if (folder.path !== path && !folder.path.startsWith(below)) continue
      this.#folders.delete(watch)
      this.#queue.unwatch(watch)
    }
    for (const blind of this.#blind) if (blind.startsWith(below)) this.#blind.delete(blind)
  }
}

function deviceOf(path: string): bigint {
  return lstatSync(Buffer.from(path, 'latin1'), { bigint: true }).dev
}
