import type { EntryType } from '../format/tree.ts'
import { StatusRecord } from '../platform/file-status.ts'
import type { ComparedStatus } from './compare-entry.ts'
import { entryTypeOf } from './found-entry.ts'

/** An entry of the source, looked at and not decoded: as EntryGlances is of the last point. */
export class FoundGlance extends StatusRecord implements ComparedStatus {
  get type(): EntryType {
    return entryTypeOf(this.mode)
  }
}
