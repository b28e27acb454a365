/**
 * inotify(7): the kernel's queue of changes in single folders. Read without waiting, so that a caller who drains it
 * knows that everything before that moment was told, which no callback of an event loop can say; and it tells when it
 * has lost something, which `fs.watch` keeps to itself.
 */
import { closeSync, readSync } from 'node:fs'
import { constants } from 'node:os'
import { nativeFunctions, systemError } from './native-library.ts'

/** Bits of an event's mask (include/uapi/linux/inotify.h). */
export const inotifyBits = {
  modified: 0x2,
  attributes: 0x4,
  closedAfterWriting: 0x8,
  movedFrom: 0x40,
  movedTo: 0x80,
  created: 0x100,
  deleted: 0x200,
  folderDeleted: 0x400,
  folderMoved: 0x800,
  unmounted: 0x2000,
  overflow: 0x4000,
  /** The watch is gone: its folder was deleted or unmounted, or it was removed. */
  ignored: 0x8000,
  isFolder: 0x4000_0000,
} as const

const { modified, attributes, closedAfterWriting, movedFrom, movedTo, created, deleted, folderDeleted, folderMoved } =
  inotifyBits
const IN_ONLYDIR = 0x0100_0000
const IN_DONT_FOLLOW = 0x0200_0000
const IN_EXCL_UNLINK = 0x0400_0000
const IN_NONBLOCK_CLOEXEC = 0x800 | 0x80000
const watchMask =
  modified |
  attributes |
  closedAfterWriting |
  movedFrom |
  movedTo |
  created |
  deleted |
  folderDeleted |
  folderMoved |
  IN_ONLYDIR |
  IN_DONT_FOLLOW |
  IN_EXCL_UNLINK

const headerSizeBytes = 16
const bufferSizeBytes = 64 * 1024

export interface InotifyEvent {
  /** Number of the watch; −1 for an overflow. */
  readonly watch: number
  readonly mask: number
  /** The entry, as latin1; empty when the event is about the folder itself. */
  readonly name: string
}

export class InotifyQueue implements Disposable {
  readonly #fd: number
  readonly #buffer = Buffer.allocUnsafeSlow(bufferSizeBytes)

  /** Throws the system's error (EMFILE), and AgentError `platform.unsupported`. */
  constructor() {
    this.#fd = nativeFunctions().inotifyInit(IN_NONBLOCK_CLOEXEC)
    if (this.#fd < 0) throw systemError('inotify_init1', nativeFunctions().errno())
  }

  /**
   * Watches the folder at `path` (raw bytes), not what is below it: the number of the watch, the same one for the same
   * inode. Throws the system's error: ENOENT, ENOTDIR, EACCES, ENAMETOOLONG; ENOSPC when the system has no watch left.
   */
  watch(path: Buffer): number {
    const native = nativeFunctions()
    const watch = native.inotifyAddWatch(this.#fd, Buffer.concat([path, Buffer.of(0)]), watchMask >>> 0)
    if (watch < 0) throw systemError('inotify_add_watch', native.errno(), path)
    return watch
  }

  /** Ends a watch; one that has ended by itself is none. */
  unwatch(watch: number): void {
    nativeFunctions().inotifyRemoveWatch(this.#fd, watch)
  }

  /** All events that are queued now, in order; returns at once. */
  *drain(): Generator<InotifyEvent, void, undefined> {
    for (;;) {
      const sizeBytes = readQueue(this.#fd, this.#buffer)
      if (sizeBytes === 0) return
      for (let at = 0; at < sizeBytes; ) {
        const nameSizeBytes = this.#buffer.readUInt32LE(at + 12)
        const start = at + headerSizeBytes
        const end = this.#buffer.indexOf(0, start)
        yield {
          watch: this.#buffer.readInt32LE(at),
          mask: this.#buffer.readUInt32LE(at + 4),
          name: nameSizeBytes === 0 ? '' : this.#buffer.toString('latin1', start, end),
        }
        at = start + nameSizeBytes
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

/** Bytes read from a queue that does not wait; 0 when it is empty. */
export function readQueue(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer, 0, buffer.length, null)
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException
    if (errno === -constants.errno.EAGAIN) return 0
    throw error
  }
}
