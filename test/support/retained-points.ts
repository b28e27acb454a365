/** Made-up points and policies for tests of retention. */
import fc from 'fast-check'
import type { PointId } from '../../agent-core/contract/ids.ts'
import { defaultPolicy, type KeepRules, type Policy, weekdays } from '../../agent-core/contract/policy.ts'
import type { RetainedPoint } from '../../agent-core/retention/plan-retention.ts'

/** Zones with daylight saving at midnight, by half hours, on the other half of the year, and none. */
export const timeZones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Africa/Cairo',
  'Asia/Beirut',
  'America/Havana',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
]

export function policyWith(keep: Partial<KeepRules>, timeZone = 'UTC'): Policy {
  return { ...defaultPolicy(timeZone), keep: { days: 7, atLeast: 1, ...keep } }
}

/** A whole scheduled point; its id is made of its number. */
export function pointAt(sequence: number, timeMs: number, more: Partial<RetainedPoint> = {}): RetainedPoint {
  const id = sequence.toString(16).padStart(32, '0') as PointId
  return { id, sequence, timeMs, kind: 'scheduled', partial: false, held: false, ...more }
}

const dayNames = [
  '1',
  '2',
  '15',
  '28',
  'last',
  ...['first', 'second', 'third', 'fourth', 'last'].flatMap((place) => weekdays.map((day) => `${place}-${day}`)),
]
const someOf = <Value>(values: readonly Value[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })

export const anyKeepRules: fc.Arbitrary<KeepRules> = fc.record(
  {
    days: fc.integer({ min: 7, max: 40 }),
    weekly: fc.record({ weeks: fc.integer({ min: 4, max: 60 }), on: someOf(weekdays) }),
    monthly: fc.record({ months: fc.integer({ min: 3, max: 30 }), on: someOf(dayNames) }),
    yearly: fc.record({
      years: fc.integer({ min: 1, max: 5 }),
      in: someOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
      on: someOf(dayNames),
    }),
    atLeast: fc.integer({ min: 1, max: 9 }),
  },
  { requiredKeys: ['days', 'atLeast'] },
)

const hourMs = 3_600_000

/** Points of some hundred days, in any order of their times, some at one instant, some near the change of a day. */
export const anyPoints: fc.Arbitrary<readonly RetainedPoint[]> = fc
  .tuple(
    fc.integer({ min: Date.UTC(2023, 0, 1), max: Date.UTC(2032, 0, 1) }),
    fc.array(
      fc.record(
        {
          day: fc.integer({ min: 0, max: 500 }),
          hour: fc.constantFrom(0, 0.001, 2, 10, 22, 23, 23.999),
          kind: fc.constantFrom('scheduled' as const, 'scheduled' as const, 'on-demand' as const),
          keepDays: fc.integer({ min: -5, max: 300 }),
          partial: fc.boolean(),
          held: fc.boolean(),
          trashDays: fc.integer({ min: -5, max: 300 }),
        },
        { requiredKeys: ['day', 'hour', 'kind'] },
      ),
      { maxLength: 60 },
    ),
  )
  .map(([startMs, list]) =>
    list.map(({ day, hour, keepDays, trashDays, ...rest }, index) => {
      const timeMs = Math.floor(startMs / (24 * hourMs)) * 24 * hourMs + Math.round((day * 24 + hour) * hourMs)
      return pointAt(index + 1, timeMs, {
        ...rest,
        ...(keepDays !== undefined && { keepUntilMs: timeMs + keepDays * 24 * hourMs }),
        ...(trashDays !== undefined && trashDays > 290 && { trashUntilMs: timeMs + trashDays * 24 * hourMs }),
      })
    }),
  )
