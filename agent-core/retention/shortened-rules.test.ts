import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeepRules } from '../contract/policy.ts'
import type { ShortenedRules } from '../format/policy.ts'
import { isShorter, shortenedAfter, stillWaiting } from './shortened-rules.ts'

const dayMs = 86_400_000
const delayMs = 14 * dayMs
const days = fc.uniqueArray(fc.constantFrom('mon' as const, 'wed' as const, 'sun' as const), { minLength: 1 })
const months = fc.uniqueArray(fc.constantFrom(1, 6, 12), { minLength: 1 })
const rules: fc.Arbitrary<KeepRules> = fc
  .record({
    days: fc.integer({ min: 7, max: 40 }),
    atLeast: fc.integer({ min: 1, max: 9 }),
    weekly: fc.option(fc.record({ weeks: fc.integer({ min: 4, max: 12 }), on: days }), { nil: undefined }),
    monthly: fc.option(fc.record({ months: fc.integer({ min: 3, max: 9 }), on: days }), { nil: undefined }),
    yearly: fc.option(fc.record({ years: fc.integer({ min: 1, max: 4 }), in: months, on: days }), { nil: undefined }),
  })
  .map(({ weekly, monthly, yearly, ...plain }) => ({
    ...plain,
    ...(weekly && { weekly }),
    ...(monthly && { monthly }),
    ...(yearly && { yearly }),
  }))

test('rules are shorter than others when they are not as long in everything', () => {
  fc.assert(
    fc.property(rules, rules, rules, (a, b, c) => {
      expect(isShorter(a, a)).toBe(false)
      if (!isShorter(a, b) && !isShorter(b, c)) expect(isShorter(a, c)).toBe(false)
    }),
  )
  const long: KeepRules = { days: 30, atLeast: 3, weekly: { weeks: 8, on: ['sun'] } }
  expect(isShorter(long, { ...long, days: 29 })).toBe(true)
  expect(isShorter(long, { days: 400, atLeast: 9 })).toBe(true)
  expect(isShorter(long, { ...long, weekly: { weeks: 9, on: ['sat'] } })).toBe(true)
  expect(
    isShorter(long, { ...long, weekly: { weeks: 9, on: ['sat', 'sun'] }, yearly: { years: 1, in: [1], on: ['last'] } }),
  ).toBe(false)
})

/** Changes one after the other, days apart; what is in force is looked at after each. */
const histories = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), rules), { minLength: 1, maxLength: 8 })

test('whatever rules counted within the delay go on for points that exist', () => {
  fc.assert(
    fc.property(rules, histories, (first, changes) => {
      let nowMs = 1_800_000_000_000
      let current = first
      let waiting: ShortenedRules[] = []
      const past: { rules: KeepRules; untilMs: number }[] = []
      for (const [apart, after] of changes) {
        nowMs += apart * dayMs
        waiting = shortenedAfter(waiting, { before: current, after, nowMs, delayMs })
        past.push({ rules: current, untilMs: nowMs })
        current = after
        const inForce = [current, ...stillWaiting(waiting, nowMs).map(({ before }) => before)]
        const recent = past.filter(({ untilMs }) => nowMs < untilMs + delayMs)
        // Rules that are in force keep at least as long as each that counted within the delay.
        const uncovered = recent.filter(({ rules: before }) => inForce.every((each) => isShorter(before, each)))
        expect(uncovered).toEqual([])
        expect(inForce.length).toBeLessThanOrEqual(recent.length + 1)
      }
      expect(stillWaiting(waiting, nowMs + delayMs)).toEqual([])
    }),
  )
})

test('a change is taken back by rules that are as long again', () => {
  const long: KeepRules = { days: 30, atLeast: 3 }
  const short: KeepRules = { days: 7, atLeast: 3 }
  const waiting = shortenedAfter([], { before: long, after: short, nowMs: 0, delayMs })
  expect(waiting).toEqual([{ before: long, changedAtMs: 0, inForceAtMs: delayMs }])
  expect(stillWaiting(waiting, delayMs - 1)).toEqual(waiting)
  expect(stillWaiting(waiting, delayMs)).toEqual([])
  // A clock that was set back makes nothing due.
  expect(stillWaiting(waiting, -dayMs)).toEqual(waiting)
  expect(shortenedAfter(waiting, { before: short, after: long, nowMs: dayMs, delayMs })).toEqual([])
  expect(shortenedAfter([], { before: short, after: long, nowMs: 0, delayMs })).toEqual([])
})
