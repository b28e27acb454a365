/** Sends files to the engine and turns its outcomes into entries and reports; hard links are read once. */

import type { Engine } from '../engine/engine.ts'
import type { FileOutcome, FileRequest } from '../engine/messages.ts'
import { decodeCbor } from '../format/cbor.ts'
import { decodeEntry, encodeEntry } from '../format/tree.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import type { CaptureCounts } from './capture-counts.ts'
import type { Settled } from './directory-builder.ts'
import type { Slot } from './slot-queue.ts'

/** What a capture has to tell about single files. */
export interface FileReport {
  seen(path: Buffer, found: FoundEntry): void
  vanished(path: Buffer): void
  changing(path: Buffer): void
  unreadable(path: Buffer, reason: string): void
  metadataUnreadable(path: Buffer, reason: string): void
}

export class FileCapturer {
  readonly #engine: Engine
  readonly #report: FileReport
  readonly #counts: CaptureCounts
  /** Files with several links, by volume and inode, until all their names were met. */
  readonly #groups = new Map<string, { readonly first: Promise<FileOutcome>; namesLeft: number }>()

  constructor(engine: Engine, report: FileReport, counts: CaptureCounts) {
    this.#engine = engine
    this.#report = report
    this.#counts = counts
  }

  /** `name` and `path`: raw bytes. */
  capture(
    file: Omit<FileRequest, 'name' | 'path'> & {
      readonly name: Buffer
      readonly path: Buffer
      readonly found: FoundEntry
    },
  ): Slot {
    const { found, volume, previous } = file
    const request = {
      name: file.name.toString('latin1'),
      path: file.path.toString('latin1'),
      volume,
      previous,
    }
    const later = this.#settle(file.path, this.#outcome(request, found))
    later.catch(() => {})
    return { name: file.name, later, previous: undefined }
  }

  #outcome(request: FileRequest, found: FoundEntry): Promise<FileOutcome> {
    if (found.linkCount === 1) return this.#engine.captureFile(request)
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
  async #furtherName(request: FileRequest, found: FoundEntry, first: Promise<FileOutcome>): Promise<FileOutcome> {
    const outcome = await first
    const isSame = outcome.state === 'captured' && outcome.inode === found.inode
    return isSame ? renamed(outcome, Buffer.from(request.name, 'latin1')) : await this.#engine.captureFile(request)
  }

  async #settle(path: Buffer, pending: Promise<FileOutcome>): Promise<Settled | undefined> {
    const outcome = await pending
    switch (outcome.state) {
      case 'captured':
        this.#counts.filesChanged++
        if (outcome.isRead) this.#counts.filesRead++
        this.#counts.bytesRead += outcome.bytesRead
        if (outcome.isChanging) this.#report.changing(path)
        if (outcome.metadataProblem !== undefined) this.#report.metadataUnreadable(path, outcome.metadataProblem)
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

/** The same inode under another name: everything else of the entry is equal, and nothing is read. */
function renamed(outcome: FileOutcome, name: Uint8Array): FileOutcome {
  if (outcome.state !== 'captured') return outcome
  const entry = decodeEntry(decodeCbor(outcome.encoded, 'entry'), 'entry')
  return { ...outcome, encoded: encodeEntry({ ...entry, name }), bytesRead: 0, isRead: false }
}
