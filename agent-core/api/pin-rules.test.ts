import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  freshPinRecord,
  type Moment,
  type PinRecord,
  pinValidityMs,
  troubleOfPin,
  unlockedForMs,
  waitBeforeTryMs,
  withRightPin,
  withTry,
} from './pin-rules.ts'

const start: Moment = { boot: 'a', uptimeMs: 1_000_000, nowMs: 1_800_000_000_000 }
const after = (ms: number, change: Partial<Moment> = {}): Moment => ({
  boot: 'a',
  uptimeMs: start.uptimeMs + ms,
  nowMs: start.nowMs + ms,
  ...change,
})

describe('a right PIN', () => {
  test('counts for five minutes', () => {
    const record = withRightPin(start)
    expect(unlockedForMs(record, start)).toBe(pinValidityMs)
    expect(unlockedForMs(record, after(pinValidityMs - 1))).toBe(1)
    expect(unlockedForMs(record, after(pinValidityMs))).toBe(0)
    expect(unlockedForMs(freshPinRecord, start)).toBe(0)
  })

  test('counts no longer than that, whatever becomes of the clock on the wall', () => {
    fc.assert(
      fc.property(fc.nat(20 * 60_000), fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), (passedMs, nowMs) => {
        const leftMs = unlockedForMs(withRightPin(start), after(passedMs, { nowMs }))
        expect(leftMs).toBeLessThanOrEqual(Math.max(0, pinValidityMs - passedMs))
        if (nowMs < start.nowMs || nowMs >= start.nowMs + pinValidityMs) expect(leftMs).toBe(0)
      }),
    )
  })

  test('counts no more after the machine has started anew, however short its uptime', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (uptimeMs) => {
        expect(unlockedForMs(withRightPin(start), { boot: 'b', uptimeMs, nowMs: start.nowMs + 1 })).toBe(0)
        // Where a start has no name, an uptime that ran backwards gives it away.
        const earlier = { boot: 'a', uptimeMs: Math.min(uptimeMs, start.uptimeMs - 1), nowMs: start.nowMs + 1 }
        expect(unlockedForMs(withRightPin(start), earlier)).toBe(0)
      }),
    )
  })
})

describe('wrong tries', () => {
  const wrongTimes = (count: number): PinRecord =>
    Array.from({ length: count }).reduce<PinRecord>((record) => withTry(record, start), freshPinRecord)

  test('three are free, then each waits twice as long, up to an hour', () => {
    const waits = [0, 1, 2, 3, 4, 5, 20, 1_000].map((count) => waitBeforeTryMs(wrongTimes(count), start))
    expect(waits).toEqual([0, 0, 0, 30_000, 60_000, 120_000, 3_600_000, 3_600_000])
  })

  test('the wait ends by the time since the start alone: a clock set forward does not shorten it', () => {
    fc.assert(
      fc.property(fc.nat(60_000), fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), (passedMs, nowMs) => {
        expect(waitBeforeTryMs(wrongTimes(3), after(passedMs, { nowMs }))).toBe(Math.max(0, 30_000 - passedMs))
      }),
    )
  })

  test('a new start of the machine begins the wait anew', () => {
    expect(waitBeforeTryMs(wrongTimes(3), { boot: 'b', uptimeMs: 10_000, nowMs: start.nowMs })).toBe(20_000)
    expect(waitBeforeTryMs(wrongTimes(3), { boot: 'a', uptimeMs: 10, nowMs: start.nowMs })).toBe(30_000)
  })

  test('a right PIN forgets them', () => {
    expect(withRightPin(start).wrong).toBe(0)
  })
})

test.each([
  ['1234', true],
  ['123456789012', true],
  ['123', false],
  ['1234567890123', false],
  ['', false],
  ['abc1234', false],
  ['eine Wiese', true],
  ['ä'.repeat(8), true],
  ['x'.repeat(101), false],
])('%j is fit for a PIN: %s', (pin, isFit) => {
  expect(troubleOfPin(pin) === undefined).toBe(isFit)
})
