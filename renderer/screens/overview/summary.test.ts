import { expect, test } from 'vitest'
import type { JobDocument, ProtectionState } from '../../../agent-core/contract/index.ts'
import { growthPath } from '../../ui/growth-path.ts'
import { summarize, urgentFirst } from './summary.ts'

const items = (...states: readonly ProtectionState[]) => states.map((protection) => ({ protection, liveJob: null }))

test('the worst is said first, and good only when everything is', () => {
  expect(summarize(items('protected', 'failed', 'warnings'), [])).toEqual({ tone: 'bad', words: '1 item needs you' })
  expect(summarize(items('overdue', 'failed'), []).words).toBe('2 items need you')
  expect(summarize(items('protected', 'captured'), []).tone).toBe('warning')
  expect(summarize(items('protected', 'unknown'), []).tone).toBe('quiet')
  expect(summarize(items('protected'), [])).toEqual({ tone: 'good', words: 'Your item is protected' })
  const damage = [{ vault: 'usb' }]
  expect(summarize(items('protected', 'captured'), damage)).toEqual({ tone: 'bad', words: 'A vault is damaged' })
  expect(summarize(items('failed'), damage).words).toBe('1 item needs you')
})

test('those that need somebody come first, then those at work; else they stay as they came', () => {
  const shown = items('protected', 'unknown', 'failed', 'never', 'protected', 'overdue').map((item, at) => ({
    ...item,
    at,
  }))
  expect(urgentFirst(shown).map(({ at }) => at)).toEqual([2, 5, 3, 1, 0, 4])
  const atWork = shown.map((item) => ({ ...item, liveJob: item.at === 4 ? ({} as JobDocument) : null }))
  expect(urgentFirst(atWork).map(({ at }) => at)).toEqual([2, 5, 3, 4, 1, 0])
})

test('a growth line stays inside of its picture', () => {
  const path = growthPath(
    [0, 5, 10].map((value) => ({ timeMs: value * 1000, value })),
    100,
    40,
  )
  expect(path?.line).toBe('M3 37L50 20L97 3')
  expect(path?.last).toEqual({ x: 97, y: 3 })
  expect(growthPath([{ timeMs: 1, value: 5 }], 100, 40)).toBeUndefined()
  expect(
    growthPath(
      [
        { timeMs: 1, value: 0 },
        { timeMs: 1, value: 0 },
      ],
      100,
      40,
    )?.line,
  ).not.toContain('NaN')
})
