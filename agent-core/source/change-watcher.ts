/**
 * The port to whatever tells of changes in an item's folders. Its reports are hints about where to look; what is there
 * says the scan. The contract, whose numbers the suite in test/contracts repeats:
 *
 *  1. Everything that changes after the watcher was opened has been reported when a `settle` that began later resolves.
 *  2. The report names the folder that holds the entry: made, written, cut, renamed, removed, or with other attributes.
 *     For an entry that is a folder, it names that folder or the one that holds it.
 *  3. A folder that appears (made, moved in, moved over) is reported as a tree: all that is below it may be new.
 *     Nothing in it is missed, however fast it was filled.
 *  4. Where that cannot be kept (a queue that overflowed, a limit of the system, an unmounted disk) there is a doubt, and
 *     from then on nothing is promised.
 *  5. Only folders of the area are reported, by absolute paths in raw bytes.
 *  6. Disposed, it reports nothing more and holds nothing of the system.
 *
 * No watcher sees what is written through a memory map, nor through another name of the file outside of the area.
 */
import type { Clock } from '../base/clock.ts'
import type { WatchedArea } from './watched-area.ts'

export type WatcherKind = 'fanotify' | 'folders' | 'chokidar' | 'none'

/** Takes the reports; must not throw. */
export interface ChangeSink {
  /** Entries of the folder have changed, or its own attributes. */
  folder(path: Buffer): void
  /** Anything at and below the folder may have changed. */
  tree(path: Buffer): void
  /** Something may have been missed; `reason` is the end of "because …". */
  doubt(reason: string): void
}

export interface ChangeWatcher extends AsyncDisposable {
  readonly kind: WatcherKind
  /** Resolves when everything that changed before the call is reported; does not reject. */
  settle(): Promise<void>
}

export interface WatcherDeps {
  readonly area: WatchedArea
  readonly sink: ChangeSink
  readonly clock: Clock
}

/** The part of `settle` that no event tells: the area's folders and mounts are still those that are watched. */
export function reportMoved(area: WatchedArea, sink: ChangeSink): void {
  const reason = area.whyMoved()
  if (reason !== undefined) sink.doubt(reason)
}

/** How often a queue of the kernel is emptied while nobody asks: its place is limited, and so is patience. */
const pollMs = 1000
const busyPollMs = 50
/** A turn with so many events is soon followed by the next. */
const busyEvents = 1000

/** Calls `drain`, which answers how many events there were, again and again until `signal` aborts. */
export async function pollQueue(clock: Clock, signal: AbortSignal, drain: () => number): Promise<void> {
  let waitMs = pollMs
  while (!signal.aborted) {
    try {
      await clock.delay(waitMs, signal)
    } catch {
      return
    }
    waitMs = drain() >= busyEvents ? busyPollMs : pollMs
  }
}
