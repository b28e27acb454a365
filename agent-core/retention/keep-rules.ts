/**
 * Grandfather-father-son: how long the rules of a policy keep each point, and why. Pure; the time of asking plays no
 * part, so that the answer for a point changes only with the points and the policy.
 *
 * - daily: every scheduled point, and every one made on demand without a date of its own, for so many days.
 * - weekly, monthly, yearly: of each slot (slots.ts) one point. It is the first scheduled one of the slot's day, else the
 *   first of that day, else the first after it before the next slot; a good one before one that has lost data. Points that
 *   the rules did not choose can go without changing what they choose.
 */
import type { PointId } from '../contract/ids.ts'
import type { KeepRules } from '../contract/policy.ts'
import type { PointKind } from '../format/point.ts'
import { type Day, dayOf, startOfDayMs } from './calendar-day.ts'
import { type LongTermRule, type Slot, slotsAt } from './slots.ts'

/** What the rules look at. Points in the trash are none of theirs. */
export interface RuledPoint {
  readonly id: PointId
  readonly sequence: number
  readonly timeMs: number
  readonly kind: PointKind
  /** An on-demand point with a date of its own is not kept by the daily rule. */
  readonly keepUntilMs?: number | undefined
  /** It has lost data since it was made. */
  readonly partial: boolean
}

export interface RuleKeep {
  readonly rule: 'daily' | LongTermRule
  /** Kept while the time is before this (ms since 1970 UTC). */
  readonly untilMs: number
  /** The day that the rule asked a point for. */
  readonly day: Day
  /** True when that day has no scheduled point of its own and this one stands in for it. */
  readonly replaces: boolean
}

/** For each point what keeps it, in the order daily, weekly, monthly, yearly. */
export function applyKeepRules(
  points: readonly RuledPoint[],
  keep: KeepRules,
  timeZone: string,
): ReadonlyMap<PointId, readonly RuleKeep[]> {
  const keeps = new Map<PointId, RuleKeep[]>(points.map(({ id }) => [id, []]))
  const chosen = new Map<string, { readonly slot: Slot; readonly point: DatedPoint }>()
  const startOf = memoize((day: Day) => startOfDayMs(day, timeZone))
  for (const point of points) {
    const dated = { point, day: dayOf(point.timeMs, timeZone) }
    if (point.kind === 'scheduled' || point.keepUntilMs === undefined) {
      const untilMs = startOf(dated.day + keep.days)
      keeps.get(point.id)?.push({ rule: 'daily', untilMs, day: dated.day, replaces: false })
    }
    for (const slot of slotsAt(keep, dated.day)) {
      const key = `${slot.rule} ${slot.day}`
      const before = chosen.get(key)
      if (before === undefined || isBetter(dated, before.point, slot)) chosen.set(key, { slot, point: dated })
    }
  }
  const rank = (rule: LongTermRule) => ['weekly', 'monthly', 'yearly'].indexOf(rule)
  for (const { slot, point } of [...chosen.values()].toSorted((a, b) => rank(a.slot.rule) - rank(b.slot.rule))) {
    keeps.get(point.point.id)?.push({
      rule: slot.rule,
      untilMs: startOf(slot.untilDay),
      day: slot.day,
      replaces: point.day !== slot.day || point.point.kind !== 'scheduled',
    })
  }
  return keeps
}

/** Order of points of one item: by number; two of one number (two writers) by time, then id. */
export function inOrder(a: RuledPoint, b: RuledPoint): number {
  return a.sequence - b.sequence || a.timeMs - b.timeMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

interface DatedPoint {
  readonly point: RuledPoint
  readonly day: Day
}

/** Whether `a` fits the slot better than `b`. */
function isBetter(a: DatedPoint, b: DatedPoint, slot: Slot): boolean {
  return compareFit(a, b, slot) < 0
}

function compareFit(a: DatedPoint, b: DatedPoint, slot: Slot): number {
  const isScheduledThen = ({ point, day }: DatedPoint) => day === slot.day && point.kind === 'scheduled'
  return (
    Number(a.point.partial) - Number(b.point.partial) ||
    Number(isScheduledThen(b)) - Number(isScheduledThen(a)) ||
    a.day - b.day ||
    a.point.timeMs - b.point.timeMs ||
    inOrder(a.point, b.point)
  )
}

function memoize<Key, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>()
  return (key) => {
    const found = known.get(key)
    if (found !== undefined) return found
    const value = compute(key)
    known.set(key, value)
    return value
  }
}
