/**
 * Decides from metadata alone whether an entry must be looked at again. The device number is not asked: it differs in
 * a snapshot and after a reboot.
 */
import type { EntryGlances } from '../format/entry-glance.ts'
import type { Timestamp } from '../format/tree.ts'
import type { FoundEntry } from './found-entry.ts'

/** Coarsest tick of a file system's clock (FAT). */
const clockTickMs = 2000

/** What is compared of an entry of the last point. */
export type ComparedEntry = Pick<
  EntryGlances,
  'type' | 'inode' | 'sizeBytes' | 'mtimeSec' | 'mtimeNs' | 'ctimeSec' | 'ctimeNs' | 'hasContent'
>

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
export function isUnchanged(found: FoundEntry, previous: ComparedEntry, lastScanStartedMs: number): boolean {
  return (
    found.mtime.ns === previous.mtimeNs &&
    found.mtime.sec === previous.mtimeSec &&
    found.ctime.ns === previous.ctimeNs &&
    found.ctime.sec === previous.ctimeSec &&
    found.type === previous.type &&
    found.inode === previous.inode &&
    (found.type !== 'file' || (found.sizeBytes === previous.sizeBytes && previous.hasContent)) &&
    isSettled(found.mtime, lastScanStartedMs) &&
    isSettled(found.ctime, lastScanStartedMs)
  )
}
