import { computedRuns, type RunTimes } from './known-runs.ts'
import type { ScheduleRule } from './schedule-rule.ts'

const hourMs = 3_600_000
/** An item is not called overdue sooner, however often it is backed up. */
const leastMs = 24 * hourMs

/**
 * From when an item is overdue whose newest confirmed point is of `confirmedMs`: two of its runs have passed since, and an
 * hour in which the second may have confirmed one. Undefined: its rule has no runs.
 */
export function overdueFrom(
  rule: ScheduleRule,
  confirmedMs: number,
  runs: RunTimes = computedRuns,
): number | undefined {
  const first = runs.next(rule, confirmedMs)
  const second = first === undefined ? undefined : runs.next(rule, first)
  return second === undefined ? undefined : Math.max(second + hourMs, confirmedMs + leastMs)
}
