/** A chunk file of a vault that no index segment names, as a segment would list it, from what it says of itself. */
import { examineChunkFile } from '../cache/examine-chunk-file.ts'
import { encodeBlockTable } from '../format/block-table.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import type { StoredChunkFile } from './scan-chunk-files.ts'
import type { VaultView } from './vault-view.ts'

/**
 * Reads the whole file. Undefined when it is not whole, of another keyspace, or gone. Throws what the vault itself throws.
 */
export async function describeStored(view: VaultView, stored: StoredChunkFile): Promise<IndexedChunkFile | undefined> {
  const { keys, layout } = view.vault
  const { header, table, name, wrong } = await examineChunkFile(view.chunkBytes(stored.name, stored.sizeBytes), {
    what: layout.chunk(stored.name),
    keysOf: (keyspace) => (keyspace === keys.keyspace ? keys : undefined),
    signal: view.task.signal,
  })
  if (wrong.length > 0 || name !== stored.name || header === undefined || table === undefined) return undefined
  const { kind, salt, epoch } = header
  return { name, kind, sizeBytes: stored.sizeBytes, salt, epoch, table: encodeBlockTable(table) }
}
