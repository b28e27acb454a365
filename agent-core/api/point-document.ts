import { isoTime } from '../base/date-text.ts'
import type { PointId } from '../contract/ids.ts'
import type { PointDocument } from './agent-api.ts'
import { type KeptFacts, notKnownKept } from './kept-points.ts'
import type { ReadablePoint } from './open-reading.ts'

/** A point as documents show it, with what has become of it since it was made; `kept` are the facts of all points. */
export function pointDocumentOf(
  { manifest, tiers, vaults, state }: ReadablePoint,
  kept: ReadonlyMap<PointId, KeptFacts>,
): PointDocument {
  const { counts } = manifest
  const { deleted } = state
  return {
    id: manifest.id,
    seq: manifest.sequence,
    time: isoTime(manifest.timeMs),
    kind: manifest.kind,
    ...(kept.get(manifest.id) ?? notKnownKept),
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
