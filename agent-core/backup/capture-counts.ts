import type { Entry } from '../format/tree.ts'
import type { FoundEntry } from '../source/found-entry.ts'

/** What a capture has met; all numbers are of this run. */
export class CaptureCounts {
  files = 0
  directories = 0
  /** Symbolic links, FIFOs, sockets, devices. */
  others = 0
  othersChanged = 0
  /** Bytes of all files. */
  bytes = 0
  /** Files new or changed, by content or attributes. */
  filesChanged = 0
  /** Files whose content was read. */
  filesRead = 0
  bytesRead = 0
  /** Entries that the last point has and this one has not, at all depths. */
  deleted = 0
  excluded = 0
  /** Directories on other file systems, recorded but not entered. */
  readonly mountsNotEntered: Buffer[] = []

  addSeen(found: FoundEntry): void {
    if (found.type === 'file') {
      this.files++
      this.bytes += found.sizeBytes
    } else {
      this.others++
    }
  }

  addDeleted(entry: Entry): void {
    this.deleted += 1 + (entry.directory?.entriesBelow ?? 0)
  }
}
