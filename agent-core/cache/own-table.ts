/**
 * What a chunk file says of itself where an index has spoken wrongly of it: an index that lies in a cache may have rotted in
 * a way that no check sees. Header and footer are plain, the table is sealed under the key that the header names.
 */
import type { KeyObject } from 'node:crypto'
import { toHex } from '../base/bytes.ts'
import { chunkFileKey, type KeyspaceKeys } from '../codec/key-derivation.ts'
import { openTable } from '../codec/seal-extent.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import type { BlockTable } from '../format/block-table.ts'
import {
  blockIdSizeBytes,
  decodeChunkFileFooter,
  decodeChunkFileHeader,
  footerSizeBytes,
  headerSizeBytes,
} from '../format/chunk-file.ts'
import { ensure } from '../format/invalid.ts'

export interface OwnTable {
  readonly key: KeyObject
  readonly table: BlockTable
}

/**
 * `read` answers exactly `sizeBytes` from an offset of the file, undefined where it is not held; so does this. `sizeBytes`: of the file,
 * as the index has it. Throws `format.invalid` when the file is damaged, and what reading throws.
 */
export async function readOwnTable(
  read: (offset: number, sizeBytes: number) => Promise<Buffer | undefined>,
  { name, sizeBytes }: { readonly name: ChunkFileName; readonly sizeBytes: number },
  keys: KeyspaceKeys,
): Promise<OwnTable | undefined> {
  const what = `${name}.tcf`
  const first = await read(0, headerSizeBytes)
  if (first === undefined) return undefined
  const header = decodeChunkFileHeader(first, what)
  ensure(toHex(header.keyspace) === keys.keyspace, what, 0, 'it is of another keyspace')
  const last = await read(sizeBytes - footerSizeBytes, footerSizeBytes)
  if (last === undefined) return undefined
  const footer = decodeChunkFileFooter(last, what)
  const sealed = await read(footer.tableOffset, footer.tableSizeBytes)
  if (sealed === undefined) return undefined
  const key = chunkFileKey(keys, header.epoch, header.salt)
  return { key, table: openTable(key, header, sealed, what, footer.tableOffset) }
}

/** The place of a block; undefined when the table does not list it. */
export function placeIn({ extents, ids }: BlockTable, id: Uint8Array): { extent: number; ordinal: number } | undefined {
  let block = 0
  for (const [extent, { blockCount }] of extents.entries()) {
    for (let ordinal = 0; ordinal < blockCount; ordinal++, block++) {
      const at = block * blockIdSizeBytes
      if (Buffer.compare(ids.subarray(at, at + blockIdSizeBytes), id) === 0) return { extent, ordinal }
    }
  }
  return undefined
}
