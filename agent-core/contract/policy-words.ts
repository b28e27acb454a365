/** Policies as people read them, on the command line and on the pages. Browser-safe. */
import { type Policy, parseDayOfMonth, type Schedule, type Weekday, weekdays } from './policy.ts'

export const weekdayNames: Readonly<Record<Weekday, string>> = {
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
  sun: 'Sunday',
}
const monthNames = 'January February March April May June July August September October November December'.split(' ')
const weekNames = { 1: 'first', 2: 'second', 3: 'third', 4: 'fourth', last: 'last' } as const

type PolicyKeep = Pick<Policy, 'keep'>

/** `every day at 12:30`, `every 2 weeks on Sunday at 03:00`, `every 15 minutes`. */
export function scheduleWords(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'none':
      return 'on demand only'
    case 'daily':
      return `every day at ${schedule.times.join(', ')}`
    case 'interval': {
      const { everyMinutes } = schedule
      return everyMinutes % 60 === 0 ? `every ${countOf(everyMinutes / 60, 'hour')}` : `every ${everyMinutes} minutes`
    }
    case 'weekly': {
      const often = schedule.everyWeeks === 1 ? 'every week' : `every ${schedule.everyWeeks} weeks`
      return `${often} on ${schedule.on.map(({ day, time }) => `${weekdayNames[day]} at ${time}`).join(', ')}`
    }
  }
}

/** One line for each rule: how long, and which points. */
export function keepLines({ keep }: PolicyKeep): string[] {
  const { days, weekly, monthly, yearly, atLeast } = keep
  return [
    `every point for ${countOf(days, 'day')}`,
    ...(weekly === undefined ? [] : [`that of ${namesOf(weekly.on)} for ${countOf(weekly.weeks, 'week')}`]),
    ...(monthly === undefined
      ? []
      : [`that of ${monthly.on.map(dayWords).join(', ')} of the month for ${countOf(monthly.months, 'month')}`]),
    ...(yearly === undefined
      ? []
      : [
          `that of ${yearly.on.map(dayWords).join(', ')} of ${yearly.in.map((month) => monthNames[month - 1]).join(', ')} ` +
            `for ${countOf(yearly.years, 'year')}`,
        ]),
    `the newest ${countOf(atLeast, 'good point')} whatever their age`,
  ]
}

/** `30 d, 8 w, 12 m, 5 y`. */
export function keepSummary({ keep }: PolicyKeep): string {
  const { days, weekly, monthly, yearly } = keep
  return [
    `${days} d`,
    ...(weekly ? [`${weekly.weeks} w`] : []),
    ...(monthly ? [`${monthly.months} m`] : []),
    ...(yearly ? [`${yearly.years} y`] : []),
  ].join(', ')
}

function namesOf(days: readonly Weekday[]): string {
  return weekdays
    .filter((day) => days.includes(day))
    .map((day) => weekdayNames[day])
    .join(', ')
}

function dayWords(text: string): string {
  const parsed = parseDayOfMonth(text)
  if (parsed === undefined) return text
  if ('weekday' in parsed) return `the ${weekNames[parsed.week]} ${weekdayNames[parsed.weekday]}`
  return parsed.day === 'last' ? 'the last day' : `day ${parsed.day}`
}

function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}
