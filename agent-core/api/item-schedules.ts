/** When the items of this home are backed up by themselves. */
import { knownZone } from '../retention/calendar-day.ts'
import type { ScheduleRule } from '../schedule/schedule-rule.ts'
import type { Item } from '../state/state-db.ts'
import type { AgentDeps } from './agent-deps.ts'
import { policyOf } from './policies.ts'

/** The schedule of its policy; of an item that is stopped, or whose points another machine makes, `none`. */
export function scheduleOf(deps: AgentDeps, item: Item): ScheduleRule {
  const { timeZone, schedule } = policyOf(deps, item)
  const isOwn = item.vaults.some((name) => deps.state.vault(name)?.access === 'owner')
  return isOwn && item.stopped === undefined
    ? { timeZone: knownZone(timeZone), schedule }
    : { timeZone: 'UTC', schedule: { kind: 'none' } }
}
