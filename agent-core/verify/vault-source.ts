/** Another vault of the same keyspace, or a replica of this one, as a place to heal from. */
import { BlockReader } from '../cache/chunk-reader.ts'
import { gatherIndex } from '../cache/vault-index.ts'
import { readIndex } from '../vault/read-index.ts'
import { readObject } from '../vault/read-object.ts'
import type { Vault } from '../vault/vault.ts'
import { type HealSource, ifReadable } from './heal-source.ts'

/**
 * Reads the vault's own index when it is first asked for a block. `isReplica`: it holds the same objects under the same
 * names; another vault has its own numbers, and what it confirms says nothing of this one.
 */
export function vaultSource(vault: Vault, label: string, isReplica: boolean): HealSource {
  let reader: Promise<BlockReader> | undefined
  return {
    label,
    block: async ({ id }) =>
      await ifReadable(async () => {
        reader ??= openReader(vault)
        return await (await reader).read(id)
      }),
    manifests: async (name) => {
      const bytes = await ifReadable(() => readObject(vault.store, name))
      return bytes === undefined ? [] : [bytes]
    },
    ...(isReplica && { object: async (name: string) => await ifReadable(() => readObject(vault.store, name)) }),
  }
}

async function openReader(vault: Vault): Promise<BlockReader> {
  // What a damaged segment lists may lie elsewhere too.
  const index = await gatherIndex(
    vault.keys.keyspace,
    readIndex(vault, -1, () => undefined),
  )
  return new BlockReader(index, [vault.chunkSource()], vault.keys, { budgetBytes: 8 * 1024 * 1024 })
}
