/** Four items are followed by the rules alone for a year; `npm run test:campaign -- rules` does it for ten years. */
import { expect, test } from 'vitest'
import { followRules, habits } from '../support/follow-rules.ts'

const years = process.env['THARSIS_CAMPAIGN'] === '1' ? 10 : 1
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test.each(habits)(
  `$name: every day of ${years === 1 ? 'a year' : 'ten years'} the kept points are those of the model`,
  (habit) => {
    const followed = followRules(habit, years * 365, seed)
    expect(followed.differences, `SEED=${seed}`).toEqual([])
    expect(followed.points).toBeGreaterThan(100)
    expect(followed.mostAtOnce).toBeLessThan(followed.points)
  },
  years * 60_000,
)
