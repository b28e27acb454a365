/** Sends files to the engine and turns its outcomes into entries and reports; hard links are read once. */

import { nameOf } from '../engine/capture-file.ts'
import type { Engine } from '../engine/engine.ts'
import type { FileOutcome, FileRequest } from '../engine/file-outcome.ts'
import { decodeCbor } from '../format/cbor.ts'
import { type Content, decodeEntry, encodeEntry } from '../format/tree.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import type { CaptureCounts } from './capture-counts.ts'
import type { Settled } from './directory-builder.ts'
import type { FoundPlace } from './found-place.ts'
import type { Slot } from './slot-queue.ts'

/** What a capture has to tell about single files. */
export interface FileReport {
  /** `path` is made only where it is wanted. */
  seen(found: FoundEntry, path: () => Buffer): void
  /** Entries, no directories, that need not be looked at: they are as they were. `current`: where that was found last. */
  seenUnchanged(amounts: { readonly files: number; readonly bytes: number }, current: Buffer): void
  vanished(path: Buffer): void
  changing(path: Buffer): void
  unreadable(path: Buffer, reason: string): void
  metadataUnreadable(path: Buffer, reason: string): void
}

/** Further names of an inode that was read already are not read again. */
type NamedOutcome = FileOutcome & { readonly isFurtherName?: true }

export class FileCapturer {
  readonly #engine: Engine
  readonly #report: FileReport
  readonly #counts: CaptureCounts
  readonly #onCaptured: ((path: Buffer, encoded: Uint8Array, sizeBytes: number) => void) | undefined
  /** Files with several links, by volume and inode, until all their names were met. */
  readonly #groups = new Map<string, { readonly first: Promise<FileOutcome>; namesLeft: number }>()

  /** `onCaptured` hears of the files of which nothing is left to be told. */
  constructor(
    engine: Engine,
    report: FileReport,
    counts: CaptureCounts,
    onCaptured?: (path: Buffer, encoded: Uint8Array, sizeBytes: number) => void,
  ) {
    this.#engine = engine
    this.#report = report
    this.#counts = counts
    this.#onCaptured = onCaptured
  }

  /** `previous`: the file's content in the last point. */
  capture({ name, fullPath, found, volume }: FoundPlace, previous: Content | undefined): Slot {
    const request = { path: fullPath.toString('latin1'), sizeBytes: found.sizeBytes, volume, previous }
    if (found.linkCount > 1) {
      const later = this.#outcomeOfLink(request, found).then((outcome) => this.#settle(fullPath, found, outcome))
      later.catch(() => {})
      return { name, later, previous: undefined }
    }
    const slot: { now: Settled | undefined; pending: Promise<void> | undefined } & Slot = {
      name,
      now: undefined,
      pending: undefined,
      previous: undefined,
    }
    slot.pending = this.#engine.capture(request, (outcome) => {
      slot.now = this.#settle(fullPath, found, outcome)
    })
    return slot
  }

  #outcomeOfLink(request: FileRequest, found: FoundEntry): Promise<NamedOutcome> {
    const key = `${request.volume}/${found.inode}`
    const group = this.#groups.get(key)
    if (group === undefined) {
      const first = this.#engine.captureFile(request)
      this.#groups.set(key, { first, namesLeft: found.linkCount - 1 })
      return first
    }
    group.namesLeft--
    if (group.namesLeft === 0) this.#groups.delete(key)
    return this.#furtherName(request, found, group.first)
  }

  /** The first name may have been replaced or removed since: its outcome counts only for the same inode. */
  async #furtherName(request: FileRequest, found: FoundEntry, first: Promise<FileOutcome>): Promise<NamedOutcome> {
    const outcome = await first
    const entry = outcome.state === 'captured' ? decodeEntry(decodeCbor(outcome.encoded, 'entry'), 'entry') : undefined
    if (outcome.state !== 'captured' || entry?.inode !== found.inode) return await this.#engine.captureFile(request)
    // Everything else of the entry is equal, and nothing is read.
    return {
      ...outcome,
      encoded: encodeEntry({ ...entry, name: nameOf(request.path) }),
      bytesRead: 0,
      isFurtherName: true,
    }
  }

  #settle(path: Buffer, found: FoundEntry, outcome: NamedOutcome): Settled | undefined {
    if (outcome.state !== 'captured') this.#counts.addLost(found)
    switch (outcome.state) {
      case 'captured':
        this.#counts.filesChanged++
        if (outcome.isFurtherName !== true) this.#counts.filesRead++
        this.#counts.bytesRead += outcome.bytesRead
        if (outcome.isChanging) this.#report.changing(path)
        if (outcome.metadataProblem !== undefined) this.#report.metadataUnreadable(path, outcome.metadataProblem)
        if (!outcome.isChanging && outcome.metadataProblem === undefined) {
          this.#onCaptured?.(path, outcome.encoded, outcome.sizeBytes)
        }
        return { encoded: outcome.encoded, sizeBytes: outcome.sizeBytes, entriesBelow: 0 }
      case 'unreadable':
        this.#report.unreadable(path, outcome.reason)
        return undefined
      case 'excluded':
        this.#counts.excluded++
        return undefined
      case 'vanished':
      case 'replaced':
        this.#report.vanished(path)
        return undefined
      default:
        return outcome satisfies never
    }
  }
}
