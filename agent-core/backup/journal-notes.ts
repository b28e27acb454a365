/**
 * What the walk and the change journal have to tell each other. Where the journal knows the changes, the counts begin
 * with what the last point's tree holds: every entry that is looked at again is taken out, and counted by what is found.
 */
import type { TreeReader } from '../cache/tree-reader.ts'
import type { EntryGlances } from '../format/entry-glance.ts'
import type { DirectorySection, Entry } from '../format/tree.ts'
import type { JournalScan } from '../source/change-journal.ts'
import { isSettled } from '../source/compare-entry.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import type { KnownChanges } from '../source/known-changes.ts'
import type { CaptureCounts } from './capture-counts.ts'

/** A file has got a further name. The journal does not know where the other one is, whose entry has changed with it. */
export class NewHardLink extends Error {}

export class JournalNotes {
  /** Set where the walk may leave out what has not changed. */
  readonly known: KnownChanges | undefined
  readonly #journal: JournalScan | undefined
  readonly #scanStartedMs: number
  readonly #tree: TreeReader
  readonly #counts: CaptureCounts

  constructor(
    journal: JournalScan | undefined,
    deps: { readonly scanStartedMs: number; readonly tree: TreeReader; readonly counts: CaptureCounts },
  ) {
    this.known = journal?.known?.changes
    this.#journal = journal
    this.#scanStartedMs = deps.scanStartedMs
    this.#tree = deps.tree
    this.#counts = deps.counts
  }

  /** An entry of the last point is looked at again. */
  forget(known: KnownChanges | undefined, entry: Pick<Entry, 'type' | 'sizeBytes'> | undefined): void {
    if (known !== undefined && entry !== undefined) this.#counts.forget(entry)
  }

  /** All that the last point has in a directory is looked at again, or is gone. */
  async forgetBelow(known: KnownChanges | undefined, directory: DirectorySection | undefined): Promise<void> {
    if (known === undefined || directory === undefined) return
    for await (const { entry } of this.#tree.entries(directory.list)) {
      this.#counts.forget(entry)
      await this.forgetBelow(known, entry.directory)
    }
  }

  /** Folders (raw bytes, one character each) with entries of which a next change could not be seen: see `seen`. */
  unsettled(folders: readonly string[]): void {
    for (const folder of folders) this.#journal?.keepDirty(Buffer.from(folder, 'latin1'))
  }

  /** The folder's own entries are not those of the last point. */
  changed(folder: Buffer): void {
    this.#journal?.changed(folder)
  }

  /**
   * An entry that is no directory. What cannot be watched keeps its folder dirty: a next change within the same tick,
   * and one by another name of the file. Throws NewHardLink.
   */
  seen(folder: Buffer, found: FoundEntry, match: EntryGlances | undefined): void {
    if (this.#journal === undefined) return
    const isLinked = found.linkCount > 1
    if (isLinked && this.known !== undefined && match?.decode().linkGroup === undefined) throw new NewHardLink()
    const isStill = isSettled(found.mtime, this.#scanStartedMs) && isSettled(found.ctime, this.#scanStartedMs)
    if (isLinked || !isStill) this.#journal.keepDirty(folder)
  }
}
