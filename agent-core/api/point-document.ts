import { isoTime } from '../base/date-text.ts'
import type { PointId } from '../contract/ids.ts'
import type { PointState } from '../vault/point-states.ts'
import type { PointDocument } from './agent-api.ts'
import { type KeptFacts, notKnownKept } from './kept-points.ts'
import type { DamagedPoint, ReadablePoint } from './open-reading.ts'

/** A point as documents show it, with what has become of it since it was made; `kept` are the facts of all points. */
export function pointDocumentOf(
  { manifest, tiers, vaults, state }: ReadablePoint,
  kept: ReadonlyMap<PointId, KeptFacts>,
): PointDocument {
  const { counts } = manifest
  return {
    id: manifest.id,
    seq: manifest.sequence,
    time: isoTime(manifest.timeMs),
    kind: manifest.kind,
    ...(kept.get(manifest.id) ?? notKnownKept),
    held: state.held,
    deleted: deletionOf(state),
    partial: manifest.partial || state.partial,
    tiers,
    vaults,
    damaged: null,
    files: counts.files,
    bytes: { total: counts.bytes, read: counts.bytesRead, new: counts.bytesNew, stored: counts.bytesStored },
  }
}

/** A point of which only its name and marks are known. */
export function damagedPointDocument({ listed, error, vaults, state }: DamagedPoint): PointDocument {
  return {
    id: listed.point,
    seq: listed.sequence,
    time: isoTime(listed.storedAtMs),
    kind: 'unknown',
    ...notKnownKept,
    held: state.held,
    deleted: deletionOf(state),
    partial: state.partial,
    tiers: [],
    vaults,
    damaged: error.data.reason,
    files: 0,
    bytes: { total: 0, read: 0, new: 0, stored: 0 },
  }
}

function deletionOf({ deleted }: PointState): PointDocument['deleted'] {
  if (deleted === undefined) return null
  const { atMs, untilMs, who, reason } = deleted
  return { at: isoTime(atMs), until: isoTime(untilMs), who, reason: reason ?? null }
}
