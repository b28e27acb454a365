/**
 * Decides whether a run is due now. Pure: what it knows is how far the schedule was followed and what time it is, so
 * that sleep, power-off and a clock that is set forth or back are all the same to it.
 *
 * - A run is due once: `handledMs` goes to it, and nothing up to there is due again.
 * - However many runs were missed, one makes up for them, and says so.
 * - A clock that is set back repeats no run. If it goes back by more than a day, the time before was wrong: what it had
 *   handled counts no more, or the schedule would rest until that time comes again.
 */
import { computedRuns, type RunTimes } from './known-runs.ts'
import type { ScheduleRule } from './schedule-rule.ts'

const dayMs = 86_400_000
/** A run that begins by so much late is on time: ticks come every minute. */
const graceMs = 150_000
/** Missed runs are counted up to here. */
const mostCounted = 100

export interface DueRun {
  /** The newest run that is due. */
  readonly dueMs: number
  /** How many runs before this moment were missed, counted up to 100; 0: it is on time. */
  readonly missed: number
}

export interface RunPlan {
  readonly due: DueRun | undefined
  /** How far the schedule is followed before the due run is started. */
  readonly handledMs: number
  /** How far once it is started; equal to `handledMs` when nothing is due. */
  readonly handledThenMs: number
  /** When to look again; undefined: this rule never runs. */
  readonly nextMs: number | undefined
}

export function planRun(rule: ScheduleRule, handledMs: number, nowMs: number, runs: RunTimes = computedRuns): RunPlan {
  const trusted = handledMs - nowMs > dayMs ? nowMs : handledMs
  const afterMs = Math.max(trusted, nowMs)
  const nextMs = runs.next(rule, afterMs)
  const dueMs = runs.last(rule, nowMs)
  if (dueMs === undefined || dueMs <= trusted) {
    return { due: undefined, handledMs: trusted, handledThenMs: trusted, nextMs }
  }
  const isLate = nowMs - dueMs > graceMs
  const missed = countRuns(rule, trusted, dueMs, runs) - (isLate ? 0 : 1)
  return { due: { dueMs, missed }, handledMs: trusted, handledThenMs: dueMs, nextMs }
}

/** Runs after `afterMs` up to and with `untilMs`. */
function countRuns(rule: ScheduleRule, afterMs: number, untilMs: number, runs: RunTimes): number {
  let count = 0
  for (let next = runs.next(rule, afterMs); next !== undefined && next <= untilMs; next = runs.next(rule, next)) {
    count++
    if (count === mostCounted) break
  }
  return count
}
