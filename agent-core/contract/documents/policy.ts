import { z } from 'zod'
import { count, list, name, optional, text, time, type Value } from '../bounds.ts'
import { weekdays } from '../policy.ts'

const dayList = list(text, 100)
const weekdayList = list(z.enum(weekdays), 7)
const monthList = list(count, 12)

const weekly = z.object({ weeks: count, on: weekdayList })
const monthly = z.object({ months: count, on: dayList })
const yearly = z.object({ years: count, in: monthList, on: dayList })

const keepRules = z.object({
  days: count,
  weekly: optional(weekly),
  monthly: optional(monthly),
  yearly: optional(yearly),
  atLeast: count,
})

const schedule = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('daily'), times: list(text, 100) }),
  z.object({
    kind: z.literal('weekly'),
    on: list(z.object({ day: z.enum(weekdays), time: text }), 100),
    everyWeeks: count,
    countedFrom: text,
  }),
  z.object({ kind: z.literal('interval'), everyMinutes: count }),
])

/** What its parts mean, and their ranges, stand in contract/policy.ts. */
export const policyDocument = z.object({
  name,
  timeZone: text,
  schedule,
  keep: keepRules,
  compression: z.enum(['lz4', 'zstd']),
  instantDays: optional(count),
  /** It is the one that is built in, as it is built in. */
  builtIn: z.boolean(),
  /** Names of the items that have it. */
  items: list(name),
  /** It was made shorter, or its items had a longer one: until `from` their points are kept by the rules before as well. */
  shortened: list(z.object({ items: list(name), changedAt: time, from: time, before: keepRules })),
  remarks: list(text),
})
export type PolicyDocument = Value<typeof policyDocument>

/** A run that a schedule wants. */
export const scheduledRun = z.object({
  time,
  /** The same instant on the clocks of the policy's time zone: `2026-11-27T12:30:00+01:00`. */
  zoneTime: text,
})
export type ScheduledRun = Value<typeof scheduledRun>

const nextRuns = list(scheduledRun, 10)

export const policyDetails = policyDocument.extend({
  /** In order; none: it has no schedule. */
  nextRuns,
})
export type PolicyDetails = Value<typeof policyDetails>

/** What is left out stays as it is; null takes a rule away. */
export const policyChange = z.object({
  timeZone: optional(text),
  schedule: optional(schedule),
  keep: optional(
    z.object({
      days: optional(count),
      weekly: optional(z.object({ weeks: optional(count), on: optional(weekdayList) }).nullable()),
      monthly: optional(z.object({ months: optional(count), on: optional(dayList) }).nullable()),
      yearly: optional(z.object({ years: optional(count), in: optional(monthList), on: optional(dayList) }).nullable()),
      atLeast: optional(count),
    }),
  ),
  compression: optional(z.enum(['lz4', 'zstd'])),
  instantDays: optional(count.nullable()),
})
export type PolicyChange = Value<typeof policyChange>

/** One reason why a point is kept. */
export const keptBecause = z.object({
  rule: z.enum(['daily', 'weekly', 'monthly', 'yearly', 'date', 'hold', 'newest', 'at-least', 'earlier', 'trash']),
  /** Null: as long as the reason lasts. */
  until: time.nullable(),
  /** Plain words. */
  words: text,
})
export type KeptBecause = Value<typeof keptBecause>

const horizon = z.object({
  /** `1 month`, `1 year`, `5 years`, `10 years`. */
  in: text,
  time,
  /** How many points each rule keeps; a point counts for every rule that keeps it. */
  counts: z.partialRecord(keptBecause.shape.rule, count),
})

/** Which points will exist at one time. */
const simulatedHorizon = horizon.extend({
  /** Oldest first. */
  points: list(z.object({ time, kind: text, keptUntil: time.nullable(), keptBecause: list(keptBecause, 100) })),
})
export type SimulatedHorizon = Value<typeof simulatedHorizon>

export const simulationDocument = z.object({
  policy: name,
  /** Whose points it began with; null: from nothing. */
  item: name.nullable(),
  from: time,
  horizons: list(simulatedHorizon, 10),
})
export type SimulationDocument = Value<typeof simulationDocument>

/** How many points will exist at one time. */
const previewHorizon = horizon.extend({
  points: count,
  /** When the oldest of them was made; null: there is none. */
  oldest: time.nullable(),
})
export type PreviewHorizon = Value<typeof previewHorizon>

/** What a policy would do that is not made yet. */
export const policyPreview = z.object({ nextRuns, horizons: list(previewHorizon, 10) })
export type PolicyPreview = Value<typeof policyPreview>
