import { asBuffer } from '../base/bytes.ts'
import type { Entry } from '../format/tree.ts'
import { type DirectoryHandle, thisFolder } from '../platform/directory-handle.ts'
import type { FileTime } from '../platform/posix.ts'
import { isSystemError } from './failure.ts'
import { joinPath } from './resolve-path.ts'
import type { Staging } from './staging.ts'

/** A folder of the target on the way. */
export interface TargetDirectory {
  readonly parent: TargetDirectory | undefined
  /** Its path on the source, in pieces: the whole path for the first, then a name each. */
  readonly sourceName: Buffer
  /** What it gets its metadata from; undefined: it keeps its own. */
  readonly entry: Entry | undefined
  readonly existed: boolean
  /** Nothing was in it: names need not be looked up. */
  readonly wasEmpty: boolean
  /** Inodes that this restore gave names here; a name that leads to one is no name of the person's. */
  readonly published: Set<bigint>
  /** Shared by all descriptions of the same folder. */
  readonly state: FolderState
}

export interface FolderState {
  /** The private folder that stands in it. */
  staging?: Staging
  /** Times it had before that, for a folder that keeps its own metadata. */
  timesBefore?: { readonly atime: FileTime; readonly mtime: FileTime }
  /** Something got a name in it. */
  isChanged: boolean
  /** Files that workers have yet to put here. */
  filesUnderWay: number
  /** What is left to do once there are none; there when the walk has left the folder. */
  finish?: () => void
}

export function newFolderState(): FolderState {
  return { isChanged: false, filesUnderWay: 0 }
}

/** A folder that stands for `entry` in `parent`: made for it, or there before. */
export function targetDirectory(
  entry: Entry,
  parent: TargetDirectory,
  { existed, givesMetadata }: { readonly existed: boolean; readonly givesMetadata: boolean },
): TargetDirectory {
  return {
    parent,
    sourceName: asBuffer(entry.name),
    entry: givesMetadata ? entry : undefined,
    existed,
    wasEmpty: !existed,
    published: new Set(),
    state: newFolderState(),
  }
}

/** The private folder came and went; the times of a folder of another owner stay as that left them. */
export function putTimesBack(handle: DirectoryHandle, { atime, mtime }: NonNullable<FolderState['timesBefore']>): void {
  try {
    handle.setTimes(thisFolder, atime, mtime)
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
}

/** The new permissions of a folder may hide it from this user: its times and mode then follow when the system likes. */
export function syncIfReadable(handle: DirectoryHandle): void {
  try {
    handle.sync()
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EACCES') throw error
  }
}

/** Path on the source of a folder, or of `name` in it, put together from the names on the way. */
export function sourcePathOf(folder: TargetDirectory, name?: Buffer): Buffer {
  const names: Buffer[] = name === undefined ? [] : [name]
  let first = folder
  for (; first.parent !== undefined; first = first.parent) names.push(first.sourceName)
  return names.reverse().reduce(joinPath, first.sourceName)
}
