/**
 * Watches whole file systems through fanotify: one mark each, whatever the count of folders, and nothing is missed in
 * fresh ones. Where the agent is root.
 *
 * An event names a folder by its handle. The path is asked of the system when the event is read, and may then be
 * another than when the change was made; that is right because a moved folder is reported as a tree where it has come
 * to lie.
 */
import { closeSync, statSync } from 'node:fs'
import { type FanotifyEvent, FanotifyQueue, fanotifyBits, openMount, pathOfHandle } from '../platform/fanotify.ts'
import { mountsAround } from '../platform/mounts-around.ts'
import { type ChangeSink, type ChangeWatcher, pollQueue, reportMoved, type WatcherDeps } from './change-watcher.ts'
import type { WatchedArea } from './watched-area.ts'

/** So many paths of folders are remembered. */
const rememberedPaths = 20_000

/** Opens the watcher; throws the system's error where it may not or cannot (EPERM, EXDEV, ENODEV, EOPNOTSUPP). */
export function watchByFanotify({ area, sink, clock }: WatcherDeps): ChangeWatcher {
  const stopped = new AbortController()
  const systems = openFileSystems(area)
  const reporting = new Reporting(area, sink)
  const drain = (): number => {
    if (stopped.signal.aborted) return 0
    try {
      return systems.reduce((sum, system) => sum + drainFileSystem(system, reporting), 0)
    } catch (error) {
      sink.doubt(`fanotify failed: ${(error as Error).message}`)
      return 0
    }
  }
  void pollQueue(clock, stopped.signal, drain)
  return {
    kind: 'fanotify',
    settle: async () => {
      drain()
      reportMoved(area, sink)
    },
    async [Symbol.asyncDispose]() {
      if (stopped.signal.aborted) return
      stopped.abort()
      for (const { queue } of systems) queue[Symbol.dispose]()
    },
  }
}

interface WatchedFileSystem {
  readonly queue: FanotifyQueue
  /** A folder that lies on it. */
  readonly folder: Buffer
  readonly device: bigint
}

function openFileSystems(area: WatchedArea): readonly WatchedFileSystem[] {
  const below = area.crossMounts ? mountsAround(area.folders).below.map((path) => Buffer.from(path)) : []
  const systems = new Map<bigint, WatchedFileSystem>()
  try {
    for (const folder of [...area.folders, ...below]) {
      const device = statSync(folder, { bigint: true }).dev
      if (!systems.has(device)) systems.set(device, { queue: new FanotifyQueue(folder), folder, device })
    }
  } catch (error) {
    for (const { queue } of systems.values()) queue[Symbol.dispose]()
    throw error
  }
  return [...systems.values()]
}

/** Reports what one queue holds; its count of events. The mount is held open no longer than that takes. */
function drainFileSystem({ queue, folder, device }: WatchedFileSystem, reporting: Reporting): number {
  let mountFd: number | undefined
  let count = 0
  try {
    for (const event of queue.drain()) {
      count++
      mountFd ??= openMount(folder)
      reporting.report(event, mountFd, device)
    }
    return count
  } finally {
    if (mountFd !== undefined) closeSync(mountFd)
  }
}

/** Turns events into reports. */
class Reporting {
  readonly #area: WatchedArea
  readonly #sink: ChangeSink
  /** Paths (latin1) by device and handle; undefined for folders outside of the area or gone. */
  readonly #paths = new Map<string, { readonly path: string | undefined; readonly isInside: boolean }>()

  constructor(area: WatchedArea, sink: ChangeSink) {
    this.#area = area
    this.#sink = sink
  }

  report({ mask, handle, name }: FanotifyEvent, mountFd: number, device: bigint): void {
    if (handle === undefined) {
      this.#sink.doubt('the queue of changes overflowed')
      return
    }
    const { movedFrom, movedTo, created, deleted, isFolder } = fanotifyBits
    const isNaming = (mask & isFolder) !== 0 && (mask & (movedFrom | movedTo | created | deleted)) !== 0
    // Below a folder that was renamed every remembered path may be another.
    if (isNaming && (mask & (movedFrom | movedTo | deleted)) !== 0) this.#paths.clear()
    const { path, isInside } = this.#find(handle, mountFd, device)
    if (path === undefined) return
    if (isInside) this.#sink.folder(Buffer.from(path, 'latin1'))
    if (!isNaming) return
    const entry = `${path === '/' ? '' : path}/${name}`
    if (this.#area.standsIn(entry)) this.#sink.doubt(`${Buffer.from(entry, 'latin1').toString()} was moved or replaced`)
    else if (isInside && this.#area.contains(entry)) this.#sink.tree(Buffer.from(entry, 'latin1'))
  }

  #find(handle: Buffer, mountFd: number, device: bigint) {
    const key = `${device}/${handle.toString('latin1')}`
    const known = this.#paths.get(key)
    if (known !== undefined) return known
    const path = pathOfHandle(mountFd, handle)?.toString('latin1')
    const found = { path, isInside: path !== undefined && this.#area.contains(path) }
    if (this.#paths.size >= rememberedPaths) this.#paths.clear()
    this.#paths.set(key, found)
    return found
  }
}
