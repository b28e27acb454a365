/** Which points of a vault the policies of their items have let go of: what a clean-up takes away. */
import type { ItemId, PointId } from '../contract/ids.ts'
import type { Policy } from '../contract/policy.ts'
import type { Definitions } from '../format/definitions.ts'
import type { ShortenedRules } from '../format/policy.ts'
import type { ExpiryRules } from '../retention/choose-expired.ts'
import { planRetention, retainedPoint } from '../retention/plan-retention.ts'
import type { Vault } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'
import { policyOf } from './policies.ts'

export interface Expiry {
  /** What `chooseExpired` asks of retention. */
  readonly expiredOf: ExpiryRules['expiredOf']
  /** The name of an item, for people; its id where no definitions tell. */
  readonly itemName: (item: ItemId) => string
}

/**
 * How points of the vault expire. An item goes by its policy here, one that this home does not have by that in the
 * vault's definitions; where neither is known, or the item is stopped, nothing of it is expired.
 */
export async function expiryIn(deps: AgentDeps, vault: Vault): Promise<Expiry> {
  const definitions = (await vault.readDefinitions())?.definitions
  const nowMs = deps.clock.nowMs()
  const expiredOf: ExpiryRules['expiredOf'] = (item, points) => {
    const rules = rulesOfId(deps, item, definitions)
    if (rules === undefined) return new Map<PointId, string>()
    const { policy, shortened } = rules
    const retained = points.map(({ manifest, state }) => retainedPoint(manifest, state))
    const plan = planRetention(retained, policy, nowMs, shortened)
    return new Map(
      [...plan].flatMap(([id, { keep }]) => (keep ? [] : [[id, `policy "${policy.name}" keeps it no longer`]])),
    )
  }
  const itemName = (id: ItemId) =>
    [...deps.state.items(), ...(definitions?.items ?? [])].find((item) => item.id === id)?.name ?? id
  return { expiredOf, itemName }
}

interface ItemRules {
  readonly policy: Policy
  readonly shortened: readonly ShortenedRules[] | undefined
}

function rulesOfId(deps: AgentDeps, id: ItemId, definitions: Definitions | undefined): ItemRules | undefined {
  // What a machine that was removed leaves goes by its trash alone.
  if (definitions?.removed !== undefined) return undefined
  const here = deps.state.items().find((item) => item.id === id)
  const item = here ?? definitions?.items.find((each) => each.id === id)
  if (item === undefined || item.stopped !== undefined) return undefined
  const policy =
    here === undefined ? definitions?.policies?.find(({ name }) => name === item.policy) : policyOf(deps, here)
  return policy && { policy, shortened: item.shortened }
}
