/** A policy as the vault's definitions and state.db hold it: docs/format/vault-layout.md. */

import {
  type KeepRules,
  keepProblems,
  type Policy,
  policyProblems,
  type Schedule,
  weekdays,
} from '../contract/policy.ts'
import { CborFields, type CborMap, type CborValue, cborMap } from './cbor.ts'
import { ensure, invalid } from './invalid.ts'

export function policyToCbor({ name, timeZone, schedule, keep, compression, instantDays }: Policy): CborMap {
  return cborMap([
    [1, name],
    [2, timeZone],
    [3, schedule.kind === 'daily' ? [...schedule.times] : undefined],
    [4, schedule.kind === 'weekly' ? schedule.on.map(({ day, time }) => [weekdayNumber(day), time]) : undefined],
    [5, schedule.kind === 'weekly' ? [schedule.everyWeeks, schedule.countedFrom] : undefined],
    [6, schedule.kind === 'interval' ? schedule.everyMinutes : undefined],
    ...keepFields(keep),
    [12, compression],
    [13, instantDays],
  ])
}

/** Keys 7 to 11. */
function keepFields({ days, weekly, monthly, yearly, atLeast }: KeepRules): [number, CborValue | undefined][] {
  return [
    [7, days],
    [8, weekly && [weekly.weeks, weekly.on.map(weekdayNumber)]],
    [9, monthly && [monthly.months, [...monthly.on]]],
    [10, yearly && [yearly.years, [...yearly.in], [...yearly.on]]],
    [11, atLeast],
  ]
}

/** Rules that were made shorter, and still keep points that are there; times in ms since 1970 UTC. */
export interface ShortenedRules {
  /** The rules before the change. */
  readonly before: KeepRules
  readonly changedAtMs: number
  /** From then on the rules before count no more. */
  readonly inForceAtMs: number
}

export function shortenedToCbor({ before, changedAtMs, inForceAtMs }: ShortenedRules): CborMap {
  return cborMap([[1, changedAtMs], [2, inForceAtMs], ...keepFields(before)])
}

/** Keys of shortened rules that this version knows. */
export const shortenedKeys = [1, 2, 7, 8, 9, 10, 11] as const

/** Throws `format.invalid`, also for what is outside of its range. */
export function shortenedFromCbor(value: CborValue | undefined, what: string): ShortenedRules {
  const fields = new CborFields(value, what)
  const before = decodeKeep(fields, what)
  const [problem] = keepProblems(before)
  if (problem !== undefined) throw invalid(what, 0, `rules that cannot be: ${problem}`)
  return { before, changedAtMs: fields.integer(1), inForceAtMs: fields.integer(2) }
}

/** Keys that this version knows. */
export const policyKeys = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] as const

/** Parses a policy; throws `format.invalid`, also for what is outside of its range. */
export function policyFromCbor(value: CborValue | undefined, what: string): Policy {
  const fields = new CborFields(value, what)
  const compression = fields.text(12)
  ensure(compression === 'lz4' || compression === 'zstd', what, 0, 'unknown compression')
  const policy: Policy = {
    name: fields.text(1),
    timeZone: fields.text(2),
    schedule: decodeSchedule(fields, what),
    keep: decodeKeep(fields, what),
    compression,
    ...(fields.has(13) && { instantDays: fields.count(13) }),
  }
  const [problem] = policyProblems(policy)
  if (problem !== undefined) throw invalid(what, 0, `a policy that cannot be: ${problem}`)
  return policy
}

function decodeSchedule(fields: CborFields, what: string): Schedule {
  if (fields.has(3)) return { kind: 'daily', times: fields.array(3).map((time) => textIn(time, what)) }
  if (fields.has(6)) return { kind: 'interval', everyMinutes: fields.count(6) }
  if (!fields.has(4)) return { kind: 'none' }
  const [everyWeeks, countedFrom] = fields.array(5)
  return {
    kind: 'weekly',
    on: fields.array(4).map((value) => {
      const [day, time] = listIn(value, what)
      return { day: weekdayIn(day, what), time: textIn(time, what) }
    }),
    everyWeeks: numberIn(everyWeeks, what),
    countedFrom: textIn(countedFrom, what),
  }
}

function decodeKeep(fields: CborFields, what: string): KeepRules {
  const rule = (key: number) => (fields.has(key) ? fields.array(key) : undefined)
  const [weekly, monthly, yearly] = [rule(8), rule(9), rule(10)]
  const listOf = <Value>(value: CborValue | undefined, read: (value: CborValue, what: string) => Value) =>
    listIn(value, what).map((each) => read(each, what))
  return {
    days: fields.count(7),
    ...(weekly && { weekly: { weeks: numberIn(weekly[0], what), on: listOf(weekly[1], weekdayIn) } }),
    ...(monthly && { monthly: { months: numberIn(monthly[0], what), on: listOf(monthly[1], textIn) } }),
    ...(yearly && {
      yearly: { years: numberIn(yearly[0], what), in: listOf(yearly[1], numberIn), on: listOf(yearly[2], textIn) },
    }),
    atLeast: fields.count(11),
  }
}

/** 1 is Monday, as in ISO 8601. */
function weekdayNumber(day: (typeof weekdays)[number]): number {
  return weekdays.indexOf(day) + 1
}

function weekdayIn(value: CborValue | undefined, what: string) {
  const day = weekdays[numberIn(value, what) - 1]
  if (day === undefined) throw invalid(what, 0, 'no weekday')
  return day
}

function textIn(value: CborValue | undefined, what: string): string {
  if (typeof value !== 'string') throw invalid(what, 0, 'a text of a policy is none')
  return value
}

function numberIn(value: CborValue | undefined, what: string): number {
  if (typeof value !== 'number') throw invalid(what, 0, 'a number of a policy is none')
  return value
}

function listIn(value: CborValue | undefined, what: string): readonly CborValue[] {
  if (!Array.isArray(value)) throw invalid(what, 0, 'a list of a policy is none')
  return value as readonly CborValue[]
}
