import { expect, test } from 'vitest'
import { formatTime } from './format-time.ts'

test('times are local; what is no time stays', () => {
  expect(formatTime('2026-11-22T10:00:05.000Z')).toMatch(/^2026-11-2\d \d\d:\d\d:05$/)
  expect(formatTime('never')).toBe('never')
})
