/** What a change makes of a policy. */
import { AgentError } from '../base/agent-error.ts'
import { type KeepRules, mostPointsOfItem, type Policy, policyProblems } from '../contract/policy.ts'
import { isTimeZone } from '../retention/calendar-day.ts'
import type { PolicyChange } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { builtInPolicy } from './policies.ts'

/**
 * The policy that a change makes of nothing: what it leaves out is as in the built-in one, but long-term points are kept
 * only where it says so. Throws `usage.invalid` for what no policy can be.
 */
export function newPolicy(deps: AgentDeps, name: string, change: PolicyChange): Policy {
  const builtIn = builtInPolicy(deps)
  const { days, atLeast } = builtIn.keep
  return changedPolicy({ ...builtIn, name, keep: { days, atLeast } }, change, builtIn.keep)
}

/** `policy` with what `change` says; rules that are new take what they are not told from `usual`. Throws as `newPolicy`. */
export function changedPolicy(policy: Policy, change: PolicyChange, usual: KeepRules): Policy {
  const { keep = {}, instantDays, ...plain } = change
  const { weekly, monthly, yearly, ...counts } = keep
  const rules = { ...policy.keep, ...counts }
  const { weekly: weeklyBefore, monthly: monthlyBefore, yearly: yearlyBefore, ...rest } = rules
  const newWeekly = changedRule(weeklyBefore, weekly, usual.weekly)
  const newMonthly = changedRule(monthlyBefore, monthly, usual.monthly)
  const newYearly = changedRule(yearlyBefore, yearly, usual.yearly)
  const { instantDays: instantBefore, ...others } = policy
  const newInstant = instantDays === undefined ? instantBefore : instantDays
  const result: Policy = {
    ...others,
    ...plain,
    keep: {
      ...rest,
      ...(newWeekly && { weekly: newWeekly }),
      ...(newMonthly && { monthly: newMonthly }),
      ...(newYearly && { yearly: newYearly }),
    },
    ...(newInstant !== undefined && newInstant !== null && { instantDays: newInstant }),
  }
  const [problem] = isTimeZone(result.timeZone)
    ? policyProblems(result)
    : [`This system knows no time zone "${result.timeZone}".`]
  if (problem === undefined) return result
  throw new AgentError('usage.invalid', {
    problem,
    advice: `See "tharsis policy create --help" for the ranges; an item has at most ${mostPointsOfItem} points.`,
  })
}

/** A rule that is new takes what it is not told from the usual one. */
function changedRule<Rule extends object>(
  before: Rule | undefined,
  change: Partial<Rule> | null | undefined,
  usual: Rule | undefined,
): Rule | undefined {
  if (change === undefined) return before
  return change === null || usual === undefined ? undefined : { ...(before ?? usual), ...change }
}
