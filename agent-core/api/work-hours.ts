/** Work hours of a week: when another limit of uploads counts than at other times. Pure. */
import type { WorkHours } from '../contract/documents/home.ts'
import { type Weekday, weekdays } from '../contract/policy.ts'

export const usualWorkHours: WorkHours = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }

/** What the clocks show: `time` is `HH:MM`. */
export interface ClockFace {
  readonly day: Weekday
  readonly time: string
}

export function isWorkTime({ days, from, to }: WorkHours, { day, time }: ClockFace): boolean {
  const before = weekdays[(weekdays.indexOf(day) + weekdays.length - 1) % weekdays.length] as Weekday
  if (from < to) return days.includes(day) && time >= from && time < to
  return (days.includes(day) && time >= from) || (days.includes(before) && time < to)
}

/** What the clocks of a zone show at an instant (ms since 1970 UTC). */
export function createClockFace(timeZone: string): (timeMs: number) => ClockFace {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return (timeMs) => {
    const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, value]))
    return {
      day: (parts.get('weekday') ?? '').toLowerCase() as Weekday,
      time: `${parts.get('hour')}:${parts.get('minute')}`,
    }
  }
}

/** As it is stored: `mon,tue@09:00-17:00`. */
export function workHoursText({ days, from, to }: WorkHours): string {
  return `${days.join(',')}@${from}-${to}`
}

/** The reverse of `workHoursText`. */
export function parseWorkHours(text: string): WorkHours {
  const [days = '', hours = ''] = text.split('@')
  const [from = '', to = ''] = hours.split('-')
  return { days: days.split(',').filter((day): day is Weekday => weekdays.some((each) => each === day)), from, to }
}
