/** Use cases of items: enable, change, list, show. */
import { AgentError } from '../base/agent-error.ts'
import { shownPath } from '../base/file-warning.ts'
import { randomId } from '../base/random.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import type { ItemId } from '../contract/ids.ts'
import { defaultPolicyName } from '../contract/policy.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import { listDefaultExclusions } from '../source/default-exclusions.ts'
import { createExclusions } from '../source/exclusions.ts'
import type { Item } from '../state/state-db.ts'
import type { ItemChanges, ItemDocument, ItemSettings } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { checkName, isInside, realSourceFolder } from './folder-checks.ts'
import { damageRemark, FoundDamage } from './found-damage.ts'
import { barriersOf, ItemSurroundings } from './item-surroundings.ts'
import { ItemVaults } from './item-vaults.ts'
import { knownItem } from './known-item.ts'
import { type LastPoint, lastPointsOf } from './last-points.ts'
import { openBaseForWriting } from './open-base.ts'
import { knownVault } from './open-vault.ts'
import { policyNamed, policyOf } from './policies.ts'
import { publishItem } from './publish-items.ts'
import { requirePinIfShorter, shortenedRemarks, withRules } from './shorter-rules.ts'
import { shownStop } from './stopped-items.ts'

/** Puts folders under protection, into these vaults. */
export async function enableItem(
  deps: AgentDeps,
  givenName: string,
  vaultNames: readonly string[],
  settings: ItemSettings,
): Promise<ItemDocument> {
  const name = checkName('item', givenName)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  if (deps.state.item(name) !== undefined) throw new AgentError('item.exists', { name })
  const vaults = checkedVaults(deps, vaultNames)
  const policy = policyNamed(deps, settings.policy ?? defaultPolicyName)
  const chosen = { ...settings, compression: settings.compression ?? policy.compression, policy: policy.name }
  const item = checkedItem(deps, { name, id: randomId<ItemId>(deps.random), vaults }, chosen)
  deps.state.putPolicy(policy)
  await publishItem(deps, item)
  using around = new Around(deps)
  return documentOf(deps, item, null, around)
}

/** Changes an item; what is left out of `changes` stays. Throws as `requirePin` for a policy that lets points go sooner. */
export async function changeItem(deps: AgentDeps, name: string, changes: ItemChanges): Promise<ItemDocument> {
  await requirePinForPolicy(deps, name, changes)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const { known, policy } = await requirePinForPolicy(deps, name, changes)
  const ruled = withRules(deps, known, policyOf(deps, known).keep, policy.keep)
  const item = changes.vaults === undefined ? ruled : { ...ruled, vaults: checkedVaults(deps, changes.vaults) }
  const kept = { ...item, folders: undefined }
  const settings: ChosenSettings = { ...kept, folders: item.folders.map(String), ...changes, policy: policy.name }
  const unchanged = changes.folders === undefined
  const checked = unchanged
    ? { ...item, ...checkedRules(settings) }
    : checkedItem(deps, item, settings, new Set(item.folders.map(String)))
  deps.state.putPolicy(policy)
  await publishItem(deps, checked)
  leaveVaults(deps, known, checked)
  return await describe(deps, checked)
}

async function requirePinForPolicy(deps: AgentDeps, name: string, changes: ItemChanges) {
  const known = knownItem(deps, name)
  const before = policyOf(deps, known)
  const policy = changes.policy === undefined ? before : policyNamed(deps, changes.policy)
  await requirePinIfShorter(deps, before.keep, policy.keep)
  return { known, policy }
}

/** What waits here for vaults that the item goes to no more waits for them no longer. */
function leaveVaults(deps: AgentDeps, before: Item, after: Item): void {
  const left = before.vaults.filter((name) => !after.vaults.includes(name))
  if (left.length === 0) return
  using base = openBaseForWriting(deps)
  for (const name of left) {
    const givenUp = base.leaveVault(knownVault(deps, name).id, after.id)
    if (givenUp === 0) continue
    deps.remark?.(
      `Points that waited for vault "${name}" alone and are given up: ${givenUp}. The next backup reads everything again.`,
    )
  }
}

export async function listItems(deps: AgentDeps): Promise<readonly ItemDocument[]> {
  const items = deps.state.items()
  const lastPoints = await lastPointsOf(deps, items)
  using around = new Around(deps)
  return items.map((item) => documentOf(deps, item, lastPoints.get(item.id), around))
}

export async function showItem(deps: AgentDeps, name: string): Promise<ItemDocument> {
  const document = await describe(deps, knownItem(deps, name))
  const defaults = listDefaultExclusions(process.platform)
  return {
    ...document,
    defaults: document.defaultExcludes ? defaults.map(({ rule, reason }) => ({ rule, reason })) : [],
  }
}

/** Throws `vault.not-found`, `vault.foreign`, and `usage.invalid` for vaults that do not go together. */
function checkedVaults(deps: AgentDeps, names: readonly string[]): readonly string[] {
  const vaults = [...new Map(names.map((name) => knownVault(deps, name)).map((known) => [known.name, known])).values()]
  const [first] = vaults
  if (first === undefined) {
    throw new AgentError('usage.invalid', {
      problem: 'An item needs at least one vault.',
      advice: 'Name a vault with --vault NAME; points that an item has in a vault stay there.',
    })
  }
  for (const { name, machine, access, keyspace } of vaults) {
    if (access !== 'owner') throw new AgentError('vault.foreign', { name, machine })
    if (keyspace === first.keyspace) continue
    throw new AgentError('usage.invalid', {
      problem: `The vaults "${first.name}" and "${name}" hold this machine under different keys, so one backup cannot go to both.`,
      advice: `Make a second vault with "tharsis vault create": it takes over the keys of "${first.name}".`,
    })
  }
  return vaults.map(({ name }) => name)
}

/** Settings with nothing left to the policy. */
type ChosenSettings = Required<ItemSettings>

function checkedItem(
  deps: AgentDeps,
  identity: Pick<Item, 'name' | 'id' | 'vaults' | 'stopped' | 'shortened'>,
  settings: ChosenSettings,
  keptFolders: ReadonlySet<string> = new Set(),
): Item {
  const { name, id, vaults, stopped, shortened } = identity
  if (settings.folders.length === 0) {
    throw new AgentError('usage.invalid', {
      problem: 'An item needs at least one folder.',
      advice: 'Name the folders to protect.',
    })
  }
  // A folder that was protected before may be absent now; it is still the person's wish.
  const folders = settings.folders.map((folder) =>
    keptFolders.has(folder) ? folder : realSourceFolder(folder, barriersOf(deps)),
  )
  refuseOverlap(folders)
  const paths = folders.map((folder) => Buffer.from(folder))
  return {
    name,
    id,
    vaults,
    folders: paths,
    ...checkedRules(settings),
    ...(stopped && { stopped }),
    ...(shortened && { shortened }),
  }
}

function checkedRules(settings: ChosenSettings) {
  const { excludes, defaultExcludes, crossMounts, compression, policy } = settings
  createExclusions({ patterns: excludes, useDefaults: defaultExcludes, platform: process.platform })
  return { excludes, defaultExcludes, crossMounts, compression, policy }
}

function refuseOverlap(folders: readonly string[]): void {
  for (const [index, inner] of folders.entries()) {
    if (folders.lastIndexOf(inner) !== index) {
      throw new AgentError('usage.invalid', { problem: `${inner} is named twice.`, advice: 'Name it once.' })
    }
    const outer = folders.find((other, otherIndex) => otherIndex !== index && isInside(inner, other))
    if (outer === undefined) continue
    throw new AgentError('usage.invalid', {
      problem: `${inner} lies in ${outer}, which is in the same item.`,
      advice: 'Leave out the inner folder: it is protected with the outer one.',
    })
  }
}

async function describe(deps: AgentDeps, item: Item): Promise<ItemDocument> {
  using around = new Around(deps)
  return documentOf(deps, item, (await lastPointsOf(deps, [item])).get(item.id), around)
}

/** What documents of items are made of besides the items; looked up once for a list. */
class Around implements Disposable {
  readonly items: ItemSurroundings
  readonly vaults: ItemVaults
  readonly damage: FoundDamage
  readonly #base: BaseDb

  constructor(deps: AgentDeps) {
    this.items = new ItemSurroundings(deps.state.items(), barriersOf(deps))
    this.#base = openBase(deps.paths.base, { readOnly: true })
    this.vaults = new ItemVaults(deps, this.#base)
    this.damage = new FoundDamage(deps.state.jobs)
  }

  [Symbol.dispose](): void {
    this.#base[Symbol.dispose]()
  }
}

/** `lastPoint`: null where there is none, undefined where it is not known. */
function documentOf(
  deps: AgentDeps,
  item: Item,
  lastPoint: LastPoint | null | undefined,
  around: Around,
): ItemDocument {
  const known = knownVault(deps, item.vaults[0] as string)
  return {
    id: item.id,
    name: item.name,
    vaults: around.vaults.of(item),
    folders: item.folders.map(shownPath),
    excludes: item.excludes,
    defaultExcludes: item.defaultExcludes,
    crossMounts: item.crossMounts,
    compression: item.compression,
    policy: item.policy,
    access: known.access,
    machine: known.machine,
    lastPoint: lastPoint ?? null,
    ...(lastPoint === undefined && { lastPointUnknown: true as const }),
    stopped: shownStop(item),
    remarks: [
      ...around.damage.of(item.vaults).map(damageRemark),
      ...around.items.remarksOn(item),
      ...shortenedRemarks(deps, item),
    ],
  }
}
