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

const noPath = Buffer.alloc(1)
const nameBuffer = Buffer.alloc(1024)

/** The status of `target`; a path's last component is not followed. Throws errors shaped as Node's own. */
export function fileStatus(target: FileTarget): FileStatus {
  const errno = justRead.look(target)
  if (errno !== 0) throw systemError('statx', errno, target)
  return justRead.status()
}

/** As `fileStatus`; undefined when nothing is there, which is told without an error being made. */
export function fileStatusIfAny(path: Buffer | string): FileStatus | undefined {
  const errno = justRead.look(path)
  if (errno === 0) return justRead.status()
  if (errno === ENOENT || errno === ENOTDIR) return undefined
  throw systemError('statx', errno, path)
}

/**
 * The status of an entry of an open folder, by its name (raw bytes, one character each); undefined when nothing is there.
 * The kernel need not find the folder again for each of its entries.
 */
export function fileStatusIn(folderFd: number, name: string): FileStatus | undefined {
  return justRead.lookIn(folderFd, name) ? justRead.status() : undefined
}

/** A `struct statx`, filled by each look and read where it lies: nothing is made for a look. */
export class StatusRecord {
  readonly #bytes = Buffer.alloc(256)
  readonly #words = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length / 4)
  readonly #signedWords = new Int32Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length / 4)

  /** As `fileStatus`; answers an error number, 0 for none. */
  look(target: FileTarget): number {
    return typeof target === 'number'
      ? this.#statx(target, noPath, AT_EMPTY_PATH)
      : this.#statx(AT_FDCWD, terminatedPath(target, 'statx'), AT_SYMLINK_NOFOLLOW)
  }

  /**
   * An entry of an open folder, by its name (raw bytes, one character each); false when nothing is there. Throws errors
   * shaped as Node's own.
   */
  lookIn(folderFd: number, name: string): boolean {
    if (name.length >= nameBuffer.length) throw systemError('statx', ENAMETOOLONG)
    nameBuffer.write(name, 'latin1')
    nameBuffer[name.length] = 0
    const errno = this.#statx(folderFd, nameBuffer, AT_SYMLINK_NOFOLLOW)
    if (errno === 0) return true
    if (errno === ENOENT || errno === ENOTDIR) return false
    throw systemError('statx', errno, name)
  }

  /** Type and permission bits. */
  get mode(): number {
    return this.#word(0x1c) & 0xffff
  }

  get linkCount(): number {
    return this.#word(0x10)
  }

  get inode(): bigint {
    return this.#bytes.readBigUInt64LE(0x20)
  }

  get sizeBytes(): number {
    return this.#wide(0x28)
  }

  get mtimeSec(): number {
    return this.#signedWide(0x70)
  }

  get mtimeNs(): number {
    return this.#word(0x78)
  }

  get ctimeSec(): number {
    return this.#signedWide(0x60)
  }

  get ctimeNs(): number {
    return this.#word(0x68)
  }

  /** The file system, as `FileStatus.device`. */
  get device(): number {
    return this.#word(0x88) * 0x1_0000_0000 + this.#word(0x8c)
  }

  /** All of it. */
  status(): FileStatus {
    const attributes = this.#word(0x08)
    const knownAttributes = this.#word(0x38)
    const hasBirth = (this.#word(0) & STATX_BTIME) !== 0
    const birth = { sec: this.#signedWide(0x50), ns: this.#word(0x58) }
    return {
      mode: this.mode,
      linkCount: this.linkCount,
      uid: this.#word(0x14),
      gid: this.#word(0x18),
      inode: this.inode,
      sizeBytes: this.sizeBytes,
      allocatedBytes: this.#wide(0x30) * sectorSizeBytes,
      mtime: { sec: this.mtimeSec, ns: this.mtimeNs },
      ctime: { sec: this.ctimeSec, ns: this.ctimeNs },
      birth: hasBirth && (birth.sec !== 0 || birth.ns !== 0) ? birth : undefined,
      device: this.device,
      specialDevice: { major: this.#word(0x80), minor: this.#word(0x84) },
      isNoDump: (knownAttributes & STATX_ATTR_NODUMP) === 0 ? undefined : (attributes & STATX_ATTR_NODUMP) !== 0,
    }
  }

  #statx(folderFd: number, path: Buffer, flags: number): number {
    const native = nativeFunctions()
    const mask = STATX_BASIC_STATS | STATX_BTIME
    return native.statx(folderFd, path, flags, mask, this.#bytes) ? native.errno() : 0
  }

  #word(at: number): number {
    return this.#words[at / 4] as number
  }

  /** 64 bits as a number: exact below 2^53, which no length reaches. */
  #wide(at: number): number {
    return this.#word(at + 4) * 0x1_0000_0000 + this.#word(at)
  }

  #signedWide(at: number): number {
    return (this.#signedWords[at / 4 + 1] as number) * 0x1_0000_0000 + this.#word(at)
  }
}

/** One a thread: calls are synchronous, and everything is copied out. */
const justRead = new StatusRecord()
