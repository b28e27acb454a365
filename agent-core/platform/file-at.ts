/**
 * The few calls of which a restore makes one or more a file, straight into the system: they take a third of the time
 * of Node's own, which translate paths and check options. Folders are open descriptors, names single components in
 * raw bytes; links are not followed. Errors are shaped as Node's own.
 */
import { constants } from 'node:fs'
import { constants as osConstants } from 'node:os'
import { nativeFunctions, systemError } from './native-library.ts'
import { renameNoReplace } from './rename-no-replace.ts'

const RENAME_NOREPLACE = 1
const O_CLOEXEC = 0x80000
const { EINVAL, ENOSYS, EOPNOTSUPP, ENAMETOOLONG, EINTR, EIO } = osConstants.errno
const maxNameBytes = 1024

// One pair of buffers per thread: calls are synchronous.
const nameBuffer = Buffer.alloc(maxNameBytes + 1)
const secondNameBuffer = Buffer.alloc(maxNameBytes + 1)

/** Makes the file `name` with `mode` (less the umask), open for reading and writing. Close it with `closeFile`. Throws EEXIST. */
export function createFileAt(folder: number, name: Uint8Array, mode: number): number {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants
  const native = nativeFunctions()
  const flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC
  const fd = native.openat(folder, terminated(name, nameBuffer), flags, mode)
  if (fd < 0) throw systemError('openat', native.errno())
  return fd
}

/** Closes what `createFileAt` opened. */
export function closeFile(fd: number): void {
  nativeFunctions().close(fd)
}

/** Removes the entry `name`, which is no folder. */
export function unlinkAt(folder: number, name: Uint8Array): void {
  const native = nativeFunctions()
  if (native.unlinkat(folder, terminated(name, nameBuffer), 0)) throw systemError('unlinkat', native.errno())
}

/** Renames from folder to folder; throws EEXIST when `to` is there (see rename-no-replace.ts). */
export function renameNoReplaceAt(fromFolder: number, from: Uint8Array, toFolder: number, to: Uint8Array): void {
  const native = nativeFunctions()
  const [first, second] = [terminated(from, nameBuffer), terminated(to, secondNameBuffer)]
  if (native.renameat2(fromFolder, first, toFolder, second, RENAME_NOREPLACE) === 0) return
  const errno = native.errno()
  if (errno !== EINVAL && errno !== ENOSYS && errno !== EOPNOTSUPP) throw systemError('renameat2', errno)
  renameNoReplace(pathOf(fromFolder, from), pathOf(toFolder, to))
}

/** Writes all of `bytes` at `position`. */
export function writeAt(fd: number, bytes: Uint8Array, position: number): void {
  const native = nativeFunctions()
  for (let done = 0; done < bytes.length; ) {
    const count = native.pwrite(fd, done === 0 ? bytes : bytes.subarray(done), bytes.length - done, position + done)
    if (count > 0) done += count
    else if (count === 0 || native.errno() !== EINTR) throw systemError('pwrite', count === 0 ? EIO : native.errno())
  }
}

/** Fills `bytes` from `position` on; answers how many came before the file's end. */
export function readAt(fd: number, bytes: Uint8Array, position: number): number {
  const native = nativeFunctions()
  let done = 0
  while (done < bytes.length) {
    const count = native.pread(fd, done === 0 ? bytes : bytes.subarray(done), bytes.length - done, position + done)
    if (count === 0) break
    if (count > 0) done += count
    else if (native.errno() !== EINTR) throw systemError('pread', native.errno())
  }
  return done
}

/** Changes the owner of an open file; this clears set-user-id bits. −1 leaves a half as it is. */
export function changeOwner(fd: number, uid: number, gid: number): void {
  const native = nativeFunctions()
  if (native.fchown(fd, uid >>> 0, gid >>> 0)) throw systemError('fchown', native.errno(), fd)
}

/** Changes the permissions of an open file. */
export function changeMode(fd: number, mode: number): void {
  const native = nativeFunctions()
  if (native.fchmod(fd, mode)) throw systemError('fchmod', native.errno(), fd)
}

function pathOf(folder: number, name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name])
}

function terminated(name: Uint8Array, buffer: Buffer): Buffer {
  if (name.length > maxNameBytes) throw systemError('openat', ENAMETOOLONG)
  if (name.length === 0 || name.includes(0) || name.includes(0x2f)) throw new TypeError('not the name of one entry')
  buffer.set(name)
  buffer[name.length] = 0
  return buffer
}
