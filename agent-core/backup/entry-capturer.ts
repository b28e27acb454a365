/** Captures what is not read by the engine: directories, and links, pipes, sockets and devices, which are recorded only. */
import { readlinkSync } from 'node:fs'
import { type DirectorySection, type Entry, encodeEntry, type Origin, type Timestamp } from '../format/tree.ts'
import { isSettled } from '../source/compare-entry.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { readMetadata } from '../source/read-metadata.ts'
import type { CaptureCounts } from './capture-counts.ts'
import type { Settled } from './directory-builder.ts'
import type { FileReport } from './file-capturer.ts'
import type { FoundPlace } from './found-place.ts'
import type { Slot } from './slot-queue.ts'

export class EntryCapturer {
  readonly #lastScanStartedMs: number
  readonly #report: FileReport
  readonly #counts: CaptureCounts

  constructor(lastScanStartedMs: number, report: FileReport, counts: CaptureCounts) {
    this.#lastScanStartedMs = lastScanStartedMs
    this.#report = report
    this.#counts = counts
  }

  /** A symbolic link, FIFO, socket or device; undefined when it is gone or cannot be read, which is reported. */
  special({ name, path, fullPath, found, volume }: FoundPlace): Slot | undefined {
    try {
      const { posix, problem } = readMetadata(found, path)
      if (problem !== undefined) this.#report.metadataUnreadable(fullPath, problem)
      const encoded = encodeEntry({
        name,
        type: found.type,
        mtime: found.mtime,
        ctime: found.ctime,
        ...(found.birth && { birth: found.birth }),
        inode: found.inode,
        posix,
        ...(found.type === 'symlink' && { linkTarget: readlinkSync(path, { encoding: 'buffer' }) }),
        ...(found.linkCount > 1 && { linkGroup: { volume, inode: found.inode } }),
      })
      this.#counts.othersChanged++
      return { name, now: { encoded, sizeBytes: 0, entriesBelow: 0 }, previous: undefined }
    } catch (error) {
      this.#counts.addLost(found)
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.#report.vanished(fullPath)
      else this.#report.unreadable(fullPath, (error as Error).message)
      return undefined
    }
  }

  /**
   * A directory. `before`: the encoded entry that stood here, to be compared with; `reuse`: the entry whose
   * attributes are still true when it is the same directory and its ctime is the same: what has come here by a rename
   * above may have been made in the same tick.
   */
  directory(
    { name, path, fullPath, found }: FoundPlace,
    section: DirectorySection | Promise<DirectorySection>,
    last: { readonly before: Uint8Array | undefined; readonly reuse: Entry | undefined; readonly origin?: Origin },
  ): Slot {
    const { before, reuse, origin } = last
    this.#counts.directories++
    const isSame =
      reuse?.type === 'directory' &&
      reuse.inode === found.inode &&
      isSameTime(reuse.ctime, found.ctime) &&
      isSettled(found.ctime, this.#lastScanStartedMs)
    const { posix, problem } = isSame ? { posix: reuse.posix, problem: undefined } : readMetadata(found, path)
    if (problem !== undefined) this.#report.metadataUnreadable(fullPath, problem)
    const settle = (directory: DirectorySection): Settled => ({
      encoded:
        before !== undefined && isSame && isAsBefore(found, directory, reuse) && origin === undefined
          ? before
          : encodeEntry({
              name,
              type: 'directory',
              mtime: found.mtime,
              ctime: found.ctime,
              ...(found.birth && { birth: found.birth }),
              inode: found.inode,
              posix,
              directory,
              ...(origin && { origin }),
            }),
      sizeBytes: directory.bytesBelow,
      entriesBelow: directory.entriesBelow,
    })
    if (!('then' in section)) return { name, now: settle(section), previous: before }
    const later = section.then(settle)
    later.catch(() => {})
    return { name, later, previous: before }
  }
}

/** True when a directory whose attributes are still true is in nothing else than `before`: its bytes need not be made again. */
function isAsBefore(found: FoundEntry, section: DirectorySection, before: Entry): boolean {
  return section === before.directory && isSameTime(found.mtime, before.mtime) && isSameTime(found.birth, before.birth)
}

function isSameTime(a: Timestamp | undefined, b: Timestamp | undefined): boolean {
  return a?.sec === b?.sec && a?.ns === b?.ns
}
