/** Four items are followed by the rules alone for a year; `npm run test:campaign -- rules` does it for ten years. */
import { expect, test } from 'vitest'
import { followRules, habits } from '../support/follow-rules.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test.each(habits)(
  '$name: every day of a year the kept points are those of the model',
  (habit) => {
    const followed = followRules(habit, 365, seed)
    expect(followed.differences, `SEED=${seed}`).toEqual([])
    expect(followed.points).toBeGreaterThan(100)
    expect(followed.mostAtOnce).toBeLessThan(followed.points)
  },
  60_000,
)
