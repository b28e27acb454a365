/** The next runs that a policy wants, as documents show them. */
import { isoTime } from '../base/date-text.ts'
import type { Policy } from '../contract/policy.ts'
import { knownZone } from '../retention/calendar-day.ts'
import { nextRuns } from '../schedule/next-run.ts'
import { zoneTime } from '../schedule/zone-time.ts'
import type { ScheduledRun } from './agent-api.ts'

const shownRuns = 10

/** In order; none where the policy has no schedule. */
export function nextRunsOf({ schedule, timeZone }: Policy, nowMs: number): readonly ScheduledRun[] {
  const rule = { schedule, timeZone: knownZone(timeZone) }
  return nextRuns(rule, nowMs, shownRuns).map((runMs) => ({
    time: isoTime(runMs),
    zoneTime: zoneTime(runMs, rule.timeZone),
  }))
}
