/** Work hours against the days and hours that they name. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { weekdays } from '../contract/policy.ts'
import { createClockFace, isWorkTime, parseWorkHours, usualWorkHours, workHoursText } from './work-hours.ts'

const two = (value: number): string => String(value).padStart(2, '0')
const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
const time = fc.integer({ min: 0, max: 1439 }).map((minutes) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`)
const hours = fc.record({ days: fc.subarray([...weekdays], { minLength: 1 }), from: time, to: time })

test('a moment is in work hours when a stretch that began on one of their days has not ended', () => {
  fc.assert(
    fc.property(hours, fc.constantFrom(...weekdays), time, (rule, day, now) => {
      const from = minutesOf(rule.from)
      const length = (minutesOf(rule.to) - from + 1440) % 1440 || 1440
      const at = weekdays.indexOf(day) * 1440 + minutesOf(now)
      const week = 7 * 1440
      const expected = rule.days.some((each) => (at - weekdays.indexOf(each) * 1440 - from + week) % week < length)
      expect(isWorkTime(rule, { day, time: now })).toBe(expected)
    }),
  )
})

test('what is stored is read as it was', () => {
  fc.assert(
    fc.property(hours, (rule) => {
      expect(parseWorkHours(workHoursText(rule))).toEqual({ ...rule })
    }),
  )
})

test('the clocks of a zone, over a change to daylight saving time', () => {
  const face = createClockFace('Europe/Berlin')
  expect(face(Date.parse('2026-03-29T00:59:00Z'))).toEqual({ day: 'sun', time: '01:59' })
  expect(face(Date.parse('2026-03-29T01:00:00Z'))).toEqual({ day: 'sun', time: '03:00' })
  expect(face(Date.parse('2026-11-25T23:00:00Z'))).toEqual({ day: 'thu', time: '00:00' })
  expect(isWorkTime(usualWorkHours, face(Date.parse('2026-11-26T08:00:00Z')))).toBe(true)
  expect(isWorkTime(usualWorkHours, face(Date.parse('2026-11-26T16:00:00Z')))).toBe(false)
})
