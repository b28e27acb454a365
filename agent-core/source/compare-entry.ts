/**
 * Decides from metadata alone whether an entry must be looked at again. The device number is not asked: it differs in
 * a snapshot and after a reboot.
 */
import type { Entry, Timestamp } from '../format/tree.ts'
import type { FoundEntry } from './found-entry.ts'

/**
 * A file changed later than this before the last scan began may have changed again within one tick
 * of its file system's clock (FAT keeps 2 s), unseen by its times.
 */
const clockTickMs = 2000

/**
 * True when `found` needs no second look beside the entry of the last point, whose scan began at
 * `lastScanStartedMs`. A changed ctime alone is a change: programs that set the mtime back after they
 * wrote (disk encryption does) leave no other trace.
 */
export function isUnchanged(found: FoundEntry, previous: Entry, lastScanStartedMs: number): boolean {
  return (
    found.type === previous.type &&
    found.inode === previous.inode &&
    sameTime(found.mtime, previous.mtime) &&
    sameTime(found.ctime, previous.ctime) &&
    (found.type !== 'file' || (found.sizeBytes === previous.sizeBytes && previous.content !== undefined)) &&
    found.mtime.sec * 1000 + found.mtime.ns / 1e6 < lastScanStartedMs - clockTickMs
  )
}

function sameTime(a: Timestamp, b: Timestamp): boolean {
  return a.sec === b.sec && a.ns === b.ns
}
