/**
 * What one look at a file tells, through statx(2): times to the nanosecond without a detour over big
 * integers, the birth time, and the nodump flag, for which ioctl(2) would be a call of its own. A backup looks at
 * every file of an item in every run, so a microsecond here is a tenth of a second for 100,000 files.
 * Layout of `struct statx`: include/uapi/linux/stat.h.
 */
import { constants } from 'node:os'
import { nativeFunctions, systemError } from './native-library.ts'
import type { DeviceNumbers, FileTarget, FileTime } from './posix.ts'
import { terminatedPath } from './posix.ts'

export interface FileStatus {
  /** Type and permission bits, as `st_mode`. */
  readonly mode: number
  readonly linkCount: number
  readonly uid: number
  readonly gid: number
  readonly inode: bigint
  readonly sizeBytes: number
  /** Bytes on the disk; fewer than the length for a file with holes, and for what the file system compressed. */
  readonly allocatedBytes: number
  readonly mtime: FileTime
  readonly ctime: FileTime
  /** Undefined where the file system does not keep it. */
  readonly birth: FileTime | undefined
  /** Of the file system; equal numbers, equal file system. */
  readonly device: number
  /** Of a device; zeros for everything else. */
  readonly specialDevice: DeviceNumbers
  /** The flag of chattr(1); undefined where the file system does not tell it in this way. */
  readonly isNoDump: boolean | undefined
}

const { ENOENT, ENOTDIR, ENAMETOOLONG } = constants.errno
const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const AT_EMPTY_PATH = 0x1000
const STATX_BASIC_STATS = 0x7ff
const STATX_BTIME = 0x800
const STATX_ATTR_NODUMP = 0x40
/** Unit of `stx_blocks`. */
const sectorSizeBytes = 512

/** One a thread: calls are synchronous, and everything is copied out. */
const bytes = Buffer.alloc(256)
const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 64)
const signedWords = new Int32Array(bytes.buffer, bytes.byteOffset, 64)
const noPath = Buffer.alloc(1)
const nameBuffer = Buffer.alloc(1024)

/** The status of `target`; a path's last component is not followed. Throws errors shaped as Node's own. */
export function fileStatus(target: FileTarget): FileStatus {
  const isDescriptor = typeof target === 'number'
  const native = nativeFunctions()
  const failed = native.statx(
    isDescriptor ? target : AT_FDCWD,
    isDescriptor ? noPath : terminatedPath(target, 'statx'),
    isDescriptor ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW,
    STATX_BASIC_STATS | STATX_BTIME,
    bytes,
  )
  if (failed) throw systemError('statx', native.errno(), target)
  return decodeStatus()
}

/** As `fileStatus`; undefined when nothing is there, which is told without an error being made. */
export function fileStatusIfAny(path: Buffer | string): FileStatus | undefined {
  const native = nativeFunctions()
  const mask = STATX_BASIC_STATS | STATX_BTIME
  const failed = native.statx(AT_FDCWD, terminatedPath(path, 'statx'), AT_SYMLINK_NOFOLLOW, mask, bytes)
  if (!failed) return decodeStatus()
  const errno = native.errno()
  if (errno === ENOENT || errno === ENOTDIR) return undefined
  throw systemError('statx', errno, path)
}

/**
 * The status of an entry of an open folder, by its name (raw bytes, one character each); undefined when nothing is there.
 * The kernel need not find the folder again for each of its entries.
 */
export function fileStatusIn(folderFd: number, name: string): FileStatus | undefined {
  const native = nativeFunctions()
  if (name.length >= nameBuffer.length) throw systemError('statx', ENAMETOOLONG)
  nameBuffer.write(name, 'latin1')
  nameBuffer[name.length] = 0
  const failed = native.statx(folderFd, nameBuffer, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, bytes)
  if (!failed) return decodeStatus()
  const errno = native.errno()
  if (errno === ENOENT || errno === ENOTDIR) return undefined
  throw systemError('statx', errno, name)
}

function decodeStatus(): FileStatus {
  const attributes = words[0x08 / 4] as number
  const knownAttributes = words[0x38 / 4] as number
  const hasBirth = ((words[0] as number) & STATX_BTIME) !== 0
  const birth = time(0x50)
  return {
    mode: bytes.readUInt16LE(0x1c),
    linkCount: words[0x10 / 4] as number,
    uid: words[0x14 / 4] as number,
    gid: words[0x18 / 4] as number,
    inode: bytes.readBigUInt64LE(0x20),
    sizeBytes: wide(0x28),
    allocatedBytes: wide(0x30) * sectorSizeBytes,
    mtime: time(0x70),
    ctime: time(0x60),
    birth: hasBirth && (birth.sec !== 0 || birth.ns !== 0) ? birth : undefined,
    device: (words[0x88 / 4] as number) * 0x1_0000_0000 + (words[0x8c / 4] as number),
    specialDevice: { major: words[0x80 / 4] as number, minor: words[0x84 / 4] as number },
    isNoDump: (knownAttributes & STATX_ATTR_NODUMP) === 0 ? undefined : (attributes & STATX_ATTR_NODUMP) !== 0,
  }
}

/** 64 bits as a number: exact below 2^53, which no length reaches. */
function wide(offset: number): number {
  return (words[offset / 4 + 1] as number) * 0x1_0000_0000 + (words[offset / 4] as number)
}

function time(offset: number): FileTime {
  return {
    sec: (signedWords[offset / 4 + 1] as number) * 0x1_0000_0000 + (words[offset / 4] as number),
    ns: words[offset / 4 + 2] as number,
  }
}
