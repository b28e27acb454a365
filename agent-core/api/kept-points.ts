/** Until when points are kept and why, as documents say it. */
import { isoTime } from '../base/date-text.ts'
import type { PointId } from '../contract/ids.ts'
import { keepWords } from '../retention/keep-words.ts'
import { type PointRetention, planRetention, type RetainedPoint, retainedPoint } from '../retention/plan-retention.ts'
import type { Item } from '../state/state-db.ts'
import type { KeptBecause } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import type { ReadablePoint } from './open-reading.ts'
import { policyOf } from './policies.ts'

export interface KeptFacts {
  /** ISO 8601 UTC; null: no date is known, or it is expired. */
  readonly keptUntil: string | null
  /** Empty: expired. */
  readonly keptBecause: readonly KeptBecause[]
  /** Since when nothing keeps it: the next clean-up takes it away. Null: it is kept. */
  readonly expiredSince: string | null
}

/** Of a point that went away between two looks. */
export const notKnownKept: KeptFacts = { keptUntil: null, keptBecause: [], expiredSince: null }

/** Facts of all points of an item, by their ids. */
export function keptFacts(
  deps: AgentDeps,
  item: Item,
  points: readonly ReadablePoint[],
): ReadonlyMap<PointId, KeptFacts> {
  const plan = planRetention(retainedPoints(points), policyOf(deps, item), deps.clock.nowMs(), item.shortened)
  return new Map(
    [...plan].map(([id, retention]) => [
      id,
      {
        keptUntil: keptUntil(retention),
        keptBecause: keptBecause(retention),
        // The points of a stopped item stay whatever its policy says.
        expiredSince: retention.keep || item.stopped?.data === 'retained' ? null : isoTime(retention.sinceMs),
      },
    ]),
  )
}

export function retainedPoints(points: readonly ReadablePoint[]): RetainedPoint[] {
  return points.map(({ manifest, state }) => retainedPoint(manifest, state))
}

export function keptUntil(retention: PointRetention): string | null {
  return retention.keep && retention.untilMs !== 'ever' ? isoTime(retention.untilMs) : null
}

export function keptBecause(retention: PointRetention): KeptBecause[] {
  if (!retention.keep) return []
  return retention.reasons.map((reason) => ({
    rule: reason.rule,
    until: reason.untilMs === 'ever' ? null : isoTime(reason.untilMs),
    words: keepWords(reason),
  }))
}
