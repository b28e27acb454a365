/**
 * What the agent does by itself for the vaults that this home writes to: it verifies each every day, cleans each up every
 * week, and brings replicas up to date when they are due. As with backups, what was missed is made up for once, and a pause
 * of the schedules holds. While a place is away nothing begins (away-vaults).
 */
import { minuteText } from '../base/date-text.ts'
import type { JobVerb } from '../contract/job-specs.ts'
import type { JobTrigger } from '../contract/verb.ts'
import type { JobOrder } from '../jobs/job-book.ts'
import { replicationDue } from '../replicate/plan-replication.ts'
import { knownZone } from '../retention/calendar-day.ts'
import type { ScheduleRule } from '../schedule/schedule-rule.ts'
import { Scheduler } from '../schedule/scheduler.ts'
import type { StartTicks } from '../schedule/ticks.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { PruneOptions, VerifyOptions } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { AwayVaults, type WhyAway } from './away-vaults.ts'

/** At times of day when a computer is most likely on, and not at that of the built-in policy. */
const verifyTime = '13:30'
const pruneTime = '14:30'
/** A day of some week: every week counts. */
const countedFrom = '2024-01-01'

interface Follower {
  readonly deps: AgentDeps
  readonly ticks: StartTicks
  /** True while such a job of the vault is queued or runs. */
  readonly isLive: (kind: JobOrder['kind'], vault: string) => boolean
  readonly submit: (verb: JobVerb, given: readonly unknown[], trigger: JobTrigger, reason?: string) => unknown
  readonly addSkipped: (order: JobOrder & { readonly reason: string }) => unknown
  readonly whyAway: WhyAway
}

export interface VaultFollower extends Disposable {
  /** Resolves when the places that are asked now have answered. */
  settled(): Promise<void>
}

/** Looks at once what is due, then with every tick, until it is disposed. */
export function followVaults({ deps, ticks, isLive, submit, addSkipped, whyAway }: Follower): VaultFollower {
  const { clock, log, state } = deps
  const away = new AwayVaults(deps, whyAway)
  /** `missed`: why it runs now, where that is not its time. */
  const begin = ({ kind, vault, verb, given }: DueVerb, missed?: string): void => {
    const trigger = missed === undefined ? 'schedule' : 'missed'
    away.begin({
      kind,
      vault,
      submit: (sinceMs) => {
        if (isLive(kind, vault)) return
        if (sinceMs === undefined) submit(verb, given, trigger, missed)
        else submit(verb, given, 'missed', `was due ${minuteText(sinceMs)}, when the vault or its replica was away`)
      },
      skip: (reason) => addSkipped({ kind, vault, trigger, reason }),
    })
  }
  const start = (name: string, missed: string | undefined): void => {
    const due = schedulesOf(deps).find((one) => one.name === name)
    if (due === undefined) return
    const trigger = missed === undefined ? 'schedule' : 'missed'
    if (!isLive(due.kind, due.vault)) begin(due, missed)
    else addSkipped({ kind: due.kind, vault: due.vault, trigger, reason: 'the one before has not ended' })
  }
  const skip = (name: string, reason: string): void => {
    const due = schedulesOf(deps).find((one) => one.name === name)
    if (due !== undefined) addSkipped({ kind: due.kind, vault: due.vault, trigger: 'schedule', reason })
  }
  const lookOnceMore = (): void => {
    const { pause } = state.schedules
    if (pause === 'forever' || (pause !== undefined && pause > clock.nowMs())) return
    away.askAgain()
    for (const vault of dueReplications(deps)) {
      if (!isLive('replicate', vault)) begin({ kind: 'replicate', vault, verb: 'replicateVault', given: [vault] })
    }
  }
  const scheduler = new Scheduler({
    clock,
    log,
    ticks: (tick) =>
      ticks(() => {
        tick()
        lookOnceMore()
      }),
    store: state.schedules,
    items: () => schedulesOf(deps),
    start,
    skip,
  })
  scheduler.begin()
  lookOnceMore()
  return {
    settled: async () => await away.settled(),
    [Symbol.dispose]: () => {
      scheduler[Symbol.dispose]()
      away[Symbol.dispose]()
    },
  }
}

/** Names of the vaults whose replica is to be brought up to date now. */
export function dueReplications({ clock, state }: AgentDeps): readonly string[] {
  const nowMs = clock.nowMs()
  return state
    .replicas()
    .filter((replica) => replicationDue(replica, nowMs))
    .map(({ vault }) => vault)
}

/** A verb with the arguments that it is asked with. */
type DueVerb = { readonly vault: string } & (
  | { readonly kind: 'verify'; readonly verb: 'verifyVault'; readonly given: readonly [string, VerifyOptions] }
  | { readonly kind: 'prune'; readonly verb: 'pruneVault'; readonly given: readonly [string, PruneOptions] }
  | { readonly kind: 'replicate'; readonly verb: 'replicateVault'; readonly given: readonly [string] }
)

/** One that is due by a rule. */
type VaultSchedule = DueVerb & {
  /** Of the schedule. No item has a name with a slash. */
  readonly name: string
  readonly rule: ScheduleRule
}

function schedulesOf({ state, timeZone: zone }: AgentDeps): readonly VaultSchedule[] {
  const timeZone = knownZone(zone)
  const daily: ScheduleRule = { timeZone, schedule: { kind: 'daily', times: [verifyTime] } }
  const on = [{ day: 'sun', time: pruneTime }] as const
  const weekly: ScheduleRule = { timeZone, schedule: { kind: 'weekly', on, everyWeeks: 1, countedFrom } }
  return state.vaults().flatMap((known): VaultSchedule[] => {
    const { name: vault, access } = known
    if (access !== 'owner') return []
    return [
      {
        name: `verify/${vault}`,
        vault,
        rule: daily,
        kind: 'verify',
        verb: 'verifyVault',
        given: [vault, depth(known)],
      },
      { name: `prune/${vault}`, vault, rule: weekly, kind: 'prune', verb: 'pruneVault', given: [vault, {}] },
    ]
  })
}

/** What is read back from a bucket is paid for by the byte: a person asks for that. */
function depth({ kind }: KnownVault): VerifyOptions {
  return kind === 's3' ? { level: 'listing' } : {}
}
