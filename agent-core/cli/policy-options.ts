/** The options of `policy create` and `policy set` as a change of a policy. */
import type { PolicyChange } from '../api/agent-api.ts'
import { policyRanges, type Schedule, type Weekday, weekdays } from '../contract/policy.ts'
import { usageError, wholeNumber } from './argument-values.ts'

export interface PolicyOptions {
  readonly daily?: string
  readonly weekly?: string
  readonly everyWeeks?: string
  readonly every?: string
  /** `--no-schedule` makes it false. */
  readonly schedule: boolean
  readonly timeZone?: string
  readonly keepDaily?: string
  readonly keepWeekly?: string
  readonly weeklyOn?: string
  readonly keepMonthly?: string
  readonly monthlyOn?: string
  readonly keepYearly?: string
  readonly yearlyIn?: string
  readonly yearlyOn?: string
  readonly keepAtLeast?: string
  readonly instantDays?: string
  readonly compression?: 'lz4' | 'zstd'
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Throws `usage.invalid`. `today` is `YYYY-MM-DD`: every N weeks is counted from its week. */
export function readPolicyChange(options: PolicyOptions, today: string): PolicyChange {
  const schedule = readSchedule(options, today)
  const keep = readKeep(options)
  const { timeZone, compression, instantDays } = options
  return {
    ...(schedule && { schedule }),
    ...(Object.keys(keep).length > 0 && { keep }),
    ...(timeZone !== undefined && { timeZone }),
    ...(compression !== undefined && { compression }),
    ...(instantDays !== undefined && {
      instantDays: instantDays === 'default' ? null : numberIn('instantDays', instantDays, '--instant-days'),
    }),
  }
}

function readSchedule(
  { daily, weekly, everyWeeks, every, schedule }: PolicyOptions,
  today: string,
): Schedule | undefined {
  const given = [daily, weekly, every].filter((option) => option !== undefined).length + (schedule ? 0 : 1)
  if (given > 1) {
    throw usageError('A policy has one schedule.', 'Give one of --daily, --weekly, --every and --no-schedule.')
  }
  if (everyWeeks !== undefined && weekly === undefined) {
    throw usageError('--every-weeks goes with --weekly.', 'Write for example --weekly sun@03:00 --every-weeks 2.')
  }
  if (!schedule) return { kind: 'none' }
  if (daily !== undefined) return { kind: 'daily', times: listIn(daily).map((time) => timeIn(time, '--daily')) }
  if (every !== undefined) return { kind: 'interval', everyMinutes: minutesIn(every) }
  if (weekly === undefined) return undefined
  const on = listIn(weekly).map((run) => {
    const [day = '', time = ''] = run.split('@', 2)
    return { day: weekdayIn(day, '--weekly'), time: timeIn(time, '--weekly') }
  })
  const weeks = everyWeeks === undefined ? 1 : numberIn('everyWeeks', everyWeeks, '--every-weeks')
  return { kind: 'weekly', on, everyWeeks: weeks, countedFrom: today }
}

function readKeep(options: PolicyOptions): NonNullable<PolicyChange['keep']> {
  const { keepDaily, keepWeekly, weeklyOn, keepMonthly, monthlyOn, keepYearly, yearlyIn, yearlyOn, keepAtLeast } =
    options
  const rule = (count: string | undefined, ...others: readonly (string | undefined)[]) => {
    if (count !== '0') return count === undefined && others.every((other) => other === undefined) ? undefined : {}
    if (others.every((other) => other === undefined)) return null
    throw usageError('A rule that keeps nothing has no days.', 'Leave out the days, or give another number than 0.')
  }
  const weekly = rule(keepWeekly, weeklyOn)
  const monthly = rule(keepMonthly, monthlyOn)
  const yearly = rule(keepYearly, yearlyIn, yearlyOn)
  return {
    ...(keepDaily !== undefined && { days: numberIn('days', keepDaily, '--keep-daily') }),
    ...(keepAtLeast !== undefined && { atLeast: numberIn('atLeast', keepAtLeast, '--keep-at-least') }),
    ...(weekly !== undefined && {
      weekly: weekly && {
        ...(keepWeekly !== undefined && { weeks: numberIn('weeks', keepWeekly, '--keep-weekly') }),
        ...(weeklyOn !== undefined && { on: listIn(weeklyOn).map((day) => weekdayIn(day, '--weekly-on')) }),
      },
    }),
    ...(monthly !== undefined && {
      monthly: monthly && {
        ...(keepMonthly !== undefined && { months: numberIn('months', keepMonthly, '--keep-monthly') }),
        ...(monthlyOn !== undefined && { on: listIn(monthlyOn) }),
      },
    }),
    ...(yearly !== undefined && {
      yearly: yearly && {
        ...(keepYearly !== undefined && { years: numberIn('years', keepYearly, '--keep-yearly') }),
        ...(yearlyIn !== undefined && { in: listIn(yearlyIn).map(monthIn) }),
        ...(yearlyOn !== undefined && { on: listIn(yearlyOn) }),
      },
    }),
  }
}

function listIn(text: string): string[] {
  return text.split(',').map((part) => part.trim().toLowerCase())
}

function numberIn(range: keyof typeof policyRanges, text: string, option: string): number {
  const [least, most] = policyRanges[range]
  return wholeNumber(text, option, least, most)
}

/** A time of day, `HH:MM`; throws `usage.invalid`. */
export function timeIn(text: string, option: string): string {
  const [, hours = '', minutes = ''] = /^(\d{1,2}):(\d\d)$/.exec(text) ?? []
  if (hours !== '' && Number(hours) < 24 && Number(minutes) < 60) return `${hours.padStart(2, '0')}:${minutes}`
  throw usageError(`${option}: "${text}" is no time of a day.`, 'Write times like 02:00 or 14:30.')
}

/** Throws `usage.invalid`. */
export function weekdayIn(text: string, option: string): Weekday {
  const found = weekdays.find((day) => day === text)
  if (found !== undefined) return found
  throw usageError(`${option}: "${text}" is no weekday.`, `Write ${weekdays.join(', ')}; with a time sun@03:00.`)
}

function monthIn(text: string): number {
  const found = months.indexOf(text) + 1 || Number(/^\d{1,2}$/.test(text) ? text : 0)
  if (found >= 1 && found <= 12) return found
  throw usageError(`--yearly-in: "${text}" is no month.`, `Write ${months.join(', ')}, or 1 to 12.`)
}

function minutesIn(text: string): number {
  const [, amount = '', unit = 'm'] = /^(\d{1,5})([mh]?)$/.exec(text) ?? []
  const minutes = Number(amount) * (unit === 'h' ? 60 : 1)
  const [least, most] = policyRanges.everyMinutes
  if (amount !== '' && minutes >= least && minutes <= most) return minutes
  throw usageError(`--every: "${text}" is no interval of ${least} minutes to 7 days.`, 'Write it like 15m or 6h.')
}
