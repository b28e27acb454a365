import { expect, test } from 'vitest'
import { policyWith, timeZones } from '../../test/support/retained-points.ts'
import { mostPointsOfItem, type Policy, type Schedule } from '../contract/policy.ts'
import { addMonths, dayOf, startOfDayMs } from './calendar-day.ts'
import { planRetention, type RetainedPoint } from './plan-retention.ts'
import { simulateRetention } from './simulate-retention.ts'

const nowMs = Date.UTC(2026, 10, 26, 9)
const dayMs = 86_400_000

/** Every run of the schedule, asked of the simulation day by day: within a day's keeping nothing is left out. */
function everyRun(policy: Policy, atMs: number): number[] {
  const everything: Policy = { ...policy, keep: { days: 9999, atLeast: 1 } }
  const times: number[] = []
  for (let day = dayOf(nowMs, policy.timeZone); startOfDayMs(day, policy.timeZone) <= atMs; day++) {
    const [startMs, endMs] = [startOfDayMs(day, policy.timeZone) - 1, startOfDayMs(day + 1, policy.timeZone) - 1]
    const until = Math.min(endMs, atMs)
    const from = Math.max(startMs, nowMs)
    if (from < until) {
      const found = simulateRetention({ points: [], policy: everything, nowMs: from, atMs: until })
      times.push(...found.map(({ timeMs }) => timeMs))
    }
  }
  return times
}

const schedules: readonly Schedule[] = [
  { kind: 'daily', times: ['00:00', '12:30'] },
  { kind: 'weekly', on: [{ day: 'tue', time: '23:30' }], everyWeeks: 1, countedFrom: '2026-11-22' },
  { kind: 'weekly', on: [{ day: 'sun', time: '02:30' }], everyWeeks: 5, countedFrom: '2026-11-22' },
  { kind: 'interval', everyMinutes: 7 * 60 },
  { kind: 'interval', everyMinutes: 3 * 24 * 60 },
]
const cases = schedules.flatMap((schedule) => timeZones.slice(1, 5).map((zone) => [schedule, zone] as const))

test.each(cases)('%j in %s: what is simulated is what the plan keeps of every single run', (schedule, zone) => {
  const policy: Policy = {
    ...policyWith(
      {
        days: 10,
        weekly: { weeks: 6, on: ['sun', 'thu'] },
        monthly: { months: 5, on: ['1', 'last'] },
        yearly: { years: 1, in: [2, 8], on: ['first-mon'] },
        atLeast: 4,
      },
      zone,
    ),
    schedule,
  }
  for (const months of [2, 9, 20]) {
    const atMs = addMonths(nowMs, months, zone)
    const runs = everyRun(policy, atMs).map(
      (timeMs, index): RetainedPoint => ({
        id: String(index).padStart(32, '0') as RetainedPoint['id'],
        sequence: index + 1,
        timeMs,
        kind: 'scheduled',
        partial: false,
        held: false,
      }),
    )
    const plan = planRetention(runs, policy, atMs)
    const kept = runs.filter(({ id }) => plan.get(id)?.keep).map(({ timeMs }) => timeMs)
    const simulated = simulateRetention({ points: [], policy, nowMs, atMs })
    expect(simulated.map(({ timeMs }) => timeMs)).toEqual(kept)
    expect(kept.length).toBeGreaterThan(0)
  }
})

test('a policy that runs by hand only leaves what is there', () => {
  const policy: Policy = { ...policyWith({}), schedule: { kind: 'none' } }
  expect(simulateRetention({ points: [], policy, nowMs, atMs: nowMs + 30 * dayMs })).toEqual([])
})

test('ten years of the most points that a policy may ask for take a moment', () => {
  const policy: Policy = { ...policyWith({ days: 104 }), schedule: { kind: 'interval', everyMinutes: 15 } }
  const simulated = simulateRetention({ points: [], policy, nowMs, atMs: addMonths(nowMs, 120, 'UTC') })
  expect(simulated.length).toBeLessThanOrEqual(mostPointsOfItem)
  expect(simulated.length).toBeGreaterThan(104 * 96 - 97)
})
