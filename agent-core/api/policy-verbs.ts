/** Use cases of policies: create, change, list, show, remove. Those of items go to their vaults, so that a new machine can take over. */
import { isDeepStrictEqual } from 'node:util'
import { AgentError } from '../base/agent-error.ts'
import { defaultPolicy, defaultPolicyName, type Policy } from '../contract/policy.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import { isTimeZone } from '../retention/calendar-day.ts'
import type { PolicyChange, PolicyDetails, PolicyDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { checkName } from './folder-checks.ts'
import { builtInPolicy, policyNamed } from './policies.ts'
import { changedPolicy, newPolicy } from './policy-change.ts'
import { nextRunsOf } from './policy-runs.ts'
import { publishPolicy } from './publish-items.ts'
import { requirePinIfShorter, shownShortened, withRules } from './shorter-rules.ts'

/** Makes a policy: what `change` leaves out is as in the built-in one, but long-term points are kept only where it says so. */
export async function createPolicy(deps: AgentDeps, givenName: string, change: PolicyChange): Promise<PolicyDocument> {
  const name = checkName('policy', givenName)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  if (deps.state.policy(name) !== undefined || name === defaultPolicyName) {
    throw new AgentError('policy.exists', { name })
  }
  const policy = newPolicy(deps, name, change)
  deps.state.putPolicy(policy)
  return documentOf(deps, policy)
}

/**
 * Changes a policy, here and in the vaults of its items; those that are away hear of it with the next backup. Where it lets
 * points go sooner, those of its items stay by the rules before for a while too. Throws as `requirePin` for that.
 */
export async function changePolicy(deps: AgentDeps, name: string, change: PolicyChange): Promise<PolicyDocument> {
  const planned = () => {
    const before = policyNamed(deps, name)
    const items = deps.state.items().filter((item) => item.policy === before.name)
    return { before, after: changedPolicy(before, change, builtInPolicy(deps).keep), items }
  }
  // A person is asked before anything waits for the lock.
  const asked = planned()
  if (asked.items.length > 0) await requirePinIfShorter(deps, asked.before.keep, asked.after.keep)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const { before, after, items } = planned()
  if (items.length > 0) await requirePinIfShorter(deps, before.keep, after.keep)
  await publishPolicy(
    deps,
    after,
    items.map((item) => withRules(deps, item, before.keep, after.keep)),
  )
  return documentOf(deps, after)
}

/** All of this home by name; the built-in one, unless it was changed, first. */
export async function listPolicies(deps: AgentDeps): Promise<readonly PolicyDocument[]> {
  const own = deps.state.policies()
  const builtIn = own.some(({ name }) => name === defaultPolicyName) ? [] : [builtInPolicy(deps)]
  return [...builtIn, ...own].map((policy) => documentOf(deps, policy))
}

export async function showPolicy(deps: AgentDeps, name: string): Promise<PolicyDetails> {
  const policy = policyNamed(deps, name)
  return { ...documentOf(deps, policy), nextRuns: nextRunsOf(policy, deps.clock.nowMs()) }
}

/** Removes a policy that no item has; `default` goes back to what is built in. Throws `policy.in-use`. */
export async function removePolicy(deps: AgentDeps, name: string): Promise<{ readonly name: string }> {
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const policy = policyNamed(deps, name)
  const { items } = documentOf(deps, policy)
  if (items.length > 0) throw new AgentError('policy.in-use', { name: policy.name, items })
  deps.state.removePolicy(policy.name)
  return { name: policy.name }
}

function documentOf(deps: AgentDeps, policy: Policy): PolicyDocument {
  const { name, timeZone } = policy
  const isKnownZone = isTimeZone(timeZone)
  const items = deps.state.items().filter((item) => item.policy === name)
  return {
    ...policy,
    builtIn: isDeepStrictEqual(policy, defaultPolicy(timeZone)),
    items: items.map((item) => item.name),
    shortened: shownShortened(deps, items),
    remarks: isKnownZone ? [] : [`This system knows no time zone "${timeZone}"; days are those of UTC until it does.`],
  }
}
