/**
 * Decides from metadata alone whether an entry must be looked at again. The device number is not asked: it differs in
 * a snapshot and after a reboot.
 */
import type { Entry, Timestamp } from '../format/tree.ts'
import type { FoundEntry } from './found-entry.ts'

/** Coarsest tick of a file system's clock (FAT). */
const clockTickMs = 2000

/**
 * True when a time lies so long before the last scan began that a later change cannot have given the same
 * time: within one tick of the file system's clock two changes look like one.
 */
export function isSettled(time: Timestamp, lastScanStartedMs: number): boolean {
  return time.sec * 1000 + time.ns / 1e6 < lastScanStartedMs - clockTickMs
}

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
    isSettled(found.mtime, lastScanStartedMs) &&
    isSettled(found.ctime, lastScanStartedMs)
  )
}

function sameTime(a: Timestamp, b: Timestamp): boolean {
  return a.sec === b.sec && a.ns === b.ns
}
