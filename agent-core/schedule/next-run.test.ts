import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { everyZone, seededZones } from '../../test/support/time-zones.ts'
import type { Schedule } from '../contract/policy.ts'
import { lastRun, nextRun, nextRuns } from './next-run.ts'
import type { ScheduleRule } from './schedule-rule.ts'

const dayMs = 86_400_000
const utc = (text: string): number => Date.parse(`${text}Z`)
const texts = (runs: readonly number[]): string[] => runs.map((ms) => new Date(ms).toISOString().slice(0, 16))
const daily = (...times: string[]): Schedule => ({ kind: 'daily', times })

describe('examples', () => {
  test('several times a day, over the day that has 23 hours and over the one that has 25', () => {
    const rule: ScheduleRule = { timeZone: 'Europe/Berlin', schedule: daily('02:30', '14:00') }
    expect(texts(nextRuns(rule, utc('2026-03-28T12:00'), 4))).toEqual([
      '2026-03-28T13:00',
      // 02:30 does not exist on the 29th: the clocks go from 02:00 to 03:00.
      '2026-03-29T01:30',
      '2026-03-29T12:00',
      '2026-03-30T00:30',
    ])
    expect(texts(nextRuns(rule, utc('2026-10-24T13:00'), 3))).toEqual([
      // 02:30 comes twice on the 25th, and runs the first time.
      '2026-10-25T00:30',
      '2026-10-25T13:00',
      '2026-10-26T01:30',
    ])
  })

  test('a run in a gap that comes to the instant of another is one with it', () => {
    const rule: ScheduleRule = { timeZone: 'Europe/Berlin', schedule: daily('02:30', '03:30') }
    expect(texts(nextRuns(rule, utc('2026-03-29T00:00'), 2))).toEqual(['2026-03-29T01:30', '2026-03-30T00:30'])
  })

  test('a zone that skipped a whole day', () => {
    const rule: ScheduleRule = { timeZone: 'Pacific/Apia', schedule: daily('12:00') }
    expect(texts(nextRuns(rule, utc('2011-12-29T00:00'), 3))).toEqual([
      '2011-12-29T22:00',
      '2011-12-30T22:00',
      '2011-12-31T22:00',
    ])
  })

  test('weekly, and every third week', () => {
    const on = [
      { day: 'sun', time: '03:00' },
      { day: 'wed', time: '20:15' },
    ] as const
    const rule = (everyWeeks: number): ScheduleRule => ({
      timeZone: 'UTC',
      schedule: { kind: 'weekly', on, everyWeeks, countedFrom: '2026-11-26' },
    })
    expect(texts(nextRuns(rule(1), utc('2026-11-26T00:00'), 3))).toEqual([
      '2026-11-29T03:00',
      '2026-12-02T20:15',
      '2026-12-06T03:00',
    ])
    expect(texts(nextRuns(rule(3), utc('2026-11-26T00:00'), 3))).toEqual([
      '2026-11-29T03:00',
      '2026-12-16T20:15',
      '2026-12-20T03:00',
    ])
    expect(texts([lastRun(rule(52), utc('2026-11-25T19:00')) ?? 0])).toEqual(['2025-11-30T03:00'])
  })

  test('every so many minutes; never', () => {
    const rule: ScheduleRule = { timeZone: 'Asia/Kolkata', schedule: { kind: 'interval', everyMinutes: 90 } }
    expect(texts(nextRuns(rule, utc('2026-11-26T00:00'), 2))).toEqual(['2026-11-26T01:30', '2026-11-26T03:00'])
    expect(lastRun(rule, utc('2026-11-26T01:30'))).toBe(utc('2026-11-26T01:30'))
    expect(nextRun({ timeZone: 'UTC', schedule: { kind: 'none' } }, 0)).toBeUndefined()
    expect(() => nextRun({ timeZone: 'Mars/Olympus', schedule: daily('01:00') }, 0)).toThrow(RangeError)
  })
})

/** All runs of ten years, found the slow way: each day's wall-clock times made instants, sorted, each once. */
function expectedRuns(timeZone: string, times: readonly string[], fromMs: number, untilMs: number): number[] {
  const runs = new Set<number>()
  const first = Temporal.PlainDate.from(new Date(fromMs - 3 * dayMs).toISOString().slice(0, 10))
  for (let at = 0; at < (untilMs - fromMs) / dayMs + 6; at++) {
    const date = first.add({ days: at })
    for (const time of times) {
      const run = date.toPlainDateTime(time).toZonedDateTime(timeZone, { disambiguation: 'compatible' })
      if (run.epochMilliseconds > fromMs && run.epochMilliseconds <= untilMs) runs.add(run.epochMilliseconds)
    }
  }
  return [...runs].toSorted((a, b) => a - b)
}

describe('ten years', () => {
  const fromMs = utc('2020-01-01T00:00')
  const untilMs = utc('2030-01-01T00:00')
  // Times where clocks change, and an ordinary one.
  const times = ['00:00', '02:30', '13:45']
  const zones = process.env['THARSIS_CAMPAIGN'] === '1' ? everyZone() : seededZones(4)

  test.each(zones)('no run is lost and none comes twice in %s', (timeZone) => {
    const rule: ScheduleRule = { timeZone, schedule: daily(...times) }
    const found: number[] = []
    for (let next = nextRun(rule, fromMs); next !== undefined && next <= untilMs; next = nextRun(rule, next)) {
      expect(next).toBeGreaterThan(found.at(-1) ?? fromMs)
      found.push(next)
    }
    expect(found).toEqual(expectedRuns(timeZone, times, fromMs, untilMs))
  })
})

describe('for any rule, zone and instant', () => {
  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'))
  const day = fc.constantFrom('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')
  const schedule: fc.Arbitrary<Schedule> = fc.oneof(
    fc.record({ kind: fc.constant('daily' as const), times: fc.array(time, { minLength: 1, maxLength: 4 }) }),
    fc.record({
      kind: fc.constant('weekly' as const),
      on: fc.array(fc.record({ day, time }), { minLength: 1, maxLength: 3 }),
      everyWeeks: fc.integer({ min: 1, max: 52 }),
      countedFrom: fc.integer({ min: 0, max: 20_000 }).map((at) => new Date(at * dayMs).toISOString().slice(0, 10)),
    }),
    fc.record({ kind: fc.constant('interval' as const), everyMinutes: fc.integer({ min: 1, max: 10_080 }) }),
  )
  const rules = fc.record({ timeZone: fc.constantFrom(...everyZone()), schedule })
  // The years of the time zone database that are known: 1970 to 2037.
  const instants = fc.integer({ min: 0, max: utc('2037-01-01T00:00') })

  test('the next run comes after, and it is the last one at its own instant', () => {
    fc.assert(
      fc.property(rules, instants, (rule, ms) => {
        const next = nextRun(rule, ms)
        expect(next).toBeGreaterThan(ms)
        expect(lastRun(rule, next as number)).toBe(next)
        // Nothing lies between: the run before the next one is not after `ms`.
        const before = lastRun(rule, (next as number) - 1)
        if (before !== undefined) expect(before).toBeLessThanOrEqual(ms)
      }),
      { numRuns: 200 },
    )
  })
})
