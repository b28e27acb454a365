/**
 * What Node lacks of the system's file calls; usable on the main thread and in worker threads.
 * A target is an open descriptor or a path; a path is raw bytes (Buffer) or a UTF-8 string, and its
 * last component is never followed when it is a symbolic link. Paths of 4,096 bytes and more are
 * refused by the system (ENAMETOOLONG): see anchored-path.ts. All calls are synchronous; they throw
 * errors shaped as Node's own (`code`, `errno`, `syscall`, `path`), and AgentError
 * `platform.unsupported` where there is no twin of these functions for the system yet.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { constants as osConstants } from 'node:os'
import { hasErrorCode, nativeFunctions, systemError } from './native-library.ts'

/** An open descriptor, or a path whose last component is not followed. */
export type FileTarget = number | Buffer | string

/** A time of a file: whole seconds since 1970 (may be negative or beyond 2^32) and 0 … 999,999,999 ns. */
export interface FileTime {
  readonly sec: number
  readonly ns: number
}

/** A range of a file's bytes. */
export interface FileRange {
  readonly offset: number
  readonly sizeBytes: number
}

/** Linux's O_PATH (asm-generic/fcntl.h), which Node's constants lack: a handle on a place, not on its content. */
export const O_PATH = 0x200000

const { ENODATA, ENXIO, EINVAL, EOPNOTSUPP, ENOTTY, ENOSYS, EWOULDBLOCK, EINTR, ERANGE } = osConstants.errno

// include/uapi/linux: limits.h (XATTR_LIST_MAX and XATTR_SIZE_MAX are both 64 KiB), fcntl.h, fs.h
const xattrMaxBytes = 65536
const pathMaxBytes = 4096
const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const SEEK_DATA = 3
const SEEK_HOLE = 4
const LOCK_EX = 2
const LOCK_NB = 4
const FS_IOC_GETFLAGS = 0x80086601
const FS_NODUMP_FL = 0x40

// One set of buffers per thread: calls are synchronous and copy their results out.
const pathBuffer = Buffer.alloc(pathMaxBytes)
const nameBuffer = Buffer.alloc(256)
const valueBuffer = Buffer.alloc(xattrMaxBytes)
const timesBuffer = Buffer.alloc(32)

/**
 * Names of the extended attributes of `target`, as latin1 strings (one character per byte, so that
 * no name is lost), in the system's order; POSIX ACLs appear as `system.posix_acl_access` and
 * `system.posix_acl_default`, capabilities as `security.capability`. Empty where the file system
 * has none.
 */
export function listXattrs(target: FileTarget): string[] {
  const native = nativeFunctions()
  const sizeBytes =
    typeof target === 'number'
      ? native.flistxattr(target, valueBuffer, xattrMaxBytes)
      : native.listxattr(terminatedPath(target, 'llistxattr'), valueBuffer, xattrMaxBytes)
  if (sizeBytes === 0) return []
  if (sizeBytes < 0) {
    const errno = native.errno()
    if (errno === EOPNOTSUPP || errno === ENOSYS) return []
    throw systemError(typeof target === 'number' ? 'flistxattr' : 'llistxattr', errno, target)
  }
  return valueBuffer.toString('latin1', 0, sizeBytes - 1).split('\0')
}

/**
 * Value of the extended attribute `name` (latin1, see listXattrs) in a buffer of its own, or
 * undefined when there is no such attribute (any more).
 */
export function getXattr(target: FileTarget, name: string): Buffer | undefined {
  const native = nativeFunctions()
  const sizeBytes =
    typeof target === 'number'
      ? native.fgetxattr(target, terminatedName(name), valueBuffer, xattrMaxBytes)
      : native.getxattr(terminatedPath(target, 'lgetxattr'), terminatedName(name), valueBuffer, xattrMaxBytes)
  if (sizeBytes >= 0) return Buffer.from(valueBuffer.subarray(0, sizeBytes))
  const errno = native.errno()
  if (errno === ENODATA || errno === EOPNOTSUPP || errno === ENOSYS) return undefined
  throw systemError(typeof target === 'number' ? 'fgetxattr' : 'lgetxattr', errno, target)
}

/** Sets the extended attribute `name` (latin1), replacing one of that name. Throws ENOTSUP where there are none. */
export function setXattr(target: FileTarget, name: string, value: Buffer): void {
  const native = nativeFunctions()
  const failed =
    typeof target === 'number'
      ? native.fsetxattr(target, terminatedName(name), value, value.length, 0)
      : native.setxattr(terminatedPath(target, 'lsetxattr'), terminatedName(name), value, value.length, 0)
  if (failed) throw systemError(typeof target === 'number' ? 'fsetxattr' : 'lsetxattr', native.errno(), target)
}

/** Removes the extended attribute `name` (latin1); nothing happens when it is not there. */
export function removeXattr(target: FileTarget, name: string): void {
  const native = nativeFunctions()
  const failed =
    typeof target === 'number'
      ? native.fremovexattr(target, terminatedName(name))
      : native.removexattr(terminatedPath(target, 'lremovexattr'), terminatedName(name))
  if (!failed) return
  const errno = native.errno()
  if (errno === ENODATA) return
  throw systemError(typeof target === 'number' ? 'fremovexattr' : 'lremovexattr', errno, target)
}

/**
 * Sets the access and modification time to the nanosecond (the file system may round). Throws
 * RangeError when a time is not whole seconds with 0 … 999,999,999 ns.
 */
export function setTimes(target: FileTarget, atime: FileTime, mtime: FileTime): void {
  const native = nativeFunctions()
  writeTime(atime, 0)
  writeTime(mtime, 16)
  const failed =
    typeof target === 'number'
      ? native.futimens(target, timesBuffer)
      : native.utimensat(AT_FDCWD, terminatedPath(target, 'utimensat'), timesBuffer, AT_SYMLINK_NOFOLLOW)
  if (failed) throw systemError(typeof target === 'number' ? 'futimens' : 'utimensat', native.errno(), target)
}

/** The time that `fs.Stats` with `bigint: true` gives as nanoseconds since 1970 (negative before). */
export function fileTimeFromNs(timeNs: bigint): FileTime {
  const ns = ((timeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  return { sec: Number((timeNs - ns) / 1_000_000_000n), ns: Number(ns) }
}

/**
 * The ranges of a file that hold data, ascending, none before `from` and none beyond `sizeBytes`; what lies between
 * them reads as zeros. One range over everything where the file system cannot tell. Moves the
 * descriptor's own position: read with explicit positions. Throws while iterating.
 */
export function* dataRanges(fd: number, sizeBytes: number, from = 0): Generator<FileRange, void, undefined> {
  const native = nativeFunctions()
  let position = from
  while (position < sizeBytes) {
    const start = native.lseek(fd, position, SEEK_DATA)
    if (start < 0) {
      const errno = native.errno()
      if (errno === ENXIO) return
      if (errno !== EINVAL && errno !== EOPNOTSUPP) throw systemError('lseek', errno)
      yield { offset: position, sizeBytes: sizeBytes - position }
      return
    }
    if (start >= sizeBytes) return
    const end = native.lseek(fd, start, SEEK_HOLE)
    if (end < 0) {
      const errno = native.errno()
      // The file was cut short between the two calls: the rest is not there any more.
      if (errno === ENXIO) return
      throw systemError('lseek', errno)
    }
    yield { offset: start, sizeBytes: Math.min(end, sizeBytes) - start }
    position = end
  }
}

/**
 * Takes the exclusive lock of an open file without waiting: true when it is held now, false when
 * another open file description holds it. The lock ends when `fd` (and every copy of it) is closed.
 */
export function lockFile(fd: number): boolean {
  const native = nativeFunctions()
  for (;;) {
    if (native.flock(fd, LOCK_EX | LOCK_NB) === 0) return true
    const errno = native.errno()
    if (errno === EWOULDBLOCK) return false
    if (errno !== EINTR) throw systemError('flock', errno)
  }
}

/**
 * Returns when everything written to the file system that holds `fd` (opened for reading or writing) is safe on
 * its disk; throws what writing back met (EIO, ENOSPC). One call for many small files costs what one file's would.
 */
export function syncFileSystem(fd: number): void {
  const native = nativeFunctions()
  if (native.syncfs(fd)) throw systemError('syncfs', native.errno())
}

/** Major and minor number of a device. */
export interface DeviceNumbers {
  readonly major: number
  readonly minor: number
}

/** Splits `st_dev` or `st_rdev` (glibc's gnu_dev_major and gnu_dev_minor). */
export function deviceNumbers(device: bigint): DeviceNumbers {
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  }
}

/**
 * Makes a FIFO, a socket or a device. `mode` holds the type (S_IFIFO, S_IFSOCK, S_IFBLK, S_IFCHR) and the
 * permissions (less the umask); `device` is needed for the last two. Throws EEXIST when the name is taken.
 */
export function makeNode(path: Buffer | string, mode: number, device: DeviceNumbers = { major: 0, minor: 0 }): void {
  const native = nativeFunctions()
  const { major, minor } = device
  if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff) throw systemError('mknod', EINVAL, path)
  // The kernel's new_decode_dev layout: 12 bits of major between the two parts of the minor.
  const encoded = ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0
  if (native.mknodat(AT_FDCWD, terminatedPath(path, 'mknod'), mode, encoded)) {
    throw systemError('mknod', native.errno(), path)
  }
}

/** The inode flags of chattr(1), as FS_IOC_GETFLAGS gives them; 0 where the file system has none. */
export function fileFlags(fd: number): number {
  const native = nativeFunctions()
  const flags = Buffer.alloc(8)
  if (native.ioctl(fd, FS_IOC_GETFLAGS, flags) === 0) return flags.readUInt32LE(0)
  const errno = native.errno()
  if (errno === ENOTTY || errno === EOPNOTSUPP || errno === EINVAL || errno === ENOSYS) return 0
  throw systemError('ioctl', errno)
}

/** True when the file carries the `nodump` flag (`chattr +d`): its owner does not want it backed up. */
export function isNoDump(fd: number): boolean {
  return (fileFlags(fd) & FS_NODUMP_FL) !== 0
}

/**
 * Opens a file to read it for a backup: never follows a symbolic link (ELOOP), never waits for a
 * FIFO's other end, and leaves the access time alone where the system allows that (owner or root).
 * Check with fstat that it still is what was expected. The caller closes the descriptor.
 */
export function openForReading(path: Buffer | string): number {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  if (!constants.O_NOATIME) return openSync(path, flags)
  try {
    return openSync(path, flags | constants.O_NOATIME)
  } catch (error) {
    if (!hasErrorCode(error, 'EPERM')) throw error
    return openSync(path, flags)
  }
}

/** Type number and id of a file system, as fstatfs(2) gives them; `id` is 16 hex digits. */
export interface FileSystemNumbers {
  readonly type: number
  readonly id: string
}

/** Numbers of the file system that holds `target` (a path is opened without following its last component). */
export function fileSystemNumbers(target: FileTarget): FileSystemNumbers {
  if (typeof target !== 'number') {
    const fd = openSync(target, O_PATH | constants.O_NOFOLLOW)
    try {
      return fileSystemNumbers(fd)
    } finally {
      closeSync(fd)
    }
  }
  const native = nativeFunctions()
  const result = Buffer.alloc(256)
  if (native.fstatfs(target, result)) throw systemError('fstatfs', native.errno())
  return { type: Number(result.readBigUInt64LE(0)), id: result.readBigUInt64LE(56).toString(16).padStart(16, '0') }
}

/** `path` with its terminating NUL, in the thread's own buffer: valid until the next call. */
export function terminatedPath(path: Buffer | string, syscall: string): Buffer {
  const sizeBytes = typeof path === 'string' ? Buffer.byteLength(path) : path.length
  if (sizeBytes >= pathMaxBytes) throw systemError(syscall, osConstants.errno.ENAMETOOLONG, path)
  if (typeof path === 'string') pathBuffer.write(path)
  else path.copy(pathBuffer)
  pathBuffer[sizeBytes] = 0
  if (pathBuffer.indexOf(0) !== sizeBytes) throw new TypeError('a path cannot hold a NUL byte')
  return pathBuffer
}

function terminatedName(name: string): Buffer {
  if (name.length >= nameBuffer.length) throw systemError('xattr', ERANGE)
  if (name === '' || name.includes('\0') || /[\u0100-\uffff]/.test(name)) {
    throw new TypeError('the name of an extended attribute is latin1 without NUL')
  }
  nameBuffer.write(name, 'latin1')
  nameBuffer[name.length] = 0
  return nameBuffer
}

function writeTime(time: FileTime, offset: number): void {
  if (!Number.isSafeInteger(time.sec) || !Number.isInteger(time.ns) || time.ns < 0 || time.ns > 999_999_999) {
    throw new RangeError(`not a file time: ${time.sec} s, ${time.ns} ns`)
  }
  timesBuffer.writeBigInt64LE(BigInt(time.sec), offset)
  timesBuffer.writeBigInt64LE(BigInt(time.ns), offset + 8)
}
