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

  /** Takes over what the last point's tree holds, where only changes are looked at: see `forget`. */
  takeOver({ files, directories, others, bytes }: TreeTotals): void {
    this.files += files
    this.directories += directories
    this.others += others
    this.bytes += bytes
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
  forget({ type, sizeBytes = 0 }: Pick<Entry, 'type' | 'sizeBytes'>): void {
    if (type === 'directory') this.directories--
    else if (type !== 'file') this.others--
    else {
      this.files--
      this.bytes -= sizeBytes
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
