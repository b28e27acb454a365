/** What stands against a backup before folders or vaults are looked at. */
import { AgentError } from '../base/agent-error.ts'
import { mostOnDemandADay } from '../contract/policy.ts'
import type { JobTrigger } from '../contract/verb.ts'
import { dayOf, startOfDayMs } from '../retention/calendar-day.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import type { BackupOptions } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownItem } from './known-item.ts'
import { knownVault } from './open-vault.ts'
import { policyOf } from './policies.ts'
import { refuseStopped } from './stopped-items.ts'

export interface AllowedBackup {
  readonly item: Item
  /** In the item's order. */
  readonly vaults: readonly KnownVault[]
  /** A person wants it, beside the runs of the schedule. */
  readonly isOnDemand: boolean
  /** When today begins, by the item's policy (ms since 1970 UTC). */
  readonly todayMs: number
}

/** Throws `item.not-found`, `item.stopped`, `item.read-only`, `backup.too-many`. */
export function allowBackup(
  deps: AgentDeps,
  name: string,
  { scheduled }: Pick<BackupOptions, 'scheduled'>,
  trigger: JobTrigger = 'person',
): AllowedBackup {
  const item = knownItem(deps, name)
  refuseStopped(item)
  const vaults = item.vaults.map((vault) => knownVault(deps, vault))
  const foreign = vaults.find(({ access }) => access !== 'owner')
  if (foreign !== undefined) throw new AgentError('item.read-only', { name, vault: foreign.name })
  const isOnDemand = scheduled !== true && trigger === 'person'
  const { timeZone } = policyOf(deps, item)
  const day = dayOf(deps.clock.nowMs(), timeZone)
  const todayMs = startOfDayMs(day, timeZone)
  if (isOnDemand && deps.state.countOnDemand(item.id, todayMs, startOfDayMs(day + 1, timeZone)) >= mostOnDemandADay) {
    throw new AgentError('backup.too-many', { item: name, most: mostOnDemandADay })
  }
  return { item, vaults, isOnDemand, todayMs }
}
