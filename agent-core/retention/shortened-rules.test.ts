import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isShorter, type KeepLengths, type PendingShortening, pendingAfter, rulesInForce } from './shortened-rules.ts'

const dayMs = 86_400_000
const delayMs = 14 * dayMs
const days = fc.uniqueArray(fc.constantFrom('mon' as const, 'wed' as const, 'sun' as const), { minLength: 1 })
const months = fc.uniqueArray(fc.constantFrom(1, 6, 12), { minLength: 1 })
const rules: fc.Arbitrary<KeepLengths> = fc
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
  const long: KeepLengths = { days: 30, atLeast: 3, weekly: { weeks: 8, on: ['sun'] } }
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
      let pending: PendingShortening[] = []
      const past: { rules: KeepLengths; untilMs: number }[] = []
      for (const [apart, after] of changes) {
        nowMs += apart * dayMs
        pending = pendingAfter(pending, { before: current, after, nowMs, delayMs })
        past.push({ rules: current, untilMs: nowMs })
        current = after
        const inForce = rulesInForce(current, pending, nowMs)
        expect(inForce[0]).toEqual(current)
        const recent = past.filter(({ untilMs }) => nowMs < untilMs + delayMs)
        // Rules that are in force keep at least as long as each that counted within the delay.
        const uncovered = recent.filter(({ rules: before }) => inForce.every((each) => isShorter(before, each)))
        expect(uncovered).toEqual([])
        expect(inForce.length).toBeLessThanOrEqual(recent.length + 1)
      }
      expect(rulesInForce(current, pending, nowMs + delayMs)).toEqual([current])
    }),
  )
})

test('a change is taken back by rules that are as long again', () => {
  const long: KeepLengths = { days: 30, atLeast: 3 }
  const short: KeepLengths = { days: 7, atLeast: 3 }
  const pending = pendingAfter([], { before: long, after: short, nowMs: 0, delayMs })
  expect(rulesInForce(short, pending, delayMs - 1)).toEqual([short, long])
  expect(rulesInForce(short, pending, delayMs)).toEqual([short])
  // A clock that was set back makes nothing due.
  expect(rulesInForce(short, pending, -dayMs)).toEqual([short, long])
  expect(pendingAfter(pending, { before: short, after: long, nowMs: dayMs, delayMs })).toEqual([])
  expect(pendingAfter([], { before: short, after: long, nowMs: 0, delayMs })).toEqual([])
})
