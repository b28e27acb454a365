import { expect, test } from 'vitest'
import { readDateText } from './date-text.ts'

test('a day, a minute and a second of local time, or of a zone', () => {
  const startMs = new Date(2027, 0, 31).getTime()
  expect(readDateText('2027-01-31')).toEqual({ startMs, endMs: new Date(2027, 1, 1).getTime() - 1, unit: 'day' })
  const minute = new Date(2027, 0, 31, 14, 30).getTime()
  expect(readDateText('2027-01-31 14:30')).toEqual({ startMs: minute, endMs: minute + 59_999, unit: 'minute' })
  const second = Date.parse('2027-01-31T14:30:05.500Z')
  expect(readDateText('2027-01-31T14:30:05.500Z')).toEqual({ startMs: second, endMs: second, unit: 'second' })
  expect(readDateText('2028-02-29')).toMatchObject({ unit: 'day' })
})

test.each(['2026-13-45', '2026-00-01', '2027-02-29', '2027-01-31T24:00', '2027-01-31T12:60', '2027-01-31T12:00:60'])(
  '%s is impossible',
  (text) => {
    expect(readDateText(text)).toBe('impossible')
  },
)

test.each(['', 'latest', '2027', '2027-1-1', '2027-01-31x', 'c0ffee'])('%s is no date', (text) => {
  expect(readDateText(text)).toBeUndefined()
})
