import fc from 'fast-check'
import { expect, test } from 'vitest'
import { modelKeeps } from '../../test/support/keep-model.ts'
import { anyKeepRules, anyPoints, pointAt, policyWith, timeZones } from '../../test/support/retained-points.ts'
import { mostPointsOfItem } from '../contract/policy.ts'
import { planRetention, type RetainedPoint } from './plan-retention.ts'

const dayMs = 86_400_000
const nowMs = Date.UTC(2026, 10, 26, 12)
const ago = (days: number) => nowMs - days * dayMs

/** What becomes of each point, by number: `ever`, the days from now, or why it is not kept. */
function fates(points: readonly RetainedPoint[], keep = {}, atMs = nowMs): Record<string, string> {
  const plan = planRetention(points, policyWith(keep), atMs)
  return Object.fromEntries(
    points.map(({ id, sequence }) => {
      const fate = plan.get(id)
      if (fate === undefined) throw new Error('a point was forgotten')
      const rules = fate.keep ? fate.reasons.map(({ rule }) => rule).join('+') : ''
      const days = (ms: number) => Math.round((ms - nowMs) / dayMs)
      return [
        String(sequence),
        fate.keep
          ? `${fate.untilMs === 'ever' ? 'ever' : days(fate.untilMs)} ${rules}`
          : `${fate.reason} ${days(fate.sinceMs)}`,
      ]
    }),
  )
}

test('kept is what the model keeps, the newest good, the held, the dated and what the trash still has', () => {
  fc.assert(
    fc.property(
      anyPoints,
      anyKeepRules,
      fc.constantFrom(...timeZones),
      fc.integer({ min: -100, max: 900 }),
      (points, keep, zone, days) => {
        const atMs = (points[0]?.timeMs ?? 0) + days * dayMs
        const policy = { ...policyWith({}, zone), keep }
        const plan = planRetention(points, policy, atMs)
        const living = points.filter(({ trashUntilMs }) => trashUntilMs === undefined)
        const model = modelKeeps(living, keep, zone)
        const good = living.filter(({ partial }) => !partial)
        const newest = (good.length > 0 ? good : living).slice(-keep.atLeast)
        for (const point of points) {
          const least = point.kind === 'on-demand' ? point.timeMs + dayMs : 0
          const isKept =
            point.held ||
            (point.trashUntilMs === undefined
              ? newest.includes(point) ||
                (model.get(point.id) ?? []).some(({ untilMs }) => untilMs > atMs) ||
                (point.keepUntilMs !== undefined && Math.max(point.keepUntilMs, least) > atMs)
              : point.trashUntilMs > atMs)
          const fate = plan.get(point.id)
          expect(fate?.keep).toBe(isKept)
          if (fate?.keep === false) expect(fate.sinceMs).toBeLessThanOrEqual(atMs)
          if (fate?.keep && fate.untilMs !== 'ever') expect(fate.untilMs).toBeGreaterThan(atMs)
        }
      },
    ),
    { numRuns: 60 },
  )
}, 120_000)

test('a clean-up and a later one keep what one later clean-up keeps', () => {
  fc.assert(
    fc.property(anyPoints, anyKeepRules, fc.integer({ min: 0, max: 600 }), (points, keep, days) => {
      const policy = { ...policyWith({}), keep }
      const keptAt = (of: readonly RetainedPoint[], atMs: number) => {
        const plan = planRetention(of, policy, atMs)
        return of.filter(({ id }) => plan.get(id)?.keep)
      }
      const firstMs = (points[0]?.timeMs ?? 0) + days * dayMs
      for (const laterMs of [firstMs, firstMs + 40 * dayMs]) {
        expect(keptAt(keptAt(points, firstMs), laterMs)).toEqual(keptAt(points, laterMs))
      }
    }),
    { numRuns: 100 },
  )
})

test('the newest good point stays whatever the clock says, and so do the few before it', () => {
  const points = [pointAt(1, ago(3)), pointAt(2, ago(2)), pointAt(3, ago(1), { partial: true })]
  const inCenturies = Date.UTC(2926, 0, 1)
  expect(fates(points, { atLeast: 1 }, inCenturies)).toEqual({
    1: 'expired 4',
    2: 'ever newest',
    3: 'expired 6',
  })
  expect(fates(points, { atLeast: 2 }, inCenturies)).toMatchObject({ 1: 'ever at-least', 2: 'ever newest' })
})

test('newest is what was made last, not what has the latest time', () => {
  const points = [pointAt(1, ago(-400)), pointAt(2, ago(30)), pointAt(3, ago(30))]
  expect(fates(points)).toEqual({ 1: '407 daily', 2: 'expired -23', 3: 'ever newest' })
})

test('without any good point the newest of the others stays; in the trash none counts', () => {
  const damaged = pointAt(2, ago(90), { partial: true })
  expect(fates([pointAt(1, ago(100), { partial: true }), damaged])).toMatchObject({ 2: 'ever newest' })
  const trashed = pointAt(3, ago(1), { trashUntilMs: ago(-13) })
  expect(fates([damaged, trashed])).toEqual({ 2: 'ever newest', 3: '13 trash' })
  expect(fates([pointAt(1, ago(50), { trashUntilMs: ago(2) })])).toEqual({ 1: 'trash-expired -2' })
})

test('a point on demand is kept until its date, for a day at least; without a date like a daily one', () => {
  const kind = 'on-demand'
  const points = [
    pointAt(1, ago(20), { kind, keepUntilMs: ago(-5) }),
    pointAt(2, ago(2), { kind, keepUntilMs: ago(1) }),
    pointAt(3, ago(0.5), { kind, keepUntilMs: ago(3) }),
    pointAt(4, ago(3), { kind }),
    pointAt(5, ago(0)),
  ]
  expect(fates(points)).toEqual({
    1: '5 date',
    2: 'expired -1',
    3: '1 date',
    4: '4 daily',
    5: '7 daily+newest',
  })
})

test('a hold has no end and leaves the other reasons as they are; a scheduled point can be given a date', () => {
  const points = [
    pointAt(1, ago(300), { held: true }),
    pointAt(2, ago(1), { held: true }),
    pointAt(3, ago(90), { keepUntilMs: ago(-2) }),
    pointAt(4, ago(5), { held: true, trashUntilMs: ago(1) }),
    pointAt(5, ago(0)),
  ]
  expect(fates(points)).toMatchObject({ 1: 'ever hold', 2: 'ever daily+hold', 3: '2 date', 4: 'ever hold' })
})

test('a longer policy keeps points that are there longer; a shorter one lets them go at the next clean-up', () => {
  const points = [pointAt(1, ago(20)), pointAt(2, ago(0))]
  expect(fates(points, { days: 10 })).toMatchObject({ 1: 'expired -10' })
  expect(fates(points, { days: 60 })).toMatchObject({ 1: '40 daily' })
})

test('beyond the most points of an item, the oldest that only the daily rule keeps go', () => {
  const total = mostPointsOfItem + 3
  const points = Array.from({ length: total }, (_, index) =>
    pointAt(index + 1, ago(1) + index, index === 1 ? { held: true } : {}),
  )
  const plan = planRetention(points, policyWith({ days: 9999 }), nowMs)
  const gone = points.filter(({ id }) => !plan.get(id)?.keep).map(({ sequence }) => sequence)
  expect(gone).toEqual([1, 3, 4])
  expect(plan.get(points[0]?.id as never)).toMatchObject({ reason: 'too-many' })
})

test('a point that is listed twice is one point', () => {
  const point = pointAt(1, ago(1))
  expect(planRetention([point, point], policyWith({}), nowMs).get(point.id)).toMatchObject({ reasons: [{}, {}] })
})

test('while shorter rules wait, a newest point says the later date of both, though it may stay for longer', () => {
  const inForceAtMs = nowMs + 14 * dayMs
  const points = [2, 1, 0].map((days, at) => pointAt(at + 1, ago(days)))
  const before = policyWith({ days: 60, atLeast: 3 }).keep
  const shortened = [{ before, changedAtMs: nowMs, inForceAtMs }]
  const plan = planRetention(points, policyWith({ days: 7, atLeast: 3 }), nowMs, shortened)
  for (const { id } of points) {
    const fate = plan.get(id)
    expect(fate).toMatchObject({ keep: true, untilMs: inForceAtMs })
    expect(fate?.keep && fate.reasons.map(({ rule }) => rule)).toContain('earlier')
  }
  // Without such rules it is the date of the policy.
  const plain = planRetention(points, policyWith({ days: 7, atLeast: 3 }), nowMs)
  for (const fate of plain.values()) expect(fate.keep && Number(fate.untilMs)).toBeLessThan(inForceAtMs)
})
