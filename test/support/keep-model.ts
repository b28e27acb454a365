/**
 * Two deliberately simple models of the keep rules, written from their description and sharing no code with them.
 * `modelKeeps` looks at every day between the first and the last point; `OnlineModel` follows the days as they come.
 */
import { Temporal } from 'temporal-polyfill'
import type { KeepRules } from '../../agent-core/contract/policy.ts'
import type { RuledPoint } from '../../agent-core/retention/keep-rules.ts'

type Rule = 'weekly' | 'monthly' | 'yearly'
const rules: readonly Rule[] = ['weekly', 'monthly', 'yearly']

export interface ModelKeep {
  readonly rule: 'daily' | Rule
  readonly untilMs: number
}

/** For each point what keeps it, by looking at every day. */
export function modelKeeps(
  points: readonly RuledPoint[],
  keep: KeepRules,
  zone: string,
): ReadonlyMap<string, readonly ModelKeep[]> {
  const keeps = new Map<string, ModelKeep[]>(points.map(({ id }) => [id, []]))
  const dated = points.map((point) => ({ point, day: dateOf(point.timeMs, zone) }))
  for (const { point, day } of dated) {
    if (point.kind === 'on-demand' && point.keepUntilMs !== undefined) continue
    keeps.get(point.id)?.push({ rule: 'daily', untilMs: beginMs(day.add({ days: keep.days }), zone) })
  }
  const days = dated.map(({ day }) => day).toSorted((a, b) => Temporal.PlainDate.compare(a, b))
  const [first] = days
  const last = days.at(-1)
  if (first === undefined || last === undefined) return keeps
  for (const rule of rules) {
    const slotDays: Temporal.PlainDate[] = []
    for (
      let day = first.subtract({ days: 800 });
      Temporal.PlainDate.compare(day, last) <= 0;
      day = day.add({ days: 1 })
    ) {
      if (untilOf(rule, day, keep) !== undefined) slotDays.push(day)
    }
    for (const [index, slotDay] of slotDays.entries()) {
      const next = slotDays[index + 1]
      const inside = dated.filter(
        ({ day }) =>
          Temporal.PlainDate.compare(day, slotDay) >= 0 &&
          (next === undefined || Temporal.PlainDate.compare(day, next) < 0),
      )
      const good = inside.filter(({ point }) => !point.partial)
      const pool = good.length > 0 ? good : inside
      const onDay = pool.filter(({ day }) => day.equals(slotDay))
      const scheduled = onDay.filter(({ point }) => point.kind === 'scheduled')
      const [choice] = (scheduled.length > 0 ? scheduled : onDay.length > 0 ? onDay : pool).toSorted(
        (a, b) =>
          Temporal.PlainDate.compare(a.day, b.day) ||
          a.point.timeMs - b.point.timeMs ||
          a.point.sequence - b.point.sequence ||
          (a.point.id < b.point.id ? -1 : 1),
      )
      const until = untilOf(rule, slotDay, keep)
      if (choice !== undefined && until !== undefined) {
        keeps.get(choice.point.id)?.push({ rule, untilMs: beginMs(until, zone) })
      }
    }
  }
  return keeps
}

/** The choice of weekly, monthly and yearly points as it is made day by day, and what is kept of them today. */
export class OnlineModel {
  readonly #keep: KeepRules
  readonly #slots = new Map<
    Rule,
    { day: Temporal.PlainDate; filledBy: { id: string; isScheduledThen: boolean } | undefined }
  >()
  readonly #kept = new Map<string, { untilDay: Temporal.PlainDate; id: string }>()
  #today: Temporal.PlainDate

  constructor(keep: KeepRules, firstDay: Temporal.PlainDate) {
    this.#keep = keep
    this.#today = firstDay
    for (const rule of rules) {
      for (let days = 1; days < 800; days++) {
        const day = firstDay.subtract({ days })
        if (untilOf(rule, day, keep) === undefined) continue
        this.#slots.set(rule, { day, filledBy: undefined })
        break
      }
    }
  }

  beginDay(day: Temporal.PlainDate): void {
    this.#today = day
    for (const rule of rules) {
      if (untilOf(rule, day, this.#keep) !== undefined) this.#slots.set(rule, { day, filledBy: undefined })
    }
    for (const [key, { untilDay }] of this.#kept) {
      if (Temporal.PlainDate.compare(untilDay, day) <= 0) this.#kept.delete(key)
    }
  }

  /** A backup of today; those of one day come in the order of their times. */
  addPoint({ id, kind, keepUntilMs }: RuledPoint): void {
    if (kind === 'scheduled' || keepUntilMs === undefined) {
      this.#kept.set(`daily ${id}`, { id, untilDay: this.#today.add({ days: this.#keep.days }) })
    }
    for (const [rule, slot] of this.#slots) {
      const isScheduledThen = kind === 'scheduled' && slot.day.equals(this.#today)
      if (slot.filledBy !== undefined && (slot.filledBy.isScheduledThen || !isScheduledThen)) continue
      slot.filledBy = { id, isScheduledThen }
      const untilDay = untilOf(rule, slot.day, this.#keep)
      if (untilDay !== undefined) this.#kept.set(`${rule} ${slot.day.toString()}`, { id, untilDay })
    }
  }

  /** Ids of the points that a rule keeps today. */
  kept(): ReadonlySet<string> {
    return new Set([...this.#kept.values()].map(({ id }) => id))
  }
}

/** The calendar day of an instant, asked of Intl. */
function dateOf(timeMs: number, zone: string): Temporal.PlainDate {
  return Temporal.PlainDate.from(dateFormat(zone).format(timeMs))
}

/** The first instant of a day, found by halving on what Intl says. */
export function beginMs(day: Temporal.PlainDate, zone: string): number {
  const text = day.toString()
  const format = dateFormat(zone)
  const noonMs = Date.parse(`${text}T12:00:00Z`)
  let before = noonMs - 48 * 3_600_000
  let after = noonMs + 48 * 3_600_000
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (format.format(middle) < text) before = middle
    else after = middle
  }
  return after
}

const formats = new Map<string, Intl.DateTimeFormat>()

function dateFormat(zone: string): Intl.DateTimeFormat {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
  formats.set(zone, format)
  return format
}

/** Until which day a point of this rule and day is kept; undefined when the rule asks nothing of that day. */
function untilOf(rule: Rule, day: Temporal.PlainDate, keep: KeepRules): Temporal.PlainDate | undefined {
  const { weekly, monthly, yearly } = keep
  if (rule === 'weekly') {
    const name = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'][day.dayOfWeek - 1]
    return weekly?.on.some((each) => each === name) ? day.add({ weeks: weekly.weeks }) : undefined
  }
  const named = rule === 'monthly' ? monthly?.on : yearly?.in.includes(day.month) ? yearly.on : undefined
  const months = rule === 'monthly' ? (monthly?.months ?? 0) : (yearly?.years ?? 0) * 12
  const untils = (named ?? [])
    .filter((name) => namesOf(day).includes(name))
    .map((name) => {
      let there = day.with({ day: 1 }).add({ months })
      while (!namesOf(there).includes(name)) there = there.add({ days: 1 })
      return there
    })
  return untils.toSorted((a, b) => Temporal.PlainDate.compare(b, a))[0]
}

/** Everything that a day of its month can be called. */
function namesOf(day: Temporal.PlainDate): string[] {
  const weekday = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'][day.dayOfWeek - 1]
  const place = ['first', 'second', 'third', 'fourth'][Math.ceil(day.day / 7) - 1]
  return [
    ...(day.day <= 28 ? [String(day.day)] : []),
    ...(day.day === day.daysInMonth ? ['last'] : []),
    ...(place === undefined ? [] : [`${place}-${weekday}`]),
    ...(day.day + 7 > day.daysInMonth ? [`last-${weekday}`] : []),
  ]
}
