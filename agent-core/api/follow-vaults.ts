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
import { Scheduler } from '../schedule/scheduler.ts'
import type { StartTicks } from '../schedule/ticks.ts'
import type { AgentDeps } from './agent-deps.ts'
import { AwayVaults, type DueJob, type WhyAway } from './away-vaults.ts'
import { type DueVerb, replicationOf, scheduleOf, schedulesOf } from './vault-schedules.ts'

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
  const jobOf = ({ kind, vault, verb, given }: DueVerb, missed?: string): DueJob => {
    const trigger = missed === undefined ? 'schedule' : 'missed'
    return {
      kind,
      vault,
      submit: (sinceMs) => {
        if (isLive(kind, vault)) return
        if (sinceMs === undefined) submit(verb, given, trigger, missed)
        else submit(verb, given, 'missed', `was due ${minuteText(sinceMs)}, when the vault or its replica was away`)
      },
      skip: (reason) => addSkipped({ kind, vault, trigger, reason }),
    }
  }
  const start = (name: string, missed: string | undefined): void => {
    const due = schedulesOf(deps).find((one) => one.name === name)
    if (due === undefined) return
    const trigger = missed === undefined ? 'schedule' : 'missed'
    if (!isLive(due.kind, due.vault)) away.begin(jobOf(due, missed))
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
      if (!isLive('replicate', vault)) away.begin(jobOf(replicationOf(vault)))
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
  for (const held of state.heldJobs.all()) {
    const due = held.kind === 'replicate' ? replicationOf(held.vault) : scheduleOf(deps, held)
    if (due === undefined) state.heldJobs.remove(held)
    else away.resume(jobOf(due), held)
  }
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
