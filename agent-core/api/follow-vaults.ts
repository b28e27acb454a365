/**
 * What the agent does by itself for the vaults that this home writes to: it verifies each every day, cleans each up every
 * week, and brings replicas up to date when they are due. As with backups, what was missed is made up for once, and a pause
 * of the schedules holds.
 */
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
}

/** Looks at once what is due, then with every tick, until it is disposed. */
export function followVaults({ deps, ticks, isLive, submit, addSkipped }: Follower): Disposable {
  const { clock, log, state } = deps
  const start = (name: string, missed: string | undefined): void => {
    const due = schedulesOf(deps).find((one) => one.name === name)
    if (due === undefined) return
    const trigger = missed === undefined ? 'schedule' : 'missed'
    if (!isLive(due.kind, due.vault)) submit(due.verb, due.given, trigger, missed)
    else addSkipped({ kind: due.kind, vault: due.vault, trigger, reason: 'the one before has not ended' })
  }
  const skip = (name: string, reason: string): void => {
    const due = schedulesOf(deps).find((one) => one.name === name)
    if (due !== undefined) addSkipped({ kind: due.kind, vault: due.vault, trigger: 'schedule', reason })
  }
  const replicate = (): void => {
    const { pause } = state.schedules
    if (pause === 'forever' || (pause !== undefined && pause > clock.nowMs())) return
    for (const vault of dueReplications(deps)) {
      if (!isLive('replicate', vault)) submit('replicateVault', [vault], 'schedule')
    }
  }
  const scheduler = new Scheduler({
    clock,
    log,
    ticks: (tick) =>
      ticks(() => {
        tick()
        replicate()
      }),
    store: state.schedules,
    items: () => schedulesOf(deps),
    start,
    skip,
  })
  scheduler.begin()
  replicate()
  return scheduler
}

/** Names of the vaults whose replica is to be brought up to date now. */
export function dueReplications({ clock, state }: AgentDeps): readonly string[] {
  const nowMs = clock.nowMs()
  return state
    .replicas()
    .filter((replica) => replicationDue(replica, nowMs))
    .map(({ vault }) => vault)
}

/** A verb that is due by a rule, with the arguments that it is asked with. */
type VaultSchedule = {
  /** Of the schedule. No item has a name with a slash. */
  readonly name: string
  readonly vault: string
  readonly rule: ScheduleRule
} & (
  | { readonly kind: 'verify'; readonly verb: 'verifyVault'; readonly given: readonly [string, VerifyOptions] }
  | { readonly kind: 'prune'; readonly verb: 'pruneVault'; readonly given: readonly [string, PruneOptions] }
)

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
