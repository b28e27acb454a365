/**
 * Paths longer than the system takes in one call. The kernel refuses a path of 4,096 bytes
 * (PATH_MAX), but trees may be deeper: the folders on the way are then opened one stretch after the
 * other, and the rest of the path is reached through `/proc/self/fd/<fd>/<rest>`.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { O_PATH } from './posix.ts'

/** A path that every file call takes, and what must be held open for it. */
export interface AnchoredPath extends Disposable {
  /** Names the same file as the long path did when it was anchored; valid until disposal. */
  readonly path: Buffer
}

/** Paths up to this many bytes are used as they are: leaves room for a name that a caller adds. */
const longestPlainBytes = 3800
const slash = 0x2f

/**
 * A short equivalent of `path` (raw bytes). A short `path` comes back itself and nothing is opened.
 * The last component is not touched; symbolic links on the way are followed, as in any path.
 * Throws what open(2) throws for the folders on the way (ENOENT, EACCES, ENOTDIR). The caller disposes.
 */
export function anchoredPath(path: Buffer): AnchoredPath {
  if (path.length <= longestPlainBytes) return { path, [Symbol.dispose]: () => undefined }
  let fd: number | undefined
  let rest = path
  try {
    while (rest.length > longestPlainBytes) {
      const cut = rest.lastIndexOf(slash, longestPlainBytes)
      if (cut <= 0) break
      const next = openSync(below(fd, rest.subarray(0, cut)), O_PATH | constants.O_DIRECTORY)
      if (fd !== undefined) closeSync(fd)
      fd = next
      rest = withoutLeadingSlashes(rest.subarray(cut))
    }
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    throw error
  }
  let held = fd
  return {
    path: below(fd, rest),
    [Symbol.dispose]: () => {
      if (held !== undefined) closeSync(held)
      held = undefined
    },
  }
}

function below(fd: number | undefined, path: Buffer): Buffer {
  return fd === undefined ? path : Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), path])
}

function withoutLeadingSlashes(path: Buffer): Buffer {
  const start = path.findIndex((byte) => byte !== slash)
  return start < 0 ? Buffer.from('.') : path.subarray(start)
}
