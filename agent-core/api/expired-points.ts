/** Which points of a vault the policies of their items have let go of: what a clean-up takes away. */
import type { ItemId, PointId } from '../contract/ids.ts'
import type { Policy } from '../contract/policy.ts'
import type { Definitions } from '../format/definitions.ts'
import type { ExpiryRules } from '../retention/choose-expired.ts'
import { planRetention, retainedPoint } from '../retention/plan-retention.ts'
import type { Vault } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'
import { policyOf } from './policies.ts'

/**
 * What `chooseExpired` asks of retention. An item goes by its policy here, one that this home does not have by that in the
 * vault's definitions; where neither is known, or the item is stopped, nothing of it is expired.
 */
export async function expiryIn(deps: AgentDeps, vault: Vault): Promise<ExpiryRules['expiredOf']> {
  const definitions = (await vault.readDefinitions())?.definitions
  const nowMs = deps.clock.nowMs()
  return (item, points) => {
    const policy = policyOfId(deps, item, definitions)
    if (policy === undefined) return new Map<PointId, string>()
    const plan = planRetention(
      points.map(({ manifest, state }) => retainedPoint(manifest, state)),
      policy,
      nowMs,
    )
    return new Map(
      [...plan].flatMap(([id, { keep }]) => (keep ? [] : [[id, `policy "${policy.name}" keeps it no longer`]])),
    )
  }
}

function policyOfId(deps: AgentDeps, id: ItemId, definitions: Definitions | undefined): Policy | undefined {
  const here = deps.state.items().find((item) => item.id === id)
  if (here !== undefined) return here.stopped === undefined ? policyOf(deps, here) : undefined
  const there = definitions?.items.find((item) => item.id === id)
  return there?.stopped === undefined ? definitions?.policies?.find(({ name }) => name === there?.policy) : undefined
}
