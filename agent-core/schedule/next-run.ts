/**
 * THE truth of schedules: the instants at which a rule wants a run. Pure; the clockwork only asks here.
 *
 * 1. Each time of day of each day that the rule names is one run, in the rule's time zone.
 * 2. A time that the clocks jump over (a gap) runs as long after the jump as it lies in the gap: 02:30 becomes 03:30.
 *    Runs that come to the same instant so are one.
 * 3. A time that comes twice (an overlap) runs the first time only.
 * 4. An interval counts elapsed time from 1970-01-01 00:00 UTC: no change of clocks touches it.
 *
 * Rules 2 and 3 are Temporal's disambiguation `compatible` (RFC 5545, section 3.3.5).
 */
import { Temporal } from 'temporal-polyfill'
import type { Weekday } from '../contract/policy.ts'
import type { ScheduleRule } from './schedule-rule.ts'

const minuteMs = 60_000
const dayMs = 86_400_000
/** A rule that names no day in so many has none: the longest pause is 52 weeks. */
const longestGapDays = 54 * 7
/** By which a run may lie from the day that names it: zones have skipped whole days, and a day has 24 hours and more. */
const slackDays = 2

/** In the order of the days from 1970-01-01, a Thursday. */
const weekdays: readonly Weekday[] = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed']

/** The first run after `afterMs`; undefined: never. Throws RangeError for a time zone that this system does not know. */
export function nextRun(rule: ScheduleRule, afterMs: number): number | undefined {
  if (rule.schedule.kind === 'none') return undefined
  if (rule.schedule.kind === 'interval') {
    const everyMs = rule.schedule.everyMinutes * minuteMs
    return (Math.floor(afterMs / everyMs) + 1) * everyMs
  }
  const from = dayOf(afterMs, rule.timeZone) - slackDays
  return search(rule, from, 1, (runMs) => runMs > afterMs)
}

/** The last run at or before `untilMs`; undefined: there was none in the year before. Throws as `nextRun`. */
export function lastRun(rule: ScheduleRule, untilMs: number): number | undefined {
  if (rule.schedule.kind === 'none') return undefined
  if (rule.schedule.kind === 'interval') {
    const everyMs = rule.schedule.everyMinutes * minuteMs
    return Math.floor(untilMs / everyMs) * everyMs
  }
  const from = dayOf(untilMs, rule.timeZone) + slackDays
  return search(rule, from, -1, (runMs) => runMs <= untilMs)
}

/** The next `count` runs after `afterMs`, in order. */
export function nextRuns(rule: ScheduleRule, afterMs: number, count: number): readonly number[] {
  const runs: number[] = []
  for (let next = nextRun(rule, afterMs); next !== undefined && runs.length < count; next = nextRun(rule, next)) {
    runs.push(next)
  }
  return runs
}

/**
 * The nearest wanted run, going from day `from` forth (`step` 1) or back (-1). A run may belong to a day somewhat
 * before or after that on which it comes, so that the days around the first hit are looked at as well.
 */
function search(rule: ScheduleRule, from: number, step: 1 | -1, isWanted: (runMs: number) => boolean) {
  let nearest: number | undefined
  let daysLeft = longestGapDays
  for (let day = from; daysLeft > 0; day += step, daysLeft--) {
    for (const time of timesOn(rule, day)) {
      const runMs = instantOf(day, time, rule.timeZone)
      if (!isWanted(runMs) || (nearest !== undefined && (runMs - nearest) * step >= 0)) continue
      if (nearest === undefined) daysLeft = Math.min(daysLeft, slackDays + 1)
      nearest = runMs
    }
  }
  return nearest
}

/** The times of day, `HH:MM`, at which the rule wants runs on a day (counted from 1970-01-01). */
function timesOn({ schedule }: ScheduleRule, day: number): readonly string[] {
  if (schedule.kind === 'daily') return schedule.times
  if (schedule.kind !== 'weekly') return []
  const weeks = weekOf(day) - weekOf(Date.parse(schedule.countedFrom) / dayMs)
  if (weeks % schedule.everyWeeks !== 0) return []
  const weekday = weekdays[((day % 7) + 7) % 7]
  return schedule.on.filter((run) => run.day === weekday).map(({ time }) => time)
}

/** Weeks from Monday to Sunday; that of 1970-01-01 is 0. */
function weekOf(day: number): number {
  return Math.floor((day + 3) / 7)
}

function dayOf(ms: number, timeZone: string): number {
  const { year, month, day } = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone)
  return Date.UTC(year, month - 1, day) / dayMs
}

function instantOf(day: number, time: string, timeZone: string): number {
  const date = new Date(day * dayMs)
  return Temporal.ZonedDateTime.from(
    {
      timeZone,
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: Number(time.slice(0, 2)),
      minute: Number(time.slice(3, 5)),
    },
    { disambiguation: 'compatible' },
  ).epochMilliseconds
}
