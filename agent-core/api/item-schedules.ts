/** When the items of this home are backed up by themselves. */
import type { ScheduleRule } from '../schedule/schedule-rule.ts'
import type { Item } from '../state/state-db.ts'
import type { AgentDeps } from './agent-deps.ts'

/** The schedule of an item whose points another machine makes, or that has none, is `none`. */
export function scheduleOf(_deps: AgentDeps, _item: Item): ScheduleRule {
  return { timeZone: 'UTC', schedule: { kind: 'none' } }
}
