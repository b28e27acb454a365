import { expect, test } from 'vitest'
import { agoInWords, timeInWords, tomorrowMs } from './time-words.ts'

const nowMs = new Date(2026, 10, 26, 15, 30).getTime()
const minute = 60_000

test.each([
  [-minute, 'just now'],
  [30_000, 'just now'],
  [minute, '1 minute ago'],
  [119 * minute, '119 minutes ago'],
  [120 * minute, '2 hours ago'],
  [47 * 60 * minute, '47 hours ago'],
  [48 * 60 * minute, '2 days ago'],
])('an age of %d ms', (ageMs, words) => {
  expect(agoInWords(nowMs - ageMs, nowMs)).toBe(words)
})

test('a time of today by its clock, a later one with its day', () => {
  expect(timeInWords(nowMs + 60 * minute, nowMs)).toMatch(/^\d.*30/)
  expect(timeInWords(nowMs + 24 * 60 * minute, nowMs)).toMatch(/^.+ at .*30/)
  expect(timeInWords(nowMs + 30 * 24 * 60 * minute, nowMs)).toMatch(/26.* at |2026.* at /)
})

test('tomorrow begins at midnight', () => {
  expect(new Date(tomorrowMs(nowMs))).toEqual(new Date(2026, 10, 27))
})
