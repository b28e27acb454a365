/**
 * fanotify(7) with one mark for a whole file system: every change in it, told with the folder's file handle and the
 * entry's name. Needs CAP_SYS_ADMIN (and CAP_DAC_READ_SEARCH to open handles). Read without waiting, as inotify.ts.
 */
import { closeSync, constants, openSync, readlinkSync } from 'node:fs'
import { constants as osConstants } from 'node:os'
import { readQueue } from './inotify.ts'
import { nativeFunctions, systemError } from './native-library.ts'
import { O_PATH } from './posix.ts'

/** Bits of an event's mask (include/uapi/linux/fanotify.h). */
export const fanotifyBits = {
  movedFrom: 0x40,
  movedTo: 0x80,
  created: 0x100,
  deleted: 0x200,
  overflow: 0x4000,
  isFolder: 0x4000_0000,
} as const

const FAN_MODIFY = 0x2
const FAN_ATTRIB = 0x4
const FAN_CLOSE_WRITE = 0x8
const FAN_CLOEXEC = 0x1
const FAN_NONBLOCK = 0x2
const FAN_UNLIMITED_QUEUE = 0x10
const FAN_REPORT_DIR_FID = 0x400
const FAN_REPORT_NAME = 0x800
const FAN_MARK_ADD = 0x1
const FAN_MARK_FILESYSTEM = 0x100
const FAN_EVENT_INFO_TYPE_DFID_NAME = 2
const FAN_EVENT_INFO_TYPE_DFID = 3
const AT_FDCWD = -100

const { movedFrom, movedTo, created, deleted, isFolder } = fanotifyBits
const markMask = FAN_MODIFY | FAN_ATTRIB | FAN_CLOSE_WRITE | movedFrom | movedTo | created | deleted | isFolder

/** struct fanotify_event_info_fid: type, pad, length, then fsid (8), then the handle's length and type (8). */
const handleOffset = 12
const handleHeaderSizeBytes = 8
const bufferSizeBytes = 256 * 1024

export interface FanotifyEvent {
  readonly mask: number
  /** The folder: a `struct file_handle`, a view that is valid until the next event; undefined for an overflow. */
  readonly handle: Buffer | undefined
  /** The entry, as latin1; empty when the event is about the folder itself. */
  readonly name: string
}

export class FanotifyQueue implements Disposable {
  readonly #fd: number
  readonly #buffer = Buffer.allocUnsafeSlow(bufferSizeBytes)

  /**
   * Marks the file system that holds `path`. Throws the system's error: EPERM without the rights, EXDEV, ENODEV or
   * EOPNOTSUPP where the file system has no handles to tell of.
   */
  constructor(path: Buffer) {
    const native = nativeFunctions()
    const flags = FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_REPORT_DIR_FID | FAN_REPORT_NAME
    this.#fd = native.fanotifyInit(flags, 0)
    if (this.#fd < 0) throw systemError('fanotify_init', native.errno())
    const terminated = Buffer.concat([path, Buffer.of(0)])
    if (native.fanotifyMark(this.#fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, markMask, AT_FDCWD, terminated) < 0) {
      const errno = native.errno()
      closeSync(this.#fd)
      throw systemError('fanotify_mark', errno, path)
    }
  }

  /** All events that are queued now, in order; returns at once. Those of files without a folder are left out. */
  *drain(): Generator<FanotifyEvent, void, undefined> {
    const buffer = this.#buffer
    for (;;) {
      const sizeBytes = readQueue(this.#fd, buffer)
      if (sizeBytes === 0) return
      for (let at = 0; at < sizeBytes; at += buffer.readUInt32LE(at)) {
        const event = readEvent(buffer, at)
        if (event !== undefined) yield event
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

/** struct fanotify_event_metadata: length (4), version, reserved, own length (2), mask (8), fd, pid; then info records. */
function readEvent(buffer: Buffer, at: number): FanotifyEvent | undefined {
  const end = at + buffer.readUInt32LE(at)
  const mask = buffer.readUInt32LE(at + 8)
  if ((mask & fanotifyBits.overflow) !== 0) return { mask, handle: undefined, name: '' }
  for (let info = at + buffer.readUInt16LE(at + 6); info < end; info += buffer.readUInt16LE(info + 2)) {
    const type = buffer[info]
    if (type !== FAN_EVENT_INFO_TYPE_DFID_NAME && type !== FAN_EVENT_INFO_TYPE_DFID) continue
    const start = info + handleOffset
    const handleEnd = start + handleHeaderSizeBytes + buffer.readUInt32LE(start)
    const handle = buffer.subarray(start, handleEnd)
    if (type === FAN_EVENT_INFO_TYPE_DFID) return { mask, handle, name: '' }
    const name = buffer.toString('latin1', handleEnd, buffer.indexOf(0, handleEnd))
    return { mask, handle, name: name === '.' ? '' : name }
  }
  return undefined
}

/**
 * The path (raw bytes) that the folder behind `handle` has now, seen from the mount that `mountFd` lies in; undefined
 * when it is gone. Throws the system's error.
 */
export function pathOfHandle(mountFd: number, handle: Buffer): Buffer | undefined {
  const native = nativeFunctions()
  const fd = native.openByHandle(mountFd, handle, O_PATH | constants.O_DIRECTORY)
  if (fd < 0) {
    const errno = native.errno()
    if (errno === osConstants.errno.ESTALE || errno === osConstants.errno.ENOENT) return undefined
    throw systemError('open_by_handle_at', errno)
  }
  try {
    return readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })
  } finally {
    closeSync(fd)
  }
}

/** A descriptor in the mount of `path`, for `pathOfHandle`; while it is open that file system cannot be unmounted. */
export function openMount(path: Buffer): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
}
