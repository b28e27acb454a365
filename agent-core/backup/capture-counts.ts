import type { Entry } from '../format/tree.ts'
import type { TreeTotals } from '../source/change-journal.ts'
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
  /** Seen, but not captured in the end. */
  #lostFiles = 0
  #lostOthers = 0

  /** `taken`: what the last point's tree holds, where only changes are looked at: see `forget`. */
  constructor(taken?: TreeTotals) {
    if (taken === undefined) return
    this.files = taken.files
    this.directories = taken.directories
    this.others = taken.others
    this.bytes = taken.bytes
  }

  addSeen(found: FoundEntry): void {
    if (found.type === 'file') {
      this.files++
      this.bytes += found.sizeBytes
    } else {
      this.others++
    }
  }

  /** An entry of the last point is looked at again, and counted by what is found. */
  forget(entry: Entry): void {
    if (entry.type === 'directory') this.directories--
    else if (entry.type !== 'file') this.others--
    else {
      this.files--
      this.bytes -= entry.sizeBytes ?? 0
    }
  }

  addLost(found: FoundEntry): void {
    if (found.type === 'file') this.#lostFiles++
    else this.#lostOthers++
  }

  /** What the captured tree holds; `bytes` as its directories say. */
  totals(bytes: number): TreeTotals {
    const { files, directories, others } = this
    return { files: files - this.#lostFiles, directories, others: others - this.#lostOthers, bytes }
  }

  addDeleted(entry: Entry): void {
    this.deleted += 1 + (entry.directory?.entriesBelow ?? 0)
  }
}
