/**
 * Watches a small item through chokidar, which serves every system. Of its events only the raw ones are used: they come
 * at once, in the order of the system, while the others wait for looks at the disk. Three things that it does not
 * promise are added here (on Linux, where `fs.watch` is inotify):
 *
 *  - Order: all watches of a thread share one queue, so a file that is touched in a folder of our own, and heard of, says
 *    that everything before it was heard.
 *  - Overflow: `fs.watch` does not tell of it, but it leaves a sign: as many events at once as the queue holds.
 *  - Fresh folders: until its watch stands a new folder is not heard. One that appears is therefore never taken for
 *    known while this watcher lives: it is reported as a tree by every `settle`.
 */
import {
  lstatSync,
  type FSWatcher as NodeWatcher,
  readdirSync,
  readFileSync,
  rmSync,
  watch as watchFolder,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import type { Clock } from '../base/clock.ts'
import { yieldToEventLoop } from '../base/event-loop.ts'
import { type ChangeSink, type ChangeWatcher, reportMoved, type WatcherDeps } from './change-watcher.ts'
import type { WatchedArea } from './watched-area.ts'

/** So long an answer of the system may take. */
const patienceMs = 5000
/** More fresh folders than this are a reason to begin anew. */
const maxFresh = 1000
/** max_queued_events of inotify(7) where it cannot be read. */
const usualQueueLength = 16_384

/** `markFolder`: a folder of our own, outside of the area, where a file can be touched. */
export type ChokidarDeps = WatcherDeps & { readonly markFolder: string }

/** Opens the watcher; rejects when chokidar has told of an error or is not ready in time. */
export async function watchByChokidar(deps: ChokidarDeps): Promise<ChangeWatcher> {
  const { area, sink, clock, markFolder } = deps
  const fresh = new FreshFolders(area, sink)
  const burst = createBurstGuard(sink)
  const chokidar = watch(area.roots.map(textOf), {
    backend: 'native',
    followSymlinks: false,
    ignoreInitial: true,
    atomic: false,
    ignored: (path, stats) => stats?.isFile() === true || !area.contains(Buffer.from(path).toString('latin1')),
  })
  let isOpen = true
  chokidar.on('raw', (event, name, details: unknown) => {
    if (!isOpen) return
    burst()
    fresh.report(event, name, (details as { watchedPath: string }).watchedPath)
  })
  const marks = new Marks(markFolder)
  try {
    await ready(chokidar, deps)
    chokidar.on('error', (error) => sink.doubt(`chokidar failed: ${(error as Error).message}`))
    fresh.addUnwatched(chokidar)
  } catch (error) {
    marks[Symbol.dispose]()
    await chokidar.close()
    throw error
  }
  return {
    kind: 'chokidar',
    settle: async () => {
      if (!isOpen) return
      if (!(await marks.areHeard(clock))) sink.doubt('the system did not answer in time')
      fresh.reportAll()
      reportMoved(area, sink)
    },
    async [Symbol.asyncDispose]() {
      if (!isOpen) return
      isOpen = false
      marks[Symbol.dispose]()
      await chokidar.close()
    },
  }
}

async function ready(chokidar: FSWatcher, { clock }: ChokidarDeps): Promise<void> {
  const late = new AbortController()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  chokidar.once('ready', resolve)
  chokidar.on('error', (error) => reject(error as Error))
  clock.delay(patienceMs * 2, late.signal).then(
    () => reject(new Error('chokidar was not ready in time')),
    () => undefined,
  )
  try {
    await promise
    // Environment variables can make it look at every file by a timer, which tells nothing in order.
    if (chokidar.options.backendStrategy !== 'native-per-directory') throw new Error('chokidar does not use the system')
  } finally {
    late.abort()
  }
}

/** Folders that appeared after chokidar was ready, or that it does not watch. */
class FreshFolders {
  readonly #area: WatchedArea
  readonly #sink: ChangeSink
  readonly #paths = new Set<string>()

  constructor(area: WatchedArea, sink: ChangeSink) {
    this.#area = area
    this.#sink = sink
  }

  /** A raw event: `name` in the folder `watched`, or the folder itself. */
  report(event: string, name: string | null, watched: string): void {
    const folder = Buffer.from(watched)
    this.#sink.folder(folder)
    const path = folder.toString('latin1')
    // What is not UTF-8 comes with other characters in its place: its own name is lost.
    if (name === null || name.includes('\uFFFD')) this.#add(path)
    else if (event === 'rename') {
      const entry = Buffer.from(join(watched, name))
      if (isFolder(entry) && this.#area.contains(entry.toString('latin1'))) this.#add(entry.toString('latin1'))
    }
  }

  /** Adds what chokidar did not find while it began. */
  addUnwatched(chokidar: FSWatcher): void {
    const watched = new Set(Object.keys(chokidar.getWatched()).map((path) => Buffer.from(path).toString('latin1')))
    const look = (path: string, root: string): void => {
      if (!watched.has(path)) {
        this.#add(path)
        return
      }
      for (const entry of listFolders(path)) {
        const below = `${path === '/' ? '' : path}/${entry}`
        if (this.#area.enters(below, root)) look(below, root)
      }
    }
    for (const root of this.#area.roots) look(root, root)
  }

  reportAll(): void {
    for (const path of this.#paths) this.#sink.tree(Buffer.from(path, 'latin1'))
  }

  #add(path: string): void {
    this.#paths.add(path)
    if (this.#paths.size > maxFresh) this.#sink.doubt('too many folders are new')
  }
}

/** Says when so much came at once that the system's queue may have overflowed. */
function createBurstGuard(sink: ChangeSink): () => void {
  // Events of folders whose watch has ended are in the queue too, and not heard.
  const limit = queueLength() / 4
  let count = 0
  return () => {
    if (count === 0) {
      void yieldToEventLoop().then(() => {
        count = 0
      })
    }
    count++
    if (count >= limit) sink.doubt('the queue of changes may have overflowed')
  }
}

function queueLength(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8')) || usualQueueLength
  } catch {
    return usualQueueLength
  }
}

/** Asks the system's queue whether everything was heard that was before now. */
class Marks implements Disposable {
  readonly #watcher: NodeWatcher
  readonly #folder: string
  readonly #waiting = new Map<string, () => void>()
  #count = 0

  constructor(folder: string) {
    this.#folder = folder
    this.#watcher = watchFolder(folder, (_event, name) => {
      if (name !== null) this.#waiting.get(name)?.()
    })
    // A folder that goes away is noticed by an answer that does not come.
    this.#watcher.on('error', () => {})
  }

  /** False when no answer came in time. */
  async areHeard(clock: Clock): Promise<boolean> {
    const late = new AbortController()
    const name = `mark-${process.pid}-${++this.#count}`
    const path = join(this.#folder, name)
    const heard = new Promise<boolean>((resolve) => {
      this.#waiting.set(name, () => resolve(true))
      clock.delay(patienceMs, late.signal).then(
        () => resolve(false),
        () => undefined,
      )
    })
    try {
      writeFileSync(path, '')
      return await heard
    } catch {
      return false
    } finally {
      late.abort()
      this.#waiting.delete(name)
      rmSync(path, { force: true })
    }
  }

  [Symbol.dispose](): void {
    this.#watcher.close()
  }
}

function listFolders(path: string): string[] {
  try {
    const entries = readdirSync(Buffer.from(path, 'latin1'), { encoding: 'latin1', withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch {
    // Unreadable or gone: the walk meets it as well.
    return []
  }
}

function isFolder(path: Buffer): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    return true
  }
}

function textOf(path: string): string {
  return Buffer.from(path, 'latin1').toString()
}
