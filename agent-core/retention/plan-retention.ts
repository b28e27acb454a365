/**
 * Which points of an item stay at a time, until when and why; which are expired. Decides only: expired points are what
 * the next clean-up may take away. Besides the policy's rules (keep-rules.ts) a point is kept
 *
 * - while somebody holds it, and until its own date (a point made on demand for a day at least);
 * - as the newest good one, and as one of the `atLeast` newest good ones, whatever a clock says;
 * - in the trash until the trash lets it go; there it counts for nothing else;
 * - by the rules before they were made shorter (shortened-rules.ts), until the shorter ones are in force.
 *
 * An item has at most 9999 points: beyond that the oldest go that only the daily rule, or earlier rules, keep.
 */
import type { PointId } from '../contract/ids.ts'
import { mostPointsOfItem, type Policy } from '../contract/policy.ts'
import type { PointManifest } from '../format/point.ts'
import type { ShortenedRules } from '../format/policy.ts'
import { applyKeepRules, inOrder, type RuledPoint, type RuleKeep } from './keep-rules.ts'

/** What marks say of a point. */
export interface MarkedState {
  readonly held: boolean
  /** A date that was given to the point later than its manifest. */
  readonly keepUntilMs?: number | undefined
  readonly deleted?: { readonly untilMs: number } | undefined
  readonly partial: boolean
}

export interface RetainedPoint extends RuledPoint {
  readonly held: boolean
  /** In the trash until then. */
  readonly trashUntilMs?: number | undefined
}

export type KeepReason =
  | RuleKeep
  | { readonly rule: 'date' | 'trash' | 'earlier'; readonly untilMs: number }
  | { readonly rule: 'hold' | 'newest' | 'at-least'; readonly untilMs: 'ever' }

export type PointRetention =
  | {
      readonly keep: true
      /** The latest date among the reasons; `ever` while it is held, or when no reason has a date. */
      readonly untilMs: number | 'ever'
      /** All that keep it at this time; never empty. */
      readonly reasons: readonly KeepReason[]
    }
  | {
      readonly keep: false
      /** Since when nothing keeps it (ms since 1970 UTC). */
      readonly sinceMs: number
      readonly reason: 'expired' | 'trash-expired' | 'too-many'
    }

/** A point as the plan needs it, from its manifest and what its marks say. */
export function retainedPoint(
  { id, sequence, timeMs, kind, keepUntilMs }: PointManifest,
  state: MarkedState,
): RetainedPoint {
  return {
    id,
    sequence,
    timeMs,
    kind,
    keepUntilMs: state.keepUntilMs ?? keepUntilMs,
    held: state.held,
    trashUntilMs: state.deleted?.untilMs,
    partial: state.partial,
  }
}

/** Plans the retention of all confirmed points of one item at `nowMs`, by their ids. `shortened`: of the item. */
export function planRetention(
  points: readonly RetainedPoint[],
  policy: Policy,
  nowMs: number,
  shortened: readonly ShortenedRules[] = [],
): Map<PointId, PointRetention> {
  // A point that is listed twice is one point.
  const known = [...new Map(points.map((point) => [point.id, point])).values()]
  const living = known.filter(({ trashUntilMs }) => trashUntilMs === undefined).toSorted(inOrder)
  const ruled = applyKeepRules(living, policy.keep, policy.timeZone)
  const newest = newestGood(living, policy.keep.atLeast)
  const earlier = shortened.map((rules) => keptEarlier(living, rules, policy.timeZone))
  const plan = new Map<PointId, PointRetention>()
  for (const point of known) {
    const rules = ruled.get(point.id) ?? []
    const earlierMs = Math.max(...earlier.map((untilMs) => untilMs.get(point.id) ?? Number.NEGATIVE_INFINITY))
    const reasons = [...rules, ...ownReasons(point, newest.get(point.id))]
    plan.set(point.id, retentionOf(point, withEarlier(reasons, earlierMs, nowMs), nowMs))
  }
  limitCount(living, plan)
  return plan
}

const dayMs = 86_400_000

/** What keeps a point besides the rules of the policy. */
function ownReasons(point: RetainedPoint, place: number | undefined): KeepReason[] {
  const reasons: KeepReason[] = []
  const { kind, timeMs, keepUntilMs, trashUntilMs } = point
  if (point.held) reasons.push({ rule: 'hold', untilMs: 'ever' })
  if (trashUntilMs !== undefined) return [...reasons, { rule: 'trash', untilMs: trashUntilMs }]
  if (keepUntilMs !== undefined) {
    const leastMs = kind === 'on-demand' ? timeMs + dayMs : keepUntilMs
    reasons.push({ rule: 'date', untilMs: Math.max(keepUntilMs, leastMs) })
  }
  if (place === 0) reasons.push({ rule: 'newest', untilMs: 'ever' })
  else if (place !== undefined) reasons.push({ rule: 'at-least', untilMs: 'ever' })
  return reasons
}

/** Until when the rules before a change keep points: to the change's coming into force at most. */
function keptEarlier(
  living: readonly RetainedPoint[],
  { before, inForceAtMs }: ShortenedRules,
  timeZone: string,
): ReadonlyMap<PointId, number> {
  const ruled = applyKeepRules(living, before, timeZone)
  const newest = newestGood(living, before.atLeast)
  return new Map(
    living.map(({ id }) => {
      const untilMs = newest.has(id) ? inForceAtMs : Math.max(...(ruled.get(id) ?? []).map((keep) => keep.untilMs))
      return [id, Math.min(untilMs, inForceAtMs)]
    }),
  )
}

/**
 * The earlier rules are a reason of their own where no other has as late a date; a point that only stays as one of the newest
 * has no date, and gets none by them.
 */
function withEarlier(reasons: readonly KeepReason[], untilMs: number, nowMs: number): readonly KeepReason[] {
  if (untilMs === Number.NEGATIVE_INFINITY) return reasons
  const lasting = reasons.filter((reason) => reason.untilMs === 'ever' || reason.untilMs > nowMs)
  const isUndated = lasting.length > 0 && lasting.every((reason) => reason.untilMs === 'ever')
  const isLonger = !isUndated && reasons.every((reason) => reason.untilMs === 'ever' || reason.untilMs < untilMs)
  return isLonger ? [...reasons, { rule: 'earlier', untilMs }] : reasons
}

function retentionOf(point: RetainedPoint, reasons: readonly KeepReason[], nowMs: number): PointRetention {
  const valid = reasons.filter(({ untilMs }) => untilMs === 'ever' || untilMs > nowMs)
  if (valid.length > 0) {
    const dates = valid.flatMap(({ untilMs }) => (untilMs === 'ever' ? [] : [untilMs]))
    const untilMs = point.held || dates.length === 0 ? 'ever' : Math.max(...dates)
    return { keep: true, untilMs, reasons: valid }
  }
  const sinceMs = Math.max(...reasons.map(({ untilMs }) => Number(untilMs)))
  return { keep: false, sinceMs, reason: point.trashUntilMs === undefined ? 'expired' : 'trash-expired' }
}

/** Places of the newest good points (0: the newest); where no point is good, of the newest ones. `points` in their order. */
function newestGood(points: readonly RetainedPoint[], count: number): ReadonlyMap<PointId, number> {
  const good = points.filter(({ partial }) => !partial)
  const chosen = good.length > 0 ? good : points
  return new Map(
    chosen
      .slice(-count)
      .toReversed()
      .map(({ id }, place) => [id, place]),
  )
}

/** Lets go of the oldest points that only the daily rule or earlier rules keep, while there are too many. `points` in their order. */
function limitCount(points: readonly RetainedPoint[], plan: Map<PointId, PointRetention>): void {
  let excess = points.filter(({ id }) => plan.get(id)?.keep).length - mostPointsOfItem
  for (const { id } of points) {
    if (excess <= 0) return
    const retention = plan.get(id)
    if (retention?.keep !== true) continue
    if (retention.reasons.some(({ rule }) => rule !== 'daily' && rule !== 'earlier')) {
      continue
    }
    plan.set(id, { keep: false, sinceMs: points.at(-1)?.timeMs ?? 0, reason: 'too-many' })
    excess--
  }
}
