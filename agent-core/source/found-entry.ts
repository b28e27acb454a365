/** What one look says about an entry of the source file system. */
import type { EntryType, Timestamp } from '../format/tree.ts'
import type { FileStatus } from '../platform/file-status.ts'

export interface FoundEntry extends Omit<FileStatus, 'mode'> {
  readonly type: EntryType
  readonly mtime: Timestamp
  readonly ctime: Timestamp
  readonly birth: Timestamp | undefined
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number
}

const typeMask = 0o170000
const types = new Map<number, EntryType>([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
  [0o010000, 'fifo'],
  [0o140000, 'socket'],
  [0o020000, 'character-device'],
  [0o060000, 'block-device'],
])

/** The type in a mode (`FileStatus.mode`); throws Error for one that POSIX does not know. */
export function entryTypeOf(mode: number): EntryType {
  const type = types.get(mode & typeMask)
  if (type === undefined) throw new Error(`unknown file type in mode 0${mode.toString(8)}`)
  return type
}

/** The entry behind `status`; throws Error for a type that POSIX does not know. */
export function foundEntry(status: FileStatus): FoundEntry {
  return { ...status, type: entryTypeOf(status.mode), mode: status.mode & 0o7777 }
}
