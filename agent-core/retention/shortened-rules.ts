/**
 * The delayed effect of rules that were made shorter: points that exist are kept by the rules before as well, for as long as
 * deleted points stay in the trash. Until then the change is shown as pending, and making the rules longer again takes it
 * back. Pure; where pending changes are kept is not decided here.
 */

/** How long points are kept, as far as one set of rules can keep shorter than another. */
export interface KeepLengths {
  readonly days: number
  /** So many of the newest points stay. */
  readonly atLeast: number
  readonly weekly?: { readonly weeks: number; readonly on: readonly string[] }
  readonly monthly?: { readonly months: number; readonly on: readonly string[] }
  readonly yearly?: { readonly years: number; readonly in: readonly number[]; readonly on: readonly string[] }
}

/** A change that took something away; times in ms since 1970 UTC. */
export interface PendingShortening {
  /** The rules before it. */
  readonly before: KeepLengths
  readonly changedAtMs: number
  /** From then on the rules before count no more. */
  readonly inForceAtMs: number
}

/** True when some point may be kept shorter by `after` than by `before`. */
export function isShorter(before: KeepLengths, after: KeepLengths): boolean {
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
 * What is pending after `before` became `after` at `nowMs`: the changes that still are, without those that `after` takes
 * back, and this one if it takes something away.
 */
export function pendingAfter(
  pending: readonly PendingShortening[],
  change: {
    readonly before: KeepLengths
    readonly after: KeepLengths
    readonly nowMs: number
    readonly delayMs: number
  },
): PendingShortening[] {
  const { before, after, nowMs, delayMs } = change
  const all = [...stillPending(pending, nowMs), { before, changedAtMs: nowMs, inForceAtMs: nowMs + delayMs }]
  return all.filter((each) => isShorter(each.before, after))
}

/** The rules of which each keeps its points at `nowMs`: a point is expired when all of them let it go. */
export function rulesInForce(
  rules: KeepLengths,
  pending: readonly PendingShortening[],
  nowMs: number,
): readonly [KeepLengths, ...KeepLengths[]] {
  return [rules, ...stillPending(pending, nowMs).map(({ before }) => before)]
}

/** Changes that are not in force yet. A clock that stands before a change was made is wrong, and makes nothing due. */
function stillPending(pending: readonly PendingShortening[], nowMs: number): readonly PendingShortening[] {
  return pending.filter(({ inForceAtMs }) => nowMs < inForceAtMs)
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
