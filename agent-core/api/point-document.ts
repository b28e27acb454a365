import { isoTime } from '../base/date-text.ts'
import type { PointDocument } from './agent-api.ts'
import type { ReadablePoint } from './open-reading.ts'

/** A point as documents show it, with what has become of it since it was made. */
export function pointDocumentOf({ manifest, tiers, vaults, state }: ReadablePoint): PointDocument {
  const { counts } = manifest
  const keptUntilMs = state.keepUntilMs ?? manifest.keepUntilMs
  const { deleted } = state
  return {
    id: manifest.id,
    seq: manifest.sequence,
    time: isoTime(manifest.timeMs),
    kind: manifest.kind,
    keptUntil: keptUntilMs === undefined ? null : isoTime(keptUntilMs),
    held: state.held,
    deleted:
      deleted === undefined
        ? null
        : {
            at: isoTime(deleted.atMs),
            until: isoTime(deleted.untilMs),
            who: deleted.who,
            reason: deleted.reason ?? null,
          },
    partial: manifest.partial || state.partial,
    tiers,
    vaults,
    files: counts.files,
    bytes: { total: counts.bytes, read: counts.bytesRead, new: counts.bytesNew, stored: counts.bytesStored },
  }
}
