/** Another vault of the same keyspace, or a replica of this one, as a place to heal from. */
import { BlockReader } from '../cache/chunk-reader.ts'
import { VaultIndex } from '../cache/vault-index.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
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
    ...(isReplica && { object: async (name: string) => await ifReadable(() => readObject(vault.store, name)) }),
  }
}

async function openReader(vault: Vault): Promise<BlockReader> {
  const files = new Map<string, IndexedChunkFile>()
  // What a damaged segment lists may lie elsewhere too.
  for await (const { segment } of readIndex(vault, -1, () => undefined)) {
    for (const file of segment.chunkFiles) {
      decodeBlockTable(file.table, file.name)
      files.set(file.name, { ...file, table: Buffer.from(file.table) })
    }
  }
  const index = new VaultIndex(vault.keys.keyspace, files.values())
  return new BlockReader(index, [vault.chunkSource()], vault.keys, { budgetBytes: 8 * 1024 * 1024 })
}
