/**
 * Decides from metadata alone whether an entry must be looked at again. The device number is not asked: it differs in
 * a snapshot and after a reboot.
 */
import type { EntryGlances } from '../format/entry-glance.ts'
import type { EntryType, Timestamp } from '../format/tree.ts'
import type { FoundEntry } from './found-entry.ts'

/** Coarsest tick of a file system's clock (FAT). */
const clockTickMs = 2000

/** What is compared of an entry that was found. */
export interface ComparedStatus {
  readonly type: EntryType
  readonly inode: bigint
  readonly sizeBytes: number
  readonly mtimeSec: number
  readonly mtimeNs: number
  readonly ctimeSec: number
  readonly ctimeNs: number
}

export function comparedStatus({ type, inode, sizeBytes, mtime, ctime }: FoundEntry): ComparedStatus {
  return { type, inode, sizeBytes, mtimeSec: mtime.sec, mtimeNs: mtime.ns, ctimeSec: ctime.sec, ctimeNs: ctime.ns }
}

/** What is compared of an entry of the last point. */
export type ComparedEntry = ComparedStatus & Pick<EntryGlances, 'hasContent'>

/**
 * True when a time lies so long before the last scan began that a later change cannot have given the same
 * time: within one tick of the file system's clock two changes look like one.
 */
export function isSettled({ sec, ns }: Timestamp, lastScanStartedMs: number): boolean {
  return sec * 1000 + ns / 1e6 < lastScanStartedMs - clockTickMs
}

/**
 * True when `found` needs no second look beside the entry of the last point, whose scan began at
 * `lastScanStartedMs`. A changed ctime alone is a change: programs that set the mtime back after they
 * wrote (disk encryption does) leave no other trace.
 */
export function isUnchanged(found: ComparedStatus, previous: ComparedEntry, lastScanStartedMs: number): boolean {
  return (
    found.mtimeNs === previous.mtimeNs &&
    found.mtimeSec === previous.mtimeSec &&
    found.ctimeNs === previous.ctimeNs &&
    found.ctimeSec === previous.ctimeSec &&
    found.type === previous.type &&
    found.inode === previous.inode &&
    (found.type !== 'file' || (found.sizeBytes === previous.sizeBytes && previous.hasContent)) &&
    isSettled({ sec: found.mtimeSec, ns: found.mtimeNs }, lastScanStartedMs) &&
    isSettled({ sec: found.ctimeSec, ns: found.ctimeNs }, lastScanStartedMs)
  )
}
