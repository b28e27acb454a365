/**
 * The days that weekly, monthly and yearly rules ask a point for. A slot is such a day; it lasts until the next one of
 * its rule, and for so long a missed point can still be replaced.
 */
import type { KeepRules } from '../contract/policy.ts'
import { type Day, dayInMonth, daysFrom, monthOf } from './calendar-day.ts'

export type LongTermRule = 'weekly' | 'monthly' | 'yearly'

export interface Slot {
  readonly rule: LongTermRule
  readonly day: Day
  /** Its point is kept until this day begins. */
  readonly untilDay: Day
}

/** The slot of each rule in which a day lies; rules that the policy does not have are left out. */
export function slotsAt(keep: KeepRules, day: Day): Slot[] {
  const { weekly, monthly, yearly } = keep
  const slots: Slot[] = []
  if (weekly !== undefined) {
    const begun = day - Math.min(...weekly.on.map((weekday) => daysFrom(weekday, day)))
    slots.push({ rule: 'weekly', day: begun, untilDay: begun + 7 * weekly.weeks })
  }
  const month = monthOf(day)
  if (monthly !== undefined) {
    const named = [month - 1, month].flatMap((each) => monthly.on.map((on) => ({ month: each, on })))
    slots.push(latestSlot('monthly', named, day, monthly.months))
  }
  if (yearly !== undefined) {
    const year = Math.floor(month / 12)
    const named = [year - 1, year].flatMap((each) =>
      yearly.in.flatMap((number) => yearly.on.map((on) => ({ month: each * 12 + number - 1, on }))),
    )
    slots.push(latestSlot('yearly', named, day, yearly.years * 12))
  }
  return slots
}

/** The latest of the named days that is not after `day`; where two names mean one day, the one that keeps it longer. */
function latestSlot(
  rule: LongTermRule,
  named: readonly { readonly month: number; readonly on: string }[],
  day: Day,
  months: number,
): Slot {
  let latest: Slot | undefined
  for (const { month, on } of named) {
    const begins = dayInMonth(month, on)
    if (begins > day || begins < (latest?.day ?? Number.NEGATIVE_INFINITY)) continue
    const untilDay = dayInMonth(month + months, on)
    if (begins === latest?.day && untilDay <= latest.untilDay) continue
    latest = { rule, day: begins, untilDay }
  }
  if (latest === undefined) throw new RangeError(`no ${rule} slot before day ${day}`)
  return latest
}
