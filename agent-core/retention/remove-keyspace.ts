/**
 * The end of a machine that was removed: once its window is past and clean-ups have taken all of its points and chunk files,
 * what is left of its keyspace goes (docs/format/vault-layout.md, *Removed*).
 */
import { readOpenIntents } from '../vault/clean-ups.ts'
import { deleteUnlessLocked } from '../vault/let-go.ts'
import { releaseMachineNames } from '../vault/machine-claims.ts'
import type { Vault } from '../vault/vault.ts'

/**
 * Deletes a keyspace of which nothing is needed; false where it is not so, and nothing is deleted then. Cut off, the same call
 * goes on, as long as the definitions are there. Throws what the store throws.
 */
export async function removeKeyspace(vault: Vault, nowMs: number): Promise<boolean> {
  if (!(await isPast(vault, nowMs))) return false
  // Points first: one that is being put now rests on chunk files that are seen then.
  if ((await vault.listPoints()).length > 0 || (await vault.listChunkFiles()).size > 0) return false
  if ((await readOpenIntents(vault)).length > 0) return false
  const { store, layout } = vault
  const names: string[] = []
  for await (const { name } of store.list(layout.root)) names.push(name)
  // Somebody may have brought it back meanwhile.
  if (!(await isPast(vault, nowMs))) return false
  for (const isNext of inOrder(layout)) {
    for (const name of names.filter(isNext)) {
      if ((await deleteUnlessLocked(store, name)) !== undefined) return false
    }
  }
  await releaseMachineNames(store, vault.keys.keyspace)
  return true
}

/** True when the machine is removed, and its window is past. */
async function isPast(vault: Vault, nowMs: number): Promise<boolean> {
  const removed = (await vault.readDefinitions())?.definitions.removed
  return removed !== undefined && removed.untilMs <= nowMs
}

/** What says that the machine is removed outlives its facts: a home that comes back finds one of them missing, or both. */
function inOrder({ facts, keys, definitions }: Vault['layout']): ((name: string) => boolean)[] {
  const isDefinition = (name: string) => name.startsWith(definitions)
  const isKey = (name: string) => name.startsWith(keys)
  const isFacts = (name: string) => name === facts
  return [(name) => !isDefinition(name) && !isKey(name) && !isFacts(name), isFacts, isDefinition, isKey]
}
