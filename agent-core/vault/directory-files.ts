/**
 * File calls of the directory store that are about durability: temporary files, folders, syncing.
 * Every object is 0600 and every folder 0700, whatever the umask allows.
 */
import { constants } from 'node:fs'
import { copyFile, type FileHandle, link, lstat, open, readFile, rename, unlink } from 'node:fs/promises'
import { errnoOf, isFull, isMissing } from './file-errors.ts'
import type { TurnFiles } from './publish-by-turn.ts'

export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700
const { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = constants
const O_NOFOLLOW = constants.O_NOFOLLOW ?? 0
const O_NONBLOCK = constants.O_NONBLOCK ?? 0

/** Between two looks at the abort signal. */
const MAX_READ_BYTES = 8 * 1024 * 1024
/** Answers of a system or file system that cannot make hard links at all. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'EISDIR', 'UNKNOWN'])
/** Answers of a system that cannot sync a folder; an I/O error is not among them. */
const NO_FOLDER_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR', 'EBADF', 'EPERM', 'EACCES'])

/** An fsync failed: what was written since the last one must be taken as gone (W5 of the format page). */
export class SyncFailure extends Error {
  override readonly name = 'SyncFailure'
}

/** Opens a new, empty, private file for writing; EEXIST when the name is taken. */
export function createPrivateFile(path: string): Promise<FileHandle> {
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE)
}

/** Opens what stands at `path` for reading: never through a link, never waiting on a FIFO. */
function openForReading(path: string): Promise<FileHandle> {
  return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
}

/** Opens the object at `path` for reading; undefined when no plain file is there. */
export async function openObjectFile(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle
  try {
    handle = await openForReading(path)
  } catch (error) {
    // A link answers ELOOP, a socket ENXIO.
    if (isMissing(error) || errnoOf(error) === 'ELOOP' || errnoOf(error) === 'ENXIO') return undefined
    throw error
  }
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  return undefined
}

/** Fills `bytes` from `position` on; returns how many came before the file's end. */
export async function readFully(
  handle: FileHandle,
  bytes: Buffer,
  position: number,
  signal?: AbortSignal,
): Promise<number> {
  let filled = 0
  while (filled < bytes.length) {
    signal?.throwIfAborted()
    const wanted = Math.min(bytes.length - filled, MAX_READ_BYTES)
    const { bytesRead } = await handle.read(bytes, filled, wanted, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

/** Syncs an open file; SyncFailure when its bytes are lost, a full disk's error as it is. */
export async function syncFile(handle: FileHandle): Promise<void> {
  try {
    await handle.sync()
  } catch (error) {
    if (errnoOf(error) === undefined || isFull(error)) throw error
    throw new SyncFailure('a file could not be synced', { cause: error })
  }
}

/** Syncs a file that was opened for reading only, which Windows refuses: there its writer has done it. */
export async function syncReadFile(handle: FileHandle): Promise<void> {
  if (process.platform !== 'win32') await syncFile(handle)
}

/** Syncs the folder `path`; false where the system cannot, SyncFailure where it tried and failed. */
export async function syncFolder(path: string): Promise<boolean> {
  const handle = await open(path, O_RDONLY)
  try {
    await handle.sync()
    return true
  } catch (error) {
    const code = errnoOf(error)
    if (code !== undefined && NO_FOLDER_SYNC.has(code)) return false
    if (code === undefined || isFull(error)) throw error
    throw new SyncFailure('a folder could not be synced', { cause: error })
  } finally {
    await handle.close()
  }
}

/** Hard-links `from` as the new name `to`. `unfit`: this file, or this file system, takes no link. */
export async function linkNew(from: string, to: string): Promise<'made' | 'taken' | 'unfit'> {
  try {
    await link(from, to)
    return 'made'
  } catch (error) {
    const code = errnoOf(error) ?? ''
    if (code === 'EEXIST') return 'taken'
    if (code === 'EXDEV' || NO_LINKS.has(code)) return 'unfit'
    throw error
  }
}

/** Shares the bytes of `from` with the new private file `to`; false where the file system cannot. */
export async function cloneFile(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
  } catch (error) {
    const code = errnoOf(error) ?? ''
    if (code === 'EXDEV' || code === 'ENOTTY' || NO_LINKS.has(code)) return false
    throw error
  }
  const handle = await openForReading(to)
  try {
    await handle.chmod(FILE_MODE)
    await syncReadFile(handle)
  } finally {
    await handle.close()
  }
  return true
}

/** Removes `path`; false when it was not there. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** What stands at `path`, links not followed; undefined when nothing does. */
export async function lookAt(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** The calls of the turn protocol, in the folder `folder`. */
export function turnFilesIn(folder: string): TurnFiles {
  const at = (name: string) => `${folder}/${name}`
  return {
    createExclusive: async (name, text) => {
      let handle: FileHandle
      try {
        handle = await createPrivateFile(at(name))
      } catch (error) {
        if (errnoOf(error) === 'EEXIST') return false
        throw error
      }
      try {
        await handle.writeFile(text)
      } finally {
        await handle.close()
      }
      return true
    },
    readText: async (name) => {
      try {
        return await readFile(at(name), 'utf8')
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    exists: async (name) => (await lookAt(at(name))) !== undefined,
    rename: async (from, to) => {
      try {
        await rename(at(from), at(to))
        return true
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return false
        throw error
      }
    },
    remove: async (name) => {
      await removeFile(at(name))
    },
  }
}
