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

/** Bytes of a `struct statx` that are looked at; all of them are kept in a record. */
export const statusRecordSizeBytes = 0x90

/** One a thread: calls are synchronous, and everything is copied out. */
const bytes = Buffer.alloc(256)
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
  return justRead.status(0)
}

/** As `fileStatus`; undefined when nothing is there, which is told without an error being made. */
export function fileStatusIfAny(path: Buffer | string): FileStatus | undefined {
  const native = nativeFunctions()
  const mask = STATX_BASIC_STATS | STATX_BTIME
  const failed = native.statx(AT_FDCWD, terminatedPath(path, 'statx'), AT_SYMLINK_NOFOLLOW, mask, bytes)
  if (!failed) return justRead.status(0)
  const errno = native.errno()
  if (errno === ENOENT || errno === ENOTDIR) return undefined
  throw systemError('statx', errno, path)
}

/**
 * The status of an entry of an open folder, by its name (raw bytes, one character each); undefined when nothing is there.
 * The kernel need not find the folder again for each of its entries.
 */
export function fileStatusIn(folderFd: number, name: string): FileStatus | undefined {
  if (name.length >= nameBuffer.length) throw systemError('statx', ENAMETOOLONG)
  const errno = readStatusIn(folderFd, name)
  if (errno === 0) return justRead.status(0)
  if (errno === ENOENT || errno === ENOTDIR) return undefined
  throw systemError('statx', errno, name)
}

/**
 * Records of the entries of an open folder, in the order of `names` (raw bytes, one character each), for StatusRecords;
 * zeros for what cannot be looked at. The memory is the caller's.
 */
export function readStatusRecords(folderFd: number, names: readonly string[]): Buffer {
  const records = Buffer.allocUnsafeSlow(names.length * statusRecordSizeBytes)
  for (const [index, name] of names.entries()) {
    const at = index * statusRecordSizeBytes
    if (name.length < nameBuffer.length && readStatusIn(folderFd, name) === 0) records.set(record, at)
    else records.fill(0, at, at + statusRecordSizeBytes)
  }
  return records
}

/** Error number; 0: the status stands in `bytes`. */
function readStatusIn(folderFd: number, name: string): number {
  const native = nativeFunctions()
  nameBuffer.write(name, 'latin1')
  nameBuffer[name.length] = 0
  const mask = STATX_BASIC_STATS | STATX_BTIME
  return native.statx(folderFd, nameBuffer, AT_SYMLINK_NOFOLLOW, mask, bytes) ? native.errno() : 0
}

/** Reads the records of `readStatusRecords`. */
export class StatusRecords {
  readonly #bytes: Buffer
  readonly #words: Uint32Array
  readonly #signedWords: Int32Array

  /** `records` begins at a multiple of 4 bytes in its memory. */
  constructor(records: Buffer) {
    this.#bytes = records
    this.#words = new Uint32Array(records.buffer, records.byteOffset, records.length / 4)
    this.#signedWords = new Int32Array(records.buffer, records.byteOffset, records.length / 4)
  }

  /** True when the entry of that index could be looked at. */
  isTold(index: number): boolean {
    return this.#words[(index * statusRecordSizeBytes) / 4] !== 0
  }

  /** Type and permission bits of the entry of that index; 0 when it is not told. */
  mode(index: number): number {
    return this.#word(index * statusRecordSizeBytes + 0x1c) & 0xffff
  }

  /** The file system of the entry of that index, as `FileStatus.device`. */
  device(index: number): number {
    const at = index * statusRecordSizeBytes
    return this.#word(at + 0x88) * 0x1_0000_0000 + this.#word(at + 0x8c)
  }

  /** The status of the entry of that index, which must be told. */
  status(index: number): FileStatus {
    const at = index * statusRecordSizeBytes
    const attributes = this.#word(at + 0x08)
    const knownAttributes = this.#word(at + 0x38)
    const hasBirth = (this.#word(at) & STATX_BTIME) !== 0
    const birth = this.#time(at + 0x50)
    return {
      mode: this.mode(index),
      linkCount: this.#word(at + 0x10),
      uid: this.#word(at + 0x14),
      gid: this.#word(at + 0x18),
      inode: this.#bytes.readBigUInt64LE(at + 0x20),
      sizeBytes: this.#wide(at + 0x28),
      allocatedBytes: this.#wide(at + 0x30) * sectorSizeBytes,
      mtime: this.#time(at + 0x70),
      ctime: this.#time(at + 0x60),
      birth: hasBirth && (birth.sec !== 0 || birth.ns !== 0) ? birth : undefined,
      device: this.device(index),
      specialDevice: { major: this.#word(at + 0x80), minor: this.#word(at + 0x84) },
      isNoDump: (knownAttributes & STATX_ATTR_NODUMP) === 0 ? undefined : (attributes & STATX_ATTR_NODUMP) !== 0,
    }
  }

  #word(at: number): number {
    return this.#words[at / 4] as number
  }

  /** 64 bits as a number: exact below 2^53, which no length reaches. */
  #wide(at: number): number {
    return this.#word(at + 4) * 0x1_0000_0000 + this.#word(at)
  }

  #time(at: number): FileTime {
    return { sec: (this.#signedWords[at / 4 + 1] as number) * 0x1_0000_0000 + this.#word(at), ns: this.#word(at + 8) }
  }
}

const record = bytes.subarray(0, statusRecordSizeBytes)
const justRead = new StatusRecords(record)
