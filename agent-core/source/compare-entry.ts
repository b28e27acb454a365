/**
 * The *unchanged* rule (docs/format/trees.md, "Unchanged"): decides from metadata alone whether an
 * entry must be looked at again. The device number is not asked: it differs in a snapshot and after
 * a reboot.
 */
import type { Entry, Timestamp } from '../format/tree.ts'
import type { FoundEntry } from './found-entry.ts'

/**
 * A file changed later than this before the last scan began may have changed again within one tick
 * of its file system's clock (FAT keeps 2 s), unseen by its times.
 */
export const clockTickMs = 2000

/** `metadata`: content is proven the same, attributes are read again. `content`: read it all. */
export type Comparison = 'unchanged' | 'metadata' | 'content'

/** Compares what is found now with the entry of the last point, whose scan began at `lastScanStartedMs`. */
export function compareEntry(found: FoundEntry, previous: Entry, lastScanStartedMs: number): Comparison {
  const sameContent =
    found.type === previous.type &&
    found.inode === previous.inode &&
    sameTime(found.mtime, previous.mtime) &&
    (found.type !== 'file' || (found.sizeBytes === previous.sizeBytes && previous.content !== undefined)) &&
    found.mtime.sec * 1000 + found.mtime.ns / 1e6 < lastScanStartedMs - clockTickMs
  if (!sameContent) return 'content'
  return sameTime(found.ctime, previous.ctime) ? 'unchanged' : 'metadata'
}

function sameTime(a: Timestamp, b: Timestamp): boolean {
  return a.sec === b.sec && a.ns === b.ns
}
