/**
 * Years of backups of four items, day by day, by the rules alone: each has its own policy and habits, and expired points
 * are cleaned up once a week. Whatever the clean-ups have left must be what the online model keeps, every single day.
 */
import { Temporal } from 'temporal-polyfill'
import type { Policy } from '../../agent-core/contract/policy.ts'
import { type PointRetention, planRetention, type RetainedPoint } from '../../agent-core/retention/plan-retention.ts'
import { beginMs, OnlineModel } from './keep-model.ts'
import { pointAt, policyWith } from './retained-points.ts'
import { seededRandom } from './seeded-random.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export interface Habit {
  readonly name: string
  readonly policy: Policy
  /** Hours of a day's scheduled runs. */
  readonly hours: readonly number[]
  /** How often a run is missed, 0 to 1; for a week once a year all are. */
  readonly missed: number
  /** How often somebody backs up on demand, per day. */
  readonly onDemand: number
}

const defaults = policyWith({}, 'Europe/Berlin')

export const habits: readonly Habit[] = [
  {
    name: 'laptop',
    policy: policyWith(
      {
        days: 30,
        weekly: { weeks: 8, on: ['sun'] },
        monthly: { months: 12, on: ['first-sun'] },
        yearly: { years: 5, in: [1], on: ['first-sun'] },
        atLeast: 7,
      },
      'Europe/Berlin',
    ),
    hours: [12.5],
    missed: 0.3,
    onDemand: 0.05,
  },
  {
    name: 'server',
    policy: policyWith(
      {
        days: 14,
        weekly: { weeks: 26, on: ['wed', 'sat'] },
        monthly: { months: 36, on: ['15', 'last'] },
        yearly: { years: 9, in: [3, 12], on: ['last'] },
      },
      'Africa/Cairo',
    ),
    hours: [0, 8, 16],
    missed: 0.01,
    onDemand: 0.01,
  },
  {
    name: 'only the days',
    policy: { ...defaults, keep: { days: 60, atLeast: 3 } },
    hours: [23.9],
    missed: 0.1,
    onDemand: 0,
  },
  {
    name: 'only on demand',
    policy: policyWith({ monthly: { months: 60, on: ['1'] }, yearly: { years: 2, in: [7], on: ['third-tue'] } }, 'UTC'),
    hours: [],
    missed: 0,
    onDemand: 0.4,
  },
]

export interface FollowedRules {
  readonly item: string
  /** Days on which the kept points were compared. */
  readonly comparedDays: number
  readonly points: number
  /** The most points that were there at once. */
  readonly mostAtOnce: number
  /** `day: what differs`. */
  readonly differences: readonly string[]
}

/** A run of a day. */
interface HabitRun {
  /** After the day's beginning. */
  readonly hour: number
  readonly kind: 'scheduled' | 'on-demand'
  /** Counted from the run; undefined: it has no date of its own. */
  readonly keepMs: number | undefined
}

/** The runs of one day in their order; `passed` days lie before it. */
export function runsOf(
  { hours, missed, onDemand }: Pick<Habit, 'hours' | 'missed' | 'onDemand'>,
  passed: number,
  random: () => number,
): HabitRun[] {
  const isAway = passed % 365 > 200 && passed % 365 < 209
  const scheduled = hours.filter(() => random() >= missed && !isAway)
  const runs: HabitRun[] = scheduled.map((hour) => ({ hour, kind: 'scheduled', keepMs: undefined }))
  if (random() < onDemand) {
    runs.push({ hour: random() * 22, kind: 'on-demand', keepMs: random() < 0.5 ? 3 * dayMs : undefined })
  }
  return runs.toSorted((a, b) => a.hour - b.hour)
}

/** Follows one item for `days` days from 2026-01-10; random by `seed`. */
export function followRules(habit: Habit, days: number, seed: number): FollowedRules {
  const { name, policy } = habit
  const random = seededRandom(seed)
  const first = Temporal.PlainDate.from('2026-01-10')
  const model = new OnlineModel(policy.keep, first)
  let points: RetainedPoint[] = []
  let sequence = 0
  let mostAtOnce = 0
  const differences: string[] = []
  for (let passed = 0; passed < days; passed++) {
    const day = first.add({ days: passed })
    const startMs = beginMs(day, policy.timeZone)
    const endMs = beginMs(day.add({ days: 1 }), policy.timeZone)
    model.beginDay(day)
    for (const { hour, kind, keepMs } of runsOf(habit, passed, random)) {
      const timeMs = Math.min(startMs + Math.round(hour * hourMs), endMs - 1)
      const dated = keepMs === undefined ? {} : { keepUntilMs: timeMs + keepMs }
      const point = pointAt(++sequence, timeMs, { kind, ...dated })
      points.push(point)
      model.addPoint(point)
    }
    const plan = planRetention(points, policy, endMs - 1)
    const byRules = new Set(points.filter(({ id }) => isKeptByRule(plan.get(id))).map(({ id }) => id as string))
    const difference = [...byRules.symmetricDifference(model.kept())]
    if (difference.length > 0) differences.push(`${day.toString()}: ${difference.join(', ')}`)
    mostAtOnce = Math.max(mostAtOnce, points.length)
    if (day.dayOfWeek === 3) points = points.filter(({ id }) => plan.get(id)?.keep)
  }
  return { item: name, comparedDays: days, points: sequence, mostAtOnce, differences }
}

function isKeptByRule(fate: PointRetention | undefined): boolean {
  const others = ['date', 'hold', 'newest', 'at-least', 'trash']
  return fate?.keep === true && fate.reasons.some(({ rule }) => !others.includes(rule))
}
