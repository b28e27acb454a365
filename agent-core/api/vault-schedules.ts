/** When the agent verifies and cleans up the vaults that this home writes to, and what it asks for then. */
import { knownZone } from '../retention/calendar-day.ts'
import type { ScheduleRule } from '../schedule/schedule-rule.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { PruneOptions, VerifyOptions } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'

/** At times of day when a computer is most likely on, and not at that of the built-in policy. */
const verifyTime = '13:30'
const pruneTime = '14:30'
/** A day of some week: every week counts. */
const countedFrom = '2024-01-01'

/** A verb with the arguments that it is asked with. */
export type DueVerb = { readonly vault: string } & (
  | { readonly kind: 'verify'; readonly verb: 'verifyVault'; readonly given: readonly [string, VerifyOptions] }
  | { readonly kind: 'prune'; readonly verb: 'pruneVault'; readonly given: readonly [string, PruneOptions] }
  | { readonly kind: 'replicate'; readonly verb: 'replicateVault'; readonly given: readonly [string] }
)

/** One that is due by a rule. */
export type VaultSchedule = DueVerb & {
  /** Of the schedule. No item has a name with a slash. */
  readonly name: string
  readonly rule: ScheduleRule
}

export function schedulesOf({ state, timeZone: zone }: AgentDeps): readonly VaultSchedule[] {
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

/** The schedule of one kind of job of a vault; undefined where this home does not take care of that vault. */
export function scheduleOf(deps: AgentDeps, { kind, vault }: Pick<DueVerb, 'kind' | 'vault'>): DueVerb | undefined {
  return schedulesOf(deps).find((one) => one.kind === kind && one.vault === vault)
}

export function replicationOf(vault: string): DueVerb {
  return { kind: 'replicate', vault, verb: 'replicateVault', given: [vault] }
}

/** A vault that gets this name later is taken care of from then on. */
export function forgetSchedules({ state }: AgentDeps, vault: string): void {
  state.schedules.forget([`verify/${vault}`, `prune/${vault}`])
  for (const held of state.heldJobs.all()) if (held.vault === vault) state.heldJobs.remove(held)
}
