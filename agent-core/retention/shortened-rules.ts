/**
 * The delayed effect of rules that were made shorter: points that exist are kept by the rules before as well, for as long as
 * deleted points stay in the trash. Making the rules longer again takes the change back. Pure; planRetention keeps points
 * by what comes of it.
 */
import type { KeepRules } from '../contract/policy.ts'
import type { ShortenedRules } from '../format/policy.ts'

/** True when some point may be kept shorter by `after` than by `before`. */
export function isShorter(before: KeepRules, after: KeepRules): boolean {
  return (
    after.days < before.days ||
    after.atLeast < before.atLeast ||
    lacks(before.weekly, after.weekly, ({ weeks }) => weeks) ||
    lacks(before.monthly, after.monthly, ({ months }) => months) ||
    lacks(before.yearly, after.yearly, ({ years }) => years) ||
    (before.yearly?.in ?? []).some((month) => after.yearly?.in.includes(month) !== true)
  )
}

/**
 * What waits after `before` became `after` at `nowMs`: the changes that still do, without those that `after` takes back,
 * and this one if it takes something away.
 */
export function shortenedAfter(
  waiting: readonly ShortenedRules[],
  change: {
    readonly before: KeepRules
    readonly after: KeepRules
    readonly nowMs: number
    readonly delayMs: number
  },
): ShortenedRules[] {
  const { before, after, nowMs, delayMs } = change
  const all = [...stillWaiting(waiting, nowMs), { before, changedAtMs: nowMs, inForceAtMs: nowMs + delayMs }]
  return all.filter((each) => isShorter(each.before, after))
}

/** Changes that are not in force yet. A clock that stands before a change was made is wrong, and makes nothing due. */
export function stillWaiting(waiting: readonly ShortenedRules[], nowMs: number): readonly ShortenedRules[] {
  return waiting.filter(({ inForceAtMs }) => nowMs < inForceAtMs)
}

function lacks<Rule extends { readonly on: readonly string[] }>(
  before: Rule | undefined,
  after: Rule | undefined,
  lengthOf: (rule: Rule) => number,
): boolean {
  if (before === undefined) return false
  if (after === undefined) return true
  return lengthOf(after) < lengthOf(before) || before.on.some((day) => !after.on.includes(day))
}
