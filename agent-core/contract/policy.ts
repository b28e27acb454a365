/**
 * A policy: when an item is backed up and how long its points are kept. The ranges of the rules stand here alone.
 * Browser-safe: no imports.
 */

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof weekdays)[number]

const ordinals = ['first', 'second', 'third', 'fourth', 'last'] as const

/**
 * One day of every month: `1` to `28`, `last`, or a weekday by its place, `first-sun` to `fourth-sun` and `last-sun`.
 * There is no 29 to 31: a day that some months lack would leave them without a point.
 */
export type DayOfMonth = string

/** How long points are kept. A day is a calendar day in the policy's time zone. */
export interface KeepRules {
  /** Every point is kept this many days, that of its backup included. */
  readonly days: number
  /** The point of each of these weekdays is kept this many weeks. */
  readonly weekly?: { readonly weeks: number; readonly on: readonly Weekday[] }
  /** The point of each of these days of every month is kept this many months. */
  readonly monthly?: { readonly months: number; readonly on: readonly DayOfMonth[] }
  /** The point of each of these days of these months (1 to 12) is kept this many years. */
  readonly yearly?: { readonly years: number; readonly in: readonly number[]; readonly on: readonly DayOfMonth[] }
  /** So many of the newest good points stay, however old they are. */
  readonly atLeast: number
}

/** When backups run by themselves; times are `HH:MM` in the policy's time zone. */
export type Schedule =
  | { readonly kind: 'none' }
  | { readonly kind: 'daily'; readonly times: readonly string[] }
  | {
      readonly kind: 'weekly'
      readonly on: readonly { readonly day: Weekday; readonly time: string }[]
      /** 1: every week. */
      readonly everyWeeks: number
      /** `YYYY-MM-DD`: a day in a week with runs, from which the others are counted; weeks begin on Monday. */
      readonly countedFrom: string
    }
  | { readonly kind: 'interval'; readonly everyMinutes: number }

export interface Policy {
  readonly name: string
  /** A name of the IANA time zone database, such as `Europe/Berlin`, or `UTC`. */
  readonly timeZone: string
  readonly schedule: Schedule
  readonly keep: KeepRules
  /** What an item that is enabled with this policy uses, unless it is told otherwise. */
  readonly compression: 'lz4' | 'zstd'
  /** Payload stays in the cache so many days at least; left out: the home's setting counts. */
  readonly instantDays?: number
}

/** Least and most of every number in a policy. */
export const policyRanges = {
  days: [7, 9999],
  weeks: [4, 5163],
  months: [3, 1188],
  years: [1, 99],
  atLeast: [1, 9999],
  instantDays: [1, 30],
  everyMinutes: [5, 7 * 24 * 60],
  everyWeeks: [1, 52],
} as const satisfies Record<string, readonly [least: number, most: number]>

/** An item has at most so many points. */
export const mostPointsOfItem = 9999
/** An item is backed up on demand at most so many times a day. */
export const mostOnDemandADay = 9
/** Runs that a schedule may have on one day, or weekly in one week. */
const mostRuns = 96

export const defaultPolicyName = 'default'

/**
 * What an item has that was given no policy. Daily at noon, when a desktop is most often switched on; a month of days,
 * two months of weeks, a year of months and five years answer "yesterday", "before the trip", "last spring" and "the
 * old house" with about 50 points. Weeks, months and years fall on Sundays, so that one point serves for several.
 */
export function defaultPolicy(timeZone: string): Policy {
  return {
    name: defaultPolicyName,
    timeZone,
    schedule: { kind: 'daily', times: ['12:30'] },
    keep: {
      days: 30,
      weekly: { weeks: 8, on: ['sun'] },
      monthly: { months: 12, on: ['first-sun'] },
      yearly: { years: 5, in: [1], on: ['first-sun'] },
      atLeast: 7,
    },
    compression: 'lz4',
  }
}

/** A `DayOfMonth` taken apart; undefined when it is none. */
export function parseDayOfMonth(
  text: DayOfMonth,
):
  | { readonly day: number | 'last' }
  | { readonly week: 1 | 2 | 3 | 4 | 'last'; readonly weekday: Weekday }
  | undefined {
  if (text === 'last') return { day: 'last' }
  if (/^[1-9]\d?$/.test(text)) return Number(text) <= 28 ? { day: Number(text) } : undefined
  const [ordinal = '', weekday = ''] = text.split('-', 2)
  const place = ordinals.findIndex((each) => each === ordinal)
  const found = weekdays.find((each) => each === weekday)
  if (place === -1 || found === undefined || text !== `${ordinal}-${weekday}`) return undefined
  return { week: place === 4 ? 'last' : ((place + 1) as 1 | 2 | 3 | 4), weekday: found }
}

/** What is wrong with a policy, in sentences; none: it can be used. The time zone's existence is the caller's to check. */
export function policyProblems(policy: Policy): readonly string[] {
  const problems = [...keepProblems(policy.keep), ...scheduleProblems(policy.schedule), ...optionProblems(policy)]
  return problems.length > 0 ? problems : countProblems(policy)
}

/** Points of long-term rules count as far as they are older than the days of the daily one. */
function countProblems({ keep, schedule }: Policy): string[] {
  const { days, weekly, monthly, yearly } = keep
  const older = (count: number, everyDays: number) => Math.max(0, count - Math.floor(days / everyDays))
  const count =
    Math.ceil(days * runsADay(schedule)) +
    older(weekly?.weeks ?? 0, 7) * (weekly?.on.length ?? 0) +
    older(monthly?.months ?? 0, 30) * (monthly?.on.length ?? 0) +
    older(yearly?.years ?? 0, 365) * (yearly?.in.length ?? 0) * (yearly?.on.length ?? 0)
  if (count <= mostPointsOfItem) return []
  return [`This asks for about ${count} points; an item has at most ${mostPointsOfItem}.`]
}

function runsADay(schedule: Schedule): number {
  switch (schedule.kind) {
    case 'none':
      return 1
    case 'daily':
      return schedule.times.length
    case 'weekly':
      return schedule.on.length / 7 / schedule.everyWeeks
    case 'interval':
      return (24 * 60) / schedule.everyMinutes
  }
}

/** What is wrong with rules, in sentences. */
export function keepProblems({ days, weekly, monthly, yearly, atLeast }: KeepRules): string[] {
  const dayProblems = (what: string, on: readonly DayOfMonth[]) => [
    ...listProblems(what, on, 12),
    ...on.filter((day) => parseDayOfMonth(day) === undefined).map((day) => `"${day}" is no day of every month.`),
  ]
  return [
    ...rangeProblems('days', 'Daily points are kept', days, 'days'),
    ...rangeProblems('atLeast', 'The newest points that always stay are', atLeast, 'points'),
    ...(weekly === undefined
      ? []
      : [
          ...rangeProblems('weeks', 'Weekly points are kept', weekly.weeks, 'weeks'),
          ...listProblems('Weekdays of weekly points', weekly.on, 7),
          ...weekly.on.filter((day) => !weekdays.includes(day)).map((day) => `"${day}" is no weekday.`),
        ]),
    ...(monthly === undefined
      ? []
      : [
          ...rangeProblems('months', 'Monthly points are kept', monthly.months, 'months'),
          ...dayProblems('Days of monthly points', monthly.on),
        ]),
    ...(yearly === undefined
      ? []
      : [
          ...rangeProblems('years', 'Yearly points are kept', yearly.years, 'years'),
          ...listProblems('Months of yearly points', yearly.in, 12),
          ...yearly.in.filter((month) => !isWhole(month, 1, 12)).map((month) => `${month} is no month.`),
          ...dayProblems('Days of yearly points', yearly.on),
        ]),
  ]
}

function scheduleProblems(schedule: Schedule): string[] {
  const timeProblems = (times: readonly string[]) =>
    times.filter((time) => !/^([01]\d|2[0-3]):[0-5]\d$/.test(time)).map((time) => `"${time}" is no time of a day.`)
  switch (schedule.kind) {
    case 'none':
      return []
    case 'daily':
      return [...listProblems('Times of a day', schedule.times, mostRuns), ...timeProblems(schedule.times)]
    case 'interval':
      return rangeProblems('everyMinutes', 'Backups run every', schedule.everyMinutes, 'minutes')
    case 'weekly':
      return [
        ...listProblems(
          'Times of a week',
          schedule.on.map(({ day, time }) => `${day}@${time}`),
          mostRuns,
        ),
        ...timeProblems(schedule.on.map(({ time }) => time)),
        ...schedule.on.filter(({ day }) => !weekdays.includes(day)).map(({ day }) => `"${day}" is no weekday.`),
        ...rangeProblems('everyWeeks', 'Backups run every', schedule.everyWeeks, 'weeks'),
        ...(/^\d{4}-\d\d-\d\d$/.test(schedule.countedFrom) && !Number.isNaN(Date.parse(schedule.countedFrom))
          ? []
          : [`"${schedule.countedFrom}" is no day.`]),
      ]
  }
}

function optionProblems({ compression, instantDays }: Policy): string[] {
  return [
    ...(compression === 'lz4' || compression === 'zstd' ? [] : [`"${String(compression)}" is no compression.`]),
    ...(instantDays === undefined
      ? []
      : rangeProblems('instantDays', 'Payload stays in the cache', instantDays, 'days')),
  ]
}

function rangeProblems(range: keyof typeof policyRanges, what: string, value: number, unit: string): string[] {
  const [least, most] = policyRanges[range]
  return isWhole(value, least, most) ? [] : [`${what} ${least} to ${most} ${unit}, not ${value}.`]
}

function listProblems(what: string, list: readonly unknown[], most: number): string[] {
  if (list.length === 0) return [`${what}: none is given.`]
  if (list.length > most) return [`${what}: at most ${most} can be given, not ${list.length}.`]
  return new Set(list).size === list.length ? [] : [`${what}: one is named twice.`]
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}
