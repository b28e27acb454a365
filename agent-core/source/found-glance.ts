import type { EntryType } from '../format/tree.ts'
import { type StatusRecord, statusRecordIn } from '../platform/file-status.ts'
import type { ComparedStatus } from './compare-entry.ts'
import { entryTypeOf } from './found-entry.ts'

/**
 * An entry of the source, looked at and not decoded: as EntryGlances is of the last point. One object for all looks of a
 * thread: it is true until the next one.
 */
export class FoundGlance implements ComparedStatus {
  #record: StatusRecord | undefined

  /** Looks at what has that name (raw bytes, one character each) in an open directory; false when nothing has. Throws the system's error. */
  lookIn(directory: number, name: string): boolean {
    this.#record = statusRecordIn(directory, name)
    return this.#record !== undefined
  }

  get type(): EntryType {
    return entryTypeOf(this.#seen.mode)
  }

  get inode(): bigint {
    return this.#seen.inode
  }

  get sizeBytes(): number {
    return this.#seen.sizeBytes
  }

  get mtimeSec(): number {
    return this.#seen.mtimeSec
  }

  get mtimeNs(): number {
    return this.#seen.mtimeNs
  }

  get ctimeSec(): number {
    return this.#seen.ctimeSec
  }

  get ctimeNs(): number {
    return this.#seen.ctimeNs
  }

  get linkCount(): number {
    return this.#seen.linkCount
  }

  get device(): number {
    return this.#seen.device
  }

  get #seen(): StatusRecord {
    if (this.#record === undefined) throw new Error('nothing was looked at')
    return this.#record
  }
}
