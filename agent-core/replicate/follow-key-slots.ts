/** After a change of the passphrase: the replica opens with the new one, and no more with the old. */
import type { KeyspaceId } from '../contract/ids.ts'
import { keyspaceLayout } from '../format/vault-layout.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { readObject } from '../vault/read-object.ts'

/** Copies the key slots that the replica lacks, then deletes those that the vault has no more. Throws what the stores throw. */
export async function followKeySlots(vault: ObjectStore, replica: ObjectStore, keyspace: KeyspaceId): Promise<void> {
  const { keys } = keyspaceLayout(keyspace)
  const current = await slotsIn(vault, keys)
  const before = await slotsIn(replica, keys)
  for (const name of current) if (!before.has(name)) await replica.put(name, await readObject(vault, name))
  for (const name of before) if (!current.has(name)) await replica.delete(name)
}

async function slotsIn(store: ObjectStore, prefix: string): Promise<Set<string>> {
  const names = new Set<string>()
  for await (const { name } of store.list(prefix)) names.add(name)
  return names
}
