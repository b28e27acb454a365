import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { hasErrorCode, nativeFunctions, systemError } from './native-library.ts'

const AT_FDCWD = -100
const RENAME_NOREPLACE = 1
const { EINVAL, ENOSYS, EOPNOTSUPP } = constants.errno

/**
 * Renames `from` to `to`, and throws EEXIST when `to` is there, whatever it is. Atomic where the
 * file system knows RENAME_NOREPLACE (renameat2(2)) or has hard links; for folders, and where there
 * are neither, `to` is looked for just before.
 */
export function renameNoReplace(from: Buffer, to: Buffer): void {
  const native = nativeFunctions()
  if (native.renameat2(AT_FDCWD, terminated(from), AT_FDCWD, terminated(to), RENAME_NOREPLACE) === 0) return
  const errno = native.errno()
  if (errno !== EINVAL && errno !== ENOSYS && errno !== EOPNOTSUPP) throw systemError('renameat2', errno, from)
  renameByLink(from, to)
}

/** The way without renameat2; exported for its test. */
export function renameByLink(from: Buffer, to: Buffer): void {
  try {
    linkSync(from, to)
  } catch (error) {
    // Folders and file systems without hard links.
    if (!hasErrorCode(error, 'EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK')) throw error
    if (lstatSync(to, { throwIfNoEntry: false })) throw systemError('rename', constants.errno.EEXIST, to)
    renameSync(from, to)
    return
  }
  unlinkSync(from)
}

function terminated(path: Buffer): Buffer {
  if (path.includes(0)) throw new TypeError('a path cannot hold a NUL byte')
  return Buffer.concat([path, Buffer.of(0)])
}
