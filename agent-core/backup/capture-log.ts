/**
 * What a capture has finished so far, beside the base, so that the next run need not read it again when this one is
 * interrupted: the entry of every captured file, and the pages of long lists of parts.
 *
 * Nothing in it is believed: an entry counts when the *unchanged* rule says that the file is still as it was read, and every
 * block that it names lies in a complete chunk file which the base knows (finished-files.ts). So it needs no sync and no
 * agreement with chunk files: what is lost or torn of it is read again, and no more.
 *
 * A file of records: length of the payload (u32, little-endian), CRC-32 of it (u32), payload. The first byte of a payload
 * says what follows: 0 a run (its scan's start, ms, f64), 1 an entry (length of the path, u32; path; encoded entry),
 * 2 a page (block id, 32 bytes; bytes).
 */
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { BaseDb } from '../cache/base-db.ts'
import type { ItemId } from '../contract/ids.ts'

export const recordHeadSizeBytes = 8
export const runRecord = 0
export const entryRecord = 1
export const pageRecord = 2

const bufferSizeBytes = 64 * 1024
/** A file of this length is written down at once: reading it again would cost more. */
const largeFileSizeBytes = 1024 * 1024

/** Where the capture log of an item lies. */
export function captureLogPath(base: BaseDb, item: ItemId): string {
  return `${base.path}.capture-${item}`
}

export class CaptureLog implements Disposable {
  readonly #path: string
  #fd: number | undefined
  #buffer = Buffer.allocUnsafeSlow(bufferSizeBytes)
  #usedBytes = 0

  /**
   * Goes on with the log at `path` behind its first `wholeBytes`, for a scan that began at `scanStartedMs`. Where it
   * cannot be written none is kept.
   */
  constructor(path: string, wholeBytes: number, scanStartedMs: number) {
    this.#path = path
    try {
      this.#fd = openSync(path, 'a', 0o600)
      ftruncateSync(this.#fd, wholeBytes)
    } catch {
      // The capture itself fails where the cache cannot be written; the log is a convenience.
      return
    }
    const start = Buffer.alloc(9)
    start.writeUInt8(runRecord, 0)
    start.writeDoubleLE(scanStartedMs, 1)
    this.#add([start])
  }

  /** A file of that length at `path` (raw bytes) was captured. */
  addEntry(path: Uint8Array, encoded: Uint8Array, fileSizeBytes: number): void {
    const head = Buffer.alloc(5)
    head.writeUInt8(entryRecord, 0)
    head.writeUInt32LE(path.length, 1)
    this.#add([head, path, encoded])
    if (fileSizeBytes >= largeFileSizeBytes) this.flush()
  }

  /** A page of a list of parts was made. */
  addPage(id: Uint8Array, page: Uint8Array): void {
    this.#add([Buffer.from([pageRecord]), id, page])
  }

  /** Writes what is buffered. */
  flush(): void {
    const usedBytes = this.#usedBytes
    this.#usedBytes = 0
    if (this.#fd === undefined) return
    try {
      for (let done = 0; done < usedBytes; ) done += writeSync(this.#fd, this.#buffer, done, usedBytes - done)
    } catch {
      // A full disk: what follows is not logged, and read again after an interruption.
      closeSync(this.#fd)
      this.#fd = undefined
    }
  }

  /** The point is captured: nothing has to be remembered any more. */
  remove(): void {
    this[Symbol.dispose]()
    rmSync(this.#path, { force: true })
  }

  /** Writes what is buffered and closes the file, which stays. */
  [Symbol.dispose](): void {
    this.flush()
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #add(pieces: readonly Uint8Array[]): void {
    if (this.#fd === undefined) return
    const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0)
    const neededBytes = recordHeadSizeBytes + sizeBytes
    if (this.#usedBytes + neededBytes > this.#buffer.length) this.flush()
    if (neededBytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(neededBytes)
    const start = this.#usedBytes + recordHeadSizeBytes
    let at = start
    for (const piece of pieces) {
      this.#buffer.set(piece, at)
      at += piece.length
    }
    this.#buffer.writeUInt32LE(sizeBytes, this.#usedBytes)
    this.#buffer.writeUInt32LE(crc32(this.#buffer.subarray(start, at)), this.#usedBytes + 4)
    this.#usedBytes = at
  }
}
