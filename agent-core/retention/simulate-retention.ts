/**
 * Which points an item will have at a later time when every scheduled backup succeeds. Not every run until then is gone
 * through: only those that a rule can keep at that time are made up, and the plan decides on them as on real ones.
 */
import type { PointId } from '../contract/ids.ts'
import { mostPointsOfItem, type Policy } from '../contract/policy.ts'
import { lastRun, nextRun } from '../schedule/next-run.ts'
import type { ScheduleRule } from '../schedule/schedule-rule.ts'
import { dayOf, knownZone, startOfDayMs } from './calendar-day.ts'
import { type PointRetention, planRetention, type RetainedPoint } from './plan-retention.ts'
import { slotsAt } from './slots.ts'

export interface SimulatedPoint {
  readonly timeMs: number
  readonly kind: RetainedPoint['kind']
  readonly retention: PointRetention & { readonly keep: true }
}

export interface Simulation {
  /** The item's points now; none: a beginning from nothing. */
  readonly points: readonly RetainedPoint[]
  readonly policy: Policy
  readonly nowMs: number
  readonly atMs: number
}

/** The points that exist at `atMs`, oldest first, after a clean-up at that time. */
export function simulateRetention({ points, policy, nowMs, atMs }: Simulation): SimulatedPoint[] {
  const newestSequence = Math.max(0, ...points.map(({ sequence }) => sequence))
  const future = [...futureRuns(policy, nowMs, atMs)]
    .toSorted((a, b) => a - b)
    .map((timeMs, index) => madeUpPoint(newestSequence + 1 + index, timeMs))
  const all = [...points, ...future]
  const plan = planRetention(all, policy, atMs)
  return all
    .flatMap(({ id, timeMs, kind }) => {
      const retention = plan.get(id)
      return retention?.keep ? [{ timeMs, kind, retention }] : []
    })
    .toSorted((a, b) => a.timeMs - b.timeMs)
}

function madeUpPoint(sequence: number, timeMs: number): RetainedPoint {
  // Longer than any real id, so that none can be the same.
  const id = `future ${sequence.toString(16).padStart(32, '0')}` as PointId
  return { id, sequence, timeMs, kind: 'scheduled', partial: false, held: false }
}

/** Times of the runs after `nowMs`, up to `atMs`, that something can keep at `atMs`. */
function futureRuns(policy: Policy, nowMs: number, atMs: number): ReadonlySet<number> {
  const { keep, schedule } = policy
  const timeZone = knownZone(policy.timeZone)
  const rule: ScheduleRule = { schedule, timeZone }
  const times = new Set<number>()
  const oldestDailyMs = startOfDayMs(dayOf(atMs, timeZone) - keep.days + 1, timeZone)
  for (let run = lastRun(rule, atMs); run !== undefined && run > nowMs; run = lastRun(rule, run - 1)) {
    if (times.size >= mostPointsOfItem || (run < oldestDailyMs && times.size >= keep.atLeast)) break
    times.add(run)
  }
  const [today, lastDay] = [dayOf(nowMs, timeZone), dayOf(atMs, timeZone)]
  for (const name of ['weekly', 'monthly', 'yearly'] as const) {
    for (let end = lastDay; end >= today; ) {
      const slot = slotsAt(keep, end).find((each) => each.rule === name)
      if (slot === undefined) break
      const endMs = Math.min(startOfDayMs(end + 1, timeZone), atMs + 1)
      const first = nextRun(rule, Math.max(startOfDayMs(slot.day, timeZone) - 1, nowMs))
      if (slot.untilDay > lastDay && first !== undefined && first < endMs) times.add(first)
      end = slot.day - 1
    }
  }
  return times
}
