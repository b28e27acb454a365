/**
 * The definitions in a vault: which items the machine protects into it, so that a new machine can take over, and which
 * home folder may write.
 */
import { isVaultTrouble } from '../backup/transfer.ts'
import { AgentError } from '../base/agent-error.ts'
import type { ItemDefinition } from '../format/definitions.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import type { ReadDefinitions, Vault } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownVault, openKnownVault } from './open-vault.ts'

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

/** As `requireWriter`; tells the vault what has changed of the items while it was away. */
export async function refreshDefinitions(deps: AgentDeps, known: KnownVault, vault: Vault): Promise<void> {
  const current = await requireWriter(deps, known, vault)
  const here = deps.state.items().filter((item) => item.vaults.includes(known.name))
  const there = new Map((current?.definitions.items ?? []).map((item) => [item.id, textOf(item)]))
  if (here.every((item) => there.get(item.id) === textOf(item))) return
  await write(deps, vault, current, here)
}

async function publishTo(deps: AgentDeps, known: KnownVault, item: Item): Promise<void> {
  if (known.access !== 'owner') throw new AgentError('vault.foreign', { name: known.name, machine: known.machine })
  const vault = await openKnownVault(deps, known)
  try {
    const current = await requireWriter(deps, known, vault)
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
  await vault.writeDefinitions(current, {
    writer: deps.state.homeId,
    items: [...items.map(definitionOf), ...others],
  })
}

function definitionOf(item: ItemDefinition): ItemDefinition {
  const { id, name, folders, excludes, defaultExcludes, crossMounts, compression, stopped } = item
  return { id, name, folders, excludes, defaultExcludes, crossMounts, compression, ...(stopped && { stopped }) }
}

function textOf(item: ItemDefinition): string {
  const folders = item.folders.map((folder) => Buffer.from(folder).toString('base64'))
  return JSON.stringify({ ...definitionOf(item), folders })
}
