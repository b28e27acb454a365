/** Policies as use cases find them: the home's own, and the one that is built in. */
import { isDeepStrictEqual } from 'node:util'
import { AgentError } from '../base/agent-error.ts'
import { defaultPolicy, defaultPolicyName, type Policy } from '../contract/policy.ts'
import type { Item } from '../state/state-db.ts'
import type { AgentDeps } from './agent-deps.ts'
import { plainName } from './folder-checks.ts'

/** Throws `policy.not-found`. */
export function policyNamed(deps: AgentDeps, givenName: string): Policy {
  const name = plainName(givenName)
  const policy = deps.state.policy(name) ?? (name === defaultPolicyName ? builtInPolicy(deps) : undefined)
  if (policy === undefined) throw new AgentError('policy.not-found', { name })
  return policy
}

/** The policy of an item; the built-in one where its own is not known here. */
export function policyOf(deps: AgentDeps, item: Pick<Item, 'policy'>): Policy {
  return deps.state.policy(item.policy) ?? builtInPolicy(deps)
}

/**
 * Policies of a vault's definitions under names that are right here: one keeps its name where that is free or stands for
 * the same, else it gets a number. Gives the name here by the name there.
 */
export function adoptPolicies(
  deps: AgentDeps,
  policies: readonly Policy[],
  isOwner: boolean,
): { readonly policies: readonly Policy[]; readonly nameHere: ReadonlyMap<string, string> } {
  const here = new Map(deps.state.policies().map((policy) => [policy.name, policy]))
  // What another machine means by "default" must not become what this one means by it.
  if (!isOwner && !here.has(defaultPolicyName)) here.set(defaultPolicyName, builtInPolicy(deps))
  const nameHere = new Map<string, string>()
  const adopted: Policy[] = []
  for (const policy of policies) {
    const wanted = plainName(policy.name)
    let own: Policy = { ...policy, name: wanted }
    for (let count = 2; here.has(own.name) && !isDeepStrictEqual(here.get(own.name), own); count++) {
      own = { ...policy, name: `${wanted} ${count}` }
    }
    here.set(own.name, own)
    nameHere.set(policy.name, own.name)
    adopted.push(own)
  }
  return { policies: adopted, nameHere }
}

export function builtInPolicy(deps: AgentDeps): Policy {
  return defaultPolicy(deps.timeZone)
}
