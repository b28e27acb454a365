/** Items that are not backed up: the refusal, and what documents show of it. */
import { AgentError } from '../base/agent-error.ts'
import { isoTime } from '../base/date-text.ts'
import type { StoppedItem } from '../format/definitions.ts'
import type { Item } from '../state/state-db.ts'
import type { StoppedDocument } from './agent-api.ts'

/** Throws `item.stopped` for an item that is not backed up. */
export function refuseStopped(item: Item): void {
  if (item.stopped !== undefined) throw stoppedError(item, item.stopped)
}

export function stoppedError({ name }: Item, { data }: StoppedItem): AgentError {
  return new AgentError('item.stopped', { name, data })
}

/** Why an item is not backed up, as documents show it; null: it is. */
export function shownStop({ stopped }: Pick<Item, 'stopped'>): StoppedDocument['stopped'] {
  if (stopped === undefined) return null
  const { atMs, data, who, reason, untilMs } = stopped
  return {
    at: isoTime(atMs),
    data,
    until: untilMs === undefined ? null : isoTime(untilMs),
    who,
    reason: reason ?? null,
  }
}
