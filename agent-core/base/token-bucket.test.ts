/** The token bucket against its promise, with time as a number. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { createPace } from './pace.ts'
import { createTokenBucket } from './token-bucket.ts'

/** 512 kbit/s and 1 Gbit/s, in bytes a second. */
const rates = [64_000, 125_000_000] as const

describe('a token bucket', () => {
  test('lets no stretch of time have more than the rate, the burst and one amount', () => {
    const step = fc.record({ pauseMs: fc.integer({ min: 0, max: 400 }), amount: fc.integer({ min: 1, max: 70_000 }) })
    fc.assert(
      fc.property(
        fc.constantFrom(...rates),
        fc.array(step, { minLength: 2, maxLength: 60 }),
        (ratePerSecond, steps) => {
          const burst = ratePerSecond / 20
          const bucket = createTokenBucket({ ratePerSecond, burst })
          let nowMs = 1_000_000
          const sent = steps.map(({ pauseMs, amount }) => {
            nowMs += pauseMs
            nowMs += bucket.take(amount, nowMs)
            return { atMs: nowMs, amount }
          })
          for (const [from, first] of sent.entries()) {
            let total = 0
            for (const { atMs, amount } of sent.slice(from)) {
              total += amount
              const allowed = (ratePerSecond * (atMs - first.atMs)) / 1000 + burst + 70_000
              expect(total).toBeLessThanOrEqual(allowed + 1)
            }
          }
        },
      ),
    )
  })

  test('gives the whole rate to one who always asks again', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rates), fc.integer({ min: 1, max: 65_536 }), (ratePerSecond, amount) => {
        const burst = ratePerSecond / 20
        const bucket = createTokenBucket({ ratePerSecond, burst })
        let nowMs = 0
        const count = 500
        for (let taken = 0; taken < count; taken++) nowMs += bucket.take(amount, nowMs)
        const idealMs = (count * amount * 1000) / ratePerSecond
        expect(nowMs).toBeLessThanOrEqual(idealMs + 0.001)
        expect(nowMs).toBeGreaterThanOrEqual(idealMs - 50.001)
      }),
    )
  })

  test('does not wait longer when the clock is set back, and no burst comes of one set forward', () => {
    const bucket = createTokenBucket({ ratePerSecond: 1000, burst: 100 })
    expect(bucket.take(1100, 1_000_000)).toBe(1000)
    expect(bucket.take(100, 500_000)).toBe(1100)
    expect(bucket.take(1100, 9_000_000)).toBe(1000)
  })
})

describe('a pace', () => {
  /** A clock on which only waiting takes time, and wakes late as timers do. */
  function lateClock(latenessMs: number): Clock {
    let nowMs = 0
    return {
      nowMs: () => nowMs,
      delay: async (ms) => {
        nowMs += Math.ceil(ms) + latenessMs
      },
    }
  }

  test.each(rates)('%i bytes a second flow smoothly although timers come late', async (rate) => {
    const clock = lateClock(3)
    const pace = createPace(rate, clock)
    const arrivals: { readonly atMs: number; readonly total: number }[] = []
    let total = 0
    while (clock.nowMs() < 20_000) {
      await pace.take(pace.pieceBytes)
      total += pace.pieceBytes
      arrivals.push({ atMs: clock.nowMs(), total })
    }
    const ideal = (rate * clock.nowMs()) / 1000
    expect(total).toBeGreaterThan(ideal * 0.99)
    expect(total).toBeLessThan(ideal * 1.01)
    // Never a tenth of a second ahead of or behind the line.
    for (const { atMs, total: so } of arrivals) expect(Math.abs(so - (rate * atMs) / 1000)).toBeLessThan(rate * 0.1)
  })
})
