/**
 * Keeps a file that is written in one go from filling the page cache: a few megabytes behind the writer the system is
 * told to write, and once they are on the disk, to forget. Nobody reads them again soon, and what the cache would have
 * to give up for them somebody may. It is faster, too: pages are used again while they are at hand, where each new one
 * costs a virtual machine a way through its host, and the sync at the end finds little to do
 * (docs/adr/0032-write-behind.md). Linux; elsewhere it does nothing.
 */
import { constants } from 'node:os'
import { nativeFunctions, systemError } from './native-library.ts'

// include/uapi/linux: fs.h, fadvise.h
const SYNC_FILE_RANGE_WAIT_BEFORE = 1
const SYNC_FILE_RANGE_WRITE = 2
const SYNC_FILE_RANGE_WAIT_AFTER = 4
const POSIX_FADV_DONTNEED = 4
const { EINVAL, ENOSYS, EOPNOTSUPP, ESPIPE } = constants.errno

const windowSizeBytes = 4 * 1024 * 1024

export class WriteBehind {
  readonly #fd: number
  /** What lies before it is being written to the disk. */
  #started: number
  /** What lies before it has left the page cache. */
  #dropped: number

  /** For what is written into `fd` from `start` on, in order; `fd` stays the caller's. */
  constructor(fd: number, start = 0) {
    this.#fd = fd
    this.#started = start
    this.#dropped = start
  }

  /** The file is written up to `end`. Throws what an earlier write met on its way to the disk (EIO, ENOSPC). */
  wrote(end: number): void {
    if (end - this.#started < windowSizeBytes) return
    // Two windows are on their way, so that the disk has something to do while the next one is filled.
    const dropEnd = this.#started
    syncRange(this.#fd, this.#started, end, SYNC_FILE_RANGE_WRITE)
    this.#started = end
    this.#drop(dropEnd)
  }

  /** Nothing more is written after `end`; returns when all of it is written to the disk, without what a disk keeps back. */
  finish(end: number): void {
    this.#drop(end)
  }

  /** The file was synced, and nothing more is written: lets the page cache forget all of it. */
  forget(): void {
    forgetRange(this.#fd, 0, 0)
  }

  #drop(end: number): void {
    if (end === this.#dropped) return
    const all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER
    syncRange(this.#fd, this.#dropped, end, all)
    forgetRange(this.#fd, this.#dropped, end)
    this.#dropped = end
  }
}

function syncRange(fd: number, start: number, end: number, flags: number): void {
  if (process.platform !== 'linux') return
  const native = nativeFunctions()
  if (native.syncFileRange(fd, start, end - start, flags) === 0) return
  const errno = native.errno()
  if (![EINVAL, ENOSYS, EOPNOTSUPP, ESPIPE].includes(errno)) throw systemError('sync_file_range', errno)
}

/** Advice: what the system makes of it is its own business. `end` 0: to the file's end. */
function forgetRange(fd: number, start: number, end: number): void {
  if (process.platform !== 'linux') return
  nativeFunctions().fadvise(fd, start, end === 0 ? 0 : end - start, POSIX_FADV_DONTNEED)
}
