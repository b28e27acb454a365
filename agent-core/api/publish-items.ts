/**
 * The definitions in a vault: which items the machine protects into it, by which policies, so that a new machine can take
 * over, and which home folder may write.
 */
import { isDeepStrictEqual } from 'node:util'
import { isVaultTrouble } from '../backup/vault-trouble.ts'
import { AgentError } from '../base/agent-error.ts'
import { isoTime } from '../base/date-text.ts'
import type { Policy } from '../contract/policy.ts'
import type { Definitions, ItemDefinition } from '../format/definitions.ts'
import type { ShortenedRules } from '../format/policy.ts'
import { stillWaiting } from '../retention/shortened-rules.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import { appendAudit } from '../vault/audit-journal.ts'
import type { ReadDefinitions, Vault } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { policyOf } from './policies.ts'

/**
 * Writes an item into the definitions of its vaults, then into the state. Vaults that are away hear of it with the next
 * backup, if one at least takes it. Throws `vault.taken-over`, `vault.foreign`, and the error of the first vault when all
 * are away.
 */
export async function publishItem(deps: AgentDeps, item: Item): Promise<void> {
  const troubles: AgentError[] = []
  for (const name of item.vaults) {
    try {
      await publishTo(deps, knownVault(deps, name), item)
    } catch (error) {
      if (!isVaultTrouble(error)) throw error
      troubles.push(error)
    }
  }
  const [first] = troubles
  if (first !== undefined && troubles.length === item.vaults.length) throw first
  for (const trouble of troubles) {
    deps.remark?.(`${trouble.message} The change of item "${item.name}" goes there with the next backup.`)
  }
  deps.state.putItem(item)
}

/**
 * Keeps a policy with the items that have it, and tells their vaults. Vaults that are away hear of it with the next backup.
 * Throws `vault.taken-over`; then policy and items are what they were.
 */
export async function publishPolicy(deps: AgentDeps, policy: Policy, items: readonly Item[]): Promise<void> {
  const before = deps.state.policy(policy.name)
  const itemsBefore = deps.state.items().filter((item) => item.policy === policy.name)
  deps.state.putPolicy(policy, items)
  const vaults = new Set(items.flatMap((item) => item.vaults))
  try {
    for (const known of deps.state.vaults()) {
      if (vaults.has(known.name) && known.access === 'owner') await tell(deps, known, policy)
    }
  } catch (error) {
    if (before === undefined) deps.state.removePolicy(policy.name)
    else deps.state.putPolicy(before, itemsBefore)
    throw error
  }
}

async function tell(deps: AgentDeps, known: KnownVault, policy: Policy): Promise<void> {
  try {
    const vault = await openKnownVault(deps, known)
    try {
      await refreshDefinitions(deps, known, vault)
    } finally {
      await vault.store.close()
    }
  } catch (error) {
    if (!isVaultTrouble(error)) throw error
    deps.remark?.(`${error.message} The change of policy "${policy.name}" goes there with the next backup.`)
  }
}

/** What the definitions of a vault are to say, as this home knows it. */
export function definitionsHere(deps: AgentDeps, { name }: KnownVault): Definitions {
  const items = deps.state.items().filter(({ vaults }) => vaults.includes(name))
  return { writer: deps.state.homeId, items: items.map(definitionOf), policies: policiesOf(deps, items) }
}

/** Throws `vault.foreign` where this home only reads, `vault.taken-over` when another home writes now. */
export async function requireWriter(
  deps: AgentDeps,
  known: KnownVault,
  vault: Vault,
): Promise<ReadDefinitions | undefined> {
  const { name, machine, access } = known
  if (access !== 'owner') throw new AgentError('vault.foreign', { name, machine })
  const current = await vault.readDefinitions()
  if (current !== undefined && current.definitions.writer !== deps.state.homeId) {
    throw new AgentError('vault.taken-over', { name, machine })
  }
  return current
}

/** As `requireWriter`; throws `vault.machine-removed` and `vault.machine-gone` too. For what backs up, or says what is backed up. */
async function requireActive(deps: AgentDeps, known: KnownVault, vault: Vault): Promise<ReadDefinitions | undefined> {
  const current = await requireWriter(deps, known, vault)
  const { name, machine } = known
  // Facts go first when a removed machine is taken away: without them its keys open nothing.
  const isThere = current !== undefined || (await vault.store.stat(vault.layout.facts)) !== undefined
  if (!isThere) throw new AgentError('vault.machine-gone', { name, machine })
  const removed = current?.definitions.removed
  if (removed === undefined) return current
  throw new AgentError('vault.machine-removed', { name, machine, until: isoTime(removed.untilMs) })
}

/** As `requireActive`; tells the vault what has changed of the items while it was away. */
export async function refreshDefinitions(deps: AgentDeps, known: KnownVault, vault: Vault): Promise<void> {
  const current = await requireActive(deps, known, vault)
  const here = deps.state.items().filter((item) => item.vaults.includes(known.name))
  const there = new Map((current?.definitions.items ?? []).map((item) => [item.id, textOf(item)]))
  const policiesThere = new Map((current?.definitions.policies ?? []).map((policy) => [policy.name, policy]))
  const knowsItems = here.every((item) => there.get(item.id) === textOf(item))
  const knowsPolicies = policiesOf(deps, here).every((policy) =>
    isDeepStrictEqual(policiesThere.get(policy.name), policy),
  )
  if (knowsItems && knowsPolicies) return
  await write(deps, vault, current, here)
}

async function publishTo(deps: AgentDeps, known: KnownVault, item: Item): Promise<void> {
  if (known.access !== 'owner') throw new AgentError('vault.foreign', { name: known.name, machine: known.machine })
  const vault = await openKnownVault(deps, known)
  try {
    const current = await requireActive(deps, known, vault)
    const others = deps.state.items().filter(({ id, vaults }) => vaults.includes(known.name) && id !== item.id)
    await write(deps, vault, current, [...others, item])
  } finally {
    await vault.store.close()
  }
}

/** Items that stand there and do not go there now stay: their points are there, and this home may be an older copy. */
async function write(
  deps: AgentDeps,
  vault: Vault,
  current: ReadDefinitions | undefined,
  items: readonly Item[],
): Promise<void> {
  const written = new Set(items.map(({ id }) => id))
  const others = (current?.definitions.items ?? []).filter(({ id }) => !written.has(id))
  const policies = policiesOf(deps, items)
  const otherPolicies = (current?.definitions.policies ?? []).filter(
    ({ name }) => others.some(({ policy }) => policy === name) && policies.every((policy) => policy.name !== name),
  )
  await auditShortened(deps, vault, current, items)
  await vault.writeDefinitions(current, {
    writer: deps.state.homeId,
    items: [...items.map(definitionOf), ...others],
    policies: [...policies, ...otherPolicies],
  })
}

/** Writes into the journal whose points are to be kept shorter than the vault was told before, and where that is taken back. */
async function auditShortened(
  deps: AgentDeps,
  vault: Vault,
  current: ReadDefinitions | undefined,
  items: readonly Item[],
): Promise<void> {
  const { clock, state, who } = deps
  const told = new Map((current?.definitions.items ?? []).map((item) => [item.id, item]))
  for (const item of items) {
    const there = told.get(item.id)
    const [before, after] = [there?.shortened ?? [], item.shortened ?? []]
    const lacks = (list: readonly ShortenedRules[], rules: ShortenedRules) =>
      list.every((each) => !isDeepStrictEqual(each, rules))
    const details = [
      ...after
        .filter((rules) => lacks(before, rules))
        .map(({ inForceAtMs }) => `shorter rules count from ${isoTime(inForceAtMs)} on`),
      ...stillWaiting(before, clock.nowMs())
        .filter((rules) => lacks(after, rules))
        .map(({ changedAtMs }) => `the shorter rules of ${isoTime(changedAtMs)} are taken back`),
    ]
    const act = there?.policy === item.policy ? 'policy set' : 'item change'
    for (const detail of details) {
      const subject = `item "${item.name}"`
      await appendAudit(vault, { atMs: clock.nowMs(), home: state.homeId, who, act, subject, detail })
    }
  }
}

/** The policies of these items, each once. */
function policiesOf(deps: AgentDeps, items: readonly Item[]): Policy[] {
  return [...new Map(items.map((item) => policyOf(deps, item)).map((policy) => [policy.name, policy])).values()]
}

function definitionOf(item: ItemDefinition): ItemDefinition {
  const { id, name, folders, excludes, defaultExcludes, crossMounts, compression, policy, stopped, shortened } = item
  return {
    id,
    name,
    folders,
    excludes,
    defaultExcludes,
    crossMounts,
    compression,
    ...(policy !== undefined && { policy }),
    ...(stopped && { stopped }),
    ...(shortened && { shortened }),
  }
}

function textOf(item: ItemDefinition): string {
  const folders = item.folders.map((folder) => Buffer.from(folder).toString('base64'))
  return JSON.stringify({ ...definitionOf(item), folders })
}
