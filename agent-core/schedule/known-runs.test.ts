import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KnownRuns } from './known-runs.ts'
import { lastRun, nextRun } from './next-run.ts'
import type { ScheduleRule } from './schedule-rule.ts'

const hourMs = 3_600_000
const rules: readonly ScheduleRule[] = [
  { timeZone: 'Europe/Berlin', schedule: { kind: 'daily', times: ['02:30', '14:00'] } },
  { timeZone: 'America/New_York', schedule: { kind: 'daily', times: ['02:30', '14:00'] } },
  {
    timeZone: 'Pacific/Apia',
    schedule: { kind: 'weekly', everyWeeks: 2, countedFrom: '2026-01-05', on: [{ day: 'sun', time: '00:00' }] },
  },
  { timeZone: 'UTC', schedule: { kind: 'interval', everyMinutes: 15 } },
  { timeZone: 'UTC', schedule: { kind: 'none' } },
]

test('what is kept is what would be computed, in any order of rules and instants', () => {
  const instant = fc.oneof(
    // Around the changes of clocks of 2026, and anywhere.
    fc.integer({ min: -48, max: 48 }).map((hours) => Date.parse('2026-03-29T01:00:00Z') + hours * hourMs),
    fc.integer({ min: -48, max: 48 }).map((hours) => Date.parse('2026-11-01T06:00:00Z') + hours * hourMs),
    fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') }),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...rules), instant), { maxLength: 30 }), (asked) => {
      const runs = new KnownRuns()
      for (const [rule, atMs] of asked) {
        expect(runs.next(rule, atMs)).toBe(nextRun(rule, atMs))
        expect(runs.last(rule, atMs)).toBe(lastRun(rule, atMs))
      }
    }),
    { numRuns: 40 },
  )
})
