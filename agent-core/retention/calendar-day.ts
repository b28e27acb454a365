/**
 * Calendar days in a time zone. A day is its number: whole days since 1970-01-01 in the proleptic Gregorian calendar,
 * which has no zone and no daylight saving; only the functions that take a zone know of those. Nothing throws: times
 * outside of the years 0 to 9999 count as the first or last day of them, and a zone that this system does not know as UTC.
 */
import { Temporal } from 'temporal-polyfill'
import { parseDayOfMonth, type Weekday, weekdays } from '../contract/policy.ts'

/** Days since 1970-01-01. */
export type Day = number

const dayMs = 86_400_000
const firstDay: Day = dayOfDate(0, 1, 1)
const lastDay: Day = dayOfDate(9999, 12, 31)

const zones = new Map<string, boolean>()

/** Whether this system knows a time zone of that name. */
export function isTimeZone(name: string): boolean {
  let isKnown = zones.get(name)
  if (isKnown === undefined) {
    try {
      isKnown = /^[A-Z]/i.test(name) && new Temporal.ZonedDateTime(0n, name).timeZoneId !== ''
    } catch {
      isKnown = false
    }
    zones.set(name, isKnown)
  }
  return isKnown
}

/** The calendar day of an instant (ms since 1970 UTC) in the zone. */
export function dayOf(timeMs: number, timeZone: string): Day {
  const clampedMs = Math.max(firstDay * dayMs, Math.min(lastDay * dayMs, timeMs))
  const { year, month, day } = Temporal.Instant.fromEpochMilliseconds(clampedMs).toZonedDateTimeISO(knownZone(timeZone))
  return dayOfDate(year, month, day)
}

/** The instant (ms since 1970 UTC) at which a day begins: not always at 00:00, where daylight saving begins at midnight. */
export function startOfDayMs(day: Day, timeZone: string): number {
  return plainDate(day).toZonedDateTime(knownZone(timeZone)).epochMilliseconds
}

/** The instant so many months later at the same time of day; of a month that is too short, its last day. */
export function addMonths(timeMs: number, months: number, timeZone: string): number {
  const instant = Temporal.Instant.fromEpochMilliseconds(timeMs)
  return instant.toZonedDateTimeISO(knownZone(timeZone)).add({ months }).epochMilliseconds
}

/** `YYYY-MM-DD`. */
export function dayText(day: Day): string {
  return plainDate(day).toString()
}

/** The day of a date; `month` is 1 to 12, and a day beyond the month's end runs into the next. */
function dayOfDate(year: number, month: number, day: number): Day {
  const date = new Date(0)
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day)
  return date.getTime() / dayMs
}

/** Months since January of year 0. */
export function monthOf(day: Day): number {
  const date = new Date(day * dayMs)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

/** 0 is Monday. */
function weekdayOf(day: Day): number {
  // 1970-01-01 was a Thursday.
  return (((day + 3) % 7) + 7) % 7
}

/** The day of the month (since January of year 0) that a `DayOfMonth` names. */
export function dayInMonth(month: number, named: string): Day {
  const parsed = parseDayOfMonth(named)
  if (parsed === undefined) throw new RangeError(`no day of a month: ${named}`)
  const first = firstOfMonth(month)
  const last = firstOfMonth(month + 1) - 1
  if ('day' in parsed) return parsed.day === 'last' ? last : first + parsed.day - 1
  if (parsed.week === 'last') return last - daysFrom(parsed.weekday, last)
  return first + ((7 - daysFrom(parsed.weekday, first)) % 7) + (parsed.week - 1) * 7
}

/** Days from the last such weekday, on or before the day, to the day. */
export function daysFrom(weekday: Weekday, day: Day): number {
  return (weekdayOf(day) - weekdays.indexOf(weekday) + 7) % 7
}

/** The zone, or UTC where this system does not know it. */
export function knownZone(name: string): string {
  return isTimeZone(name) ? name : 'UTC'
}

function firstOfMonth(month: number): Day {
  return dayOfDate(Math.floor(month / 12), (((month % 12) + 12) % 12) + 1, 1)
}

function plainDate(day: Day): Temporal.PlainDate {
  const date = new Date(day * dayMs)
  return new Temporal.PlainDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
}
