/** What one look (lstat or fstat) says about an entry of the source file system. */
import type { BigIntStats } from 'node:fs'
import type { EntryType, Timestamp } from '../format/tree.ts'

export interface FoundEntry {
  readonly type: EntryType
  readonly sizeBytes: number
  readonly mtime: Timestamp
  readonly ctime: Timestamp
  /** Absent where the file system does not keep it. */
  readonly birth: Timestamp | undefined
  readonly inode: bigint
  readonly device: bigint
  readonly linkCount: number
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Device numbers of a device, else 0. */
  readonly specialDevice: bigint
}

const typeMask = 0o170000n
const types = new Map<bigint, EntryType>([
  [0o100000n, 'file'],
  [0o040000n, 'directory'],
  [0o120000n, 'symlink'],
  [0o010000n, 'fifo'],
  [0o140000n, 'socket'],
  [0o020000n, 'character-device'],
  [0o060000n, 'block-device'],
])

/** The entry behind `stats`; throws Error for a type that POSIX does not know. */
export function foundEntry(stats: BigIntStats): FoundEntry {
  const type = types.get(stats.mode & typeMask)
  if (type === undefined) throw new Error(`unknown file type in mode 0${stats.mode.toString(8)}`)
  return {
    type,
    sizeBytes: Number(stats.size),
    mtime: timestamp(stats.mtimeNs),
    ctime: timestamp(stats.ctimeNs),
    birth: stats.birthtimeNs > 0n ? timestamp(stats.birthtimeNs) : undefined,
    inode: stats.ino,
    device: stats.dev,
    linkCount: Number(stats.nlink),
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    specialDevice: stats.rdev,
  }
}

function timestamp(timeNs: bigint): Timestamp {
  const ns = BigInt.asUintN(64, ((timeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)
  return { sec: Number((timeNs - ns) / 1_000_000_000n), ns: Number(ns) }
}
