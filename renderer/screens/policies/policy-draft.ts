/** When an item is backed up and how long its points are kept, as a person decides it. Pure. */
import {
  defaultPolicyName,
  type KeepRules,
  type Policy,
  type PolicyChange,
  type PolicyDocument,
  policyProblems,
  type Schedule,
  type Weekday,
} from '../../../agent-core/contract/index.ts'

export type ScheduleKind = 'daily' | 'several' | 'weekly' | 'interval' | 'none'
export type KeepKind = 'usual' | 'month' | 'long' | 'own'

export interface PolicyDraft {
  /** Name of a policy that exists; undefined: the rules that follow. */
  readonly known: string | undefined
  readonly kind: ScheduleKind
  /** `HH:MM`; the first one is that of `daily` and `weekly`. */
  readonly times: readonly string[]
  readonly days: readonly Weekday[]
  readonly everyWeeks: number
  /** `YYYY-MM-DD`: a day in a week with runs. */
  readonly countedFrom: string
  readonly everyMinutes: number
  readonly timeZone: string
  readonly keepKind: KeepKind
  /** How long each kind of point is kept; 0: there are none of that kind. */
  readonly keepFor: KeepFor
  /** The policy that items have which were given none: what it says is the usual. */
  readonly usual: Policy
}

export interface KeepFor {
  readonly days: number
  readonly weeks: number
  readonly months: number
  readonly years: number
}

/** What a person begins with: the rules of `from`. `today` is `YYYY-MM-DD`. */
export function draftOf(usual: Policy, today: string, from: Policy = usual): PolicyDraft {
  const { schedule, keep, timeZone } = from
  const plain = {
    known: undefined,
    kind: 'daily',
    times: ['12:30'],
    days: ['sun'],
    everyWeeks: 1,
    countedFrom: today,
    everyMinutes: 60,
    timeZone,
    keepKind: isSame(keep, usual.keep) ? 'usual' : 'own',
    keepFor: keepForOf(keep),
    usual,
  } satisfies PolicyDraft
  switch (schedule.kind) {
    case 'none':
      return { ...plain, kind: 'none' }
    case 'interval':
      return { ...plain, kind: 'interval', everyMinutes: schedule.everyMinutes }
    case 'daily':
      return { ...plain, kind: schedule.times.length === 1 ? 'daily' : 'several', times: schedule.times }
    case 'weekly': {
      const times = schedule.on.map(({ time }) => time)
      const days = schedule.on.map(({ day }) => day)
      const { everyWeeks, countedFrom } = schedule
      return { ...plain, kind: 'weekly', times, days, everyWeeks, countedFrom }
    }
  }
}

function keepForOf({ days, weekly, monthly, yearly }: KeepRules): KeepFor {
  return { days, weeks: weekly?.weeks ?? 0, months: monthly?.months ?? 0, years: yearly?.years ?? 0 }
}

export function scheduleOf({ kind, times, days, everyWeeks, countedFrom, everyMinutes }: PolicyDraft): Schedule {
  const [time = ''] = times
  switch (kind) {
    case 'none':
      return { kind: 'none' }
    case 'interval':
      return { kind: 'interval', everyMinutes }
    case 'daily':
      return { kind: 'daily', times: [time] }
    case 'several':
      return { kind: 'daily', times: times.toSorted() }
    case 'weekly':
      return { kind: 'weekly', on: days.map((day) => ({ day, time })), everyWeeks, countedFrom }
  }
}

/** How long each choice keeps points; the person's own numbers stand in the draft. */
export function keepForChoice(kind: KeepKind, draft: PolicyDraft): KeepFor {
  switch (kind) {
    case 'usual':
      return keepForOf(draft.usual.keep)
    case 'month':
      return { days: 30, weeks: 0, months: 0, years: 0 }
    case 'long':
      return { days: 90, weeks: 52, months: 60, years: 25 }
    case 'own':
      return draft.keepFor
  }
}

function keepOf(draft: PolicyDraft): KeepRules {
  const { keep } = draft.usual
  if (draft.keepKind === 'usual') return keep
  const { days, weeks, months, years } = keepForChoice(draft.keepKind, draft)
  return {
    days,
    ...(weeks > 0 && { weekly: { weeks, on: keep.weekly?.on ?? ['sun'] } }),
    ...(months > 0 && { monthly: { months, on: keep.monthly?.on ?? ['first-sun'] } }),
    ...(years > 0 && { yearly: { years, in: keep.yearly?.in ?? [1], on: keep.yearly?.on ?? ['first-sun'] } }),
    atLeast: keep.atLeast,
  }
}

/** The rules that the draft stands for. */
export function policyOf(draft: PolicyDraft): Policy {
  const { usual, timeZone } = draft
  return { ...usual, timeZone, schedule: scheduleOf(draft), keep: keepOf(draft) }
}

/** All of a policy's rules, so that nothing of another one shines through. */
export function changeOf({ timeZone, schedule, keep }: Pick<Policy, 'timeZone' | 'schedule' | 'keep'>): PolicyChange {
  const { days, atLeast, weekly = null, monthly = null, yearly = null } = keep
  return { timeZone, schedule, keep: { days, atLeast, weekly, monthly, yearly } }
}

/**
 * The draft with which the policy of an item is changed: its rules where no other item goes by them and a draft can say
 * them, else the policy as it is.
 */
export function draftOfItem(usual: Policy, today: string, policy: PolicyDocument): PolicyDraft {
  const draft = draftOf(usual, today, policy)
  if (policy.name === usual.name) return draft
  return isOwnPolicy(policy) && isSame(changeOf(policyOf(draft)), changeOf(policy))
    ? draft
    : { ...draftOf(usual, today), known: policy.name }
}

/** One item alone has it, so that it can be changed for that item. */
export function isOwnPolicy({ name, items }: PolicyDocument): boolean {
  return name !== defaultPolicyName && items.length === 1
}

/** What is wrong with the rules; undefined: nothing. */
export function policyTrouble(draft: PolicyDraft): string | undefined {
  return draft.known === undefined ? policyProblems(policyOf(draft))[0] : undefined
}

/** Where the item's policy comes from: one that exists, or one that is to be made. */
export type WantedPolicy = { readonly known: string } | { readonly name: string; readonly change: PolicyChange }

/** Of what is there, a policy without items is taken that says the same: an attempt before may have left it. */
export function wantedPolicy(draft: PolicyDraft, item: string, policies: readonly PolicyDocument[]): WantedPolicy {
  if (draft.known !== undefined) return { known: draft.known }
  const change = changeOf(policyOf(draft))
  const says = (policy: Policy) => isSame(changeOf(policy), change)
  if (says(draft.usual)) return { known: draft.usual.name }
  const left = policies.find((policy) => policy.items.length === 0 && policy.name !== defaultPolicyName && says(policy))
  if (left !== undefined) return { known: left.name }
  const taken = new Set(policies.map(({ name }) => name).concat(defaultPolicyName))
  let name = item
  for (let count = 2; taken.has(name); count++) name = `${item.slice(0, 60)} ${count}`
  return { name, change }
}

/** Of plain values whose properties stand in the same order. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
