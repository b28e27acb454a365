import { AgentError } from '../base/agent-error.ts'
import type { Item } from '../state/state-db.ts'
import type { AgentDeps } from './agent-deps.ts'
import { plainName } from './folder-checks.ts'

/** Throws `item.not-found`. */
export function knownItem(deps: AgentDeps, name: string): Item {
  const item = deps.state.item(plainName(name))
  if (item === undefined) throw new AgentError('item.not-found', { name })
  return item
}
