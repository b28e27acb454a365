import fc from 'fast-check'
import { expect, test } from 'vitest'
import { modelKeeps } from '../../test/support/keep-model.ts'
import { anyKeepRules, anyPoints, pointAt, timeZones } from '../../test/support/retained-points.ts'
import type { KeepRules } from '../contract/policy.ts'
import { dayText } from './calendar-day.ts'
import { applyKeepRules, type RuledPoint } from './keep-rules.ts'

const utc = (text: string) => Date.parse(text.includes('T') ? `${text}Z` : `${text}T12:00:00Z`)

/** `rule day → until`, with `!` where the point stands in for a missed one. */
function shown(points: readonly RuledPoint[], keep: Partial<KeepRules>, zone = 'UTC'): Record<string, string[]> {
  const keeps = applyKeepRules(points, { days: 7, atLeast: 1, ...keep }, zone)
  return Object.fromEntries(
    points.map(({ id, sequence }) => [
      String(sequence),
      (keeps.get(id) ?? []).map(
        ({ rule, day, untilMs, replaces }) =>
          `${rule}${replaces ? '!' : ''} ${dayText(day)} → ${new Date(untilMs).toISOString().slice(0, 16)}`,
      ),
    ]),
  )
}

test('what keeps a point, and until when, is what the model says', () => {
  fc.assert(
    fc.property(anyPoints, anyKeepRules, fc.constantFrom(...timeZones), (points, keep, zone) => {
      const found = applyKeepRules(points, keep, zone)
      const model = modelKeeps(points, keep, zone)
      for (const { id } of points) {
        const plain = (found.get(id) ?? []).map(({ rule, untilMs }) => ({ rule, untilMs }))
        expect(plain.toSorted(byRule)).toEqual(model.get(id)?.toSorted(byRule))
      }
    }),
    { numRuns: 60 },
  )
}, 120_000)

function byRule(a: { rule: string; untilMs: number }, b: { rule: string; untilMs: number }): number {
  return a.rule.localeCompare(b.rule) || a.untilMs - b.untilMs
}

test('points that no long-term rule chose can go without changing what is chosen', () => {
  fc.assert(
    fc.property(anyPoints, anyKeepRules, fc.constantFrom(...timeZones), (points, keep, zone) => {
      const before = applyKeepRules(points, keep, zone)
      const isChosen = ({ id }: RuledPoint) => before.get(id)?.some(({ rule }) => rule !== 'daily')
      const left = points.filter((point, index) => isChosen(point) || index % 2 === 0)
      const after = applyKeepRules(left, keep, zone)
      for (const { id } of left) expect(after.get(id)).toEqual(before.get(id))
    }),
    { numRuns: 100 },
  )
})

test('every scheduled point of a day is a daily one; a day ends where it ends in the zone', () => {
  const points = [pointAt(1, utc('2026-11-25T22:59')), pointAt(2, utc('2026-11-25T23:00'))]
  expect(shown(points, {}, 'Europe/Berlin')).toEqual({
    1: ['daily 2026-11-25 → 2026-12-01T23:00'],
    2: ['daily 2026-11-26 → 2026-12-02T23:00'],
  })
})

test('of a day with several scheduled points the first is the weekly one', () => {
  const points = [pointAt(1, utc('2026-11-22T08:00')), pointAt(2, utc('2026-11-22T18:00'))]
  const found = shown(points, { weekly: { weeks: 4, on: ['sun'] } })
  expect([found['1']?.[1], found['2']?.[1]]).toEqual(['weekly 2026-11-22 → 2026-12-20T00:00', undefined])
})

test('a point on demand is no weekly one while the day has a scheduled one', () => {
  const onDemand = pointAt(1, utc('2026-11-22T08:00'), { kind: 'on-demand', keepUntilMs: utc('2026-12-01') })
  const weekly = { weekly: { weeks: 4, on: ['sun' as const] } }
  expect(shown([onDemand, pointAt(2, utc('2026-11-22T18:00'))], weekly)).toEqual({
    1: [],
    2: ['daily 2026-11-22 → 2026-11-29T00:00', 'weekly 2026-11-22 → 2026-12-20T00:00'],
  })
  expect(shown([onDemand, pointAt(2, utc('2026-11-23T18:00'))], weekly)).toEqual({
    1: ['weekly! 2026-11-22 → 2026-12-20T00:00'],
    2: ['daily 2026-11-23 → 2026-11-30T00:00'],
  })
})

test('a missed monthly and yearly point is replaced by the next one of any kind, and kept as long', () => {
  const keep: Partial<KeepRules> = {
    monthly: { months: 3, on: ['last'] },
    yearly: { years: 1, in: [1], on: ['last'] },
  }
  const points = [
    pointAt(1, utc('2026-01-30')),
    pointAt(2, utc('2026-02-03'), { kind: 'on-demand', keepUntilMs: utc('2026-02-04') }),
    pointAt(3, utc('2026-02-04')),
  ]
  expect(shown(points, keep)).toEqual({
    1: [
      'daily 2026-01-30 → 2026-02-06T00:00',
      'monthly! 2025-12-31 → 2026-03-31T00:00',
      'yearly! 2025-01-31 → 2026-01-31T00:00',
    ],
    2: ['monthly! 2026-01-31 → 2026-04-30T00:00', 'yearly! 2026-01-31 → 2027-01-31T00:00'],
    3: ['daily 2026-02-04 → 2026-02-11T00:00'],
  })
})

test('a point that has lost data stands in only where no good one does', () => {
  const weekly = { weekly: { weeks: 4, on: ['sun' as const] } }
  const damaged = pointAt(1, utc('2026-11-22'), { partial: true })
  expect(shown([damaged], weekly)['1']).toHaveLength(2)
  const found = shown([damaged, pointAt(2, utc('2026-11-25'))], weekly)
  expect([found['1']?.length, found['2']?.[1]]).toEqual([1, 'weekly! 2026-11-22 → 2026-12-20T00:00'])
})

test.each([
  ['before all years', -9e15],
  ['in the year 0', Date.parse('0000-03-01T00:00:00Z')],
  ['in the year 50', Date.parse('0050-03-01T00:00:00Z')],
  ['in the year 9999', Date.parse('9999-12-31T23:59:59Z')],
  ['after all years', 9e15],
])('a clock %s: the rules answer, and keep every point', (_when, timeMs) => {
  const keep: KeepRules = {
    days: 9999,
    weekly: { weeks: 5163, on: ['sun'] },
    monthly: { months: 1188, on: ['last'] },
    yearly: { years: 99, in: [2], on: ['last'] },
    atLeast: 1,
  }
  const points = [pointAt(1, timeMs), pointAt(2, timeMs), pointAt(3, utc('2026-11-22'))]
  for (const zone of timeZones) {
    const keeps = applyKeepRules(points, keep, zone)
    expect(points.map(({ id }) => keeps.get(id)?.length)).toEqual([4, 1, 4])
    for (const { untilMs } of [...keeps.values()].flat()) expect(Number.isSafeInteger(untilMs)).toBe(true)
  }
})

test('a day that a zone left out has no point, and the days around it are two', () => {
  // Samoa went from 2011-12-29 to 2011-12-31.
  const points = [pointAt(1, utc('2011-12-30T09:59')), pointAt(2, utc('2011-12-30T10:00'))]
  expect(shown(points, {}, 'Pacific/Apia')).toEqual({
    1: ['daily 2011-12-29 → 2012-01-04T10:00'],
    2: ['daily 2011-12-31 → 2012-01-06T10:00'],
  })
})
