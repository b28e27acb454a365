/** Rows of the base as the rest of the product sees them. */
import { fromHex, toHex } from '../base/bytes.ts'
import type { ChunkFileName, ItemId, KeyspaceId, PointId, VaultId } from '../contract/ids.ts'
import type { ExtentPlace } from '../format/block-table.ts'
import type { ChunkKind } from '../format/chunk-file.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'

/** Where a sealed object says which keyspace it is of. */
const keyspaceOffset = 24

/** Where a block lies. */
export interface BlockLocation {
  readonly chunk: number
  readonly extent: number
  /** Index among the extent's blocks. */
  readonly ordinal: number
  readonly sizeBytes: number
}

export interface KnownChunkFile {
  readonly number: number
  readonly keyspace: KeyspaceId
  readonly name: ChunkFileName
  readonly kind: ChunkKind
  readonly sizeBytes: number
  readonly epoch: number
  readonly salt: Uint8Array
  readonly extents: readonly ExtentPlace[]
}

/** A chunk file that a vault is known to hold. */
export interface PlacedChunkFile {
  readonly name: ChunkFileName
  readonly number: number
  readonly sizeBytes: number
}

/** A point as the base keeps it: the manifest's payload, and the sealed object as it goes to vaults. */
export interface CapturedPoint {
  readonly id: PointId
  readonly item: ItemId
  readonly sequence: number
  readonly manifest: Uint8Array
  readonly object: Uint8Array
}

/** True unless the point is sealed for another keyspace: its id stands in the header (docs/format/sealed-object.md). */
export function isOfKeyspace({ object }: CapturedPoint, keyspace: KeyspaceId): boolean {
  const sealedFor = Buffer.from(object.subarray(keyspaceOffset, keyspaceOffset + 16))
  return sealedFor.length < 16 || sealedFor.equals(fromHex(keyspace))
}

/** Everything one increment brings. Chunk files that were adopted before may be among the others. */
export interface Increment {
  readonly keyspace: KeyspaceId
  readonly point: CapturedPoint
  readonly chunkFiles: Iterable<IndexedChunkFile>
  readonly vaults: readonly VaultId[]
  /** File id of the last chunk file written, for the next one's parent link. */
  readonly lastFileId: Uint8Array | undefined
  /** How often each vault was distrusted when the capture began: what a vault lost since is still to be read again. */
  readonly distrustSeen?: ReadonlyMap<VaultId, number>
}

export interface ChunkFileRow {
  readonly number: number
  readonly keyspace: Buffer
  readonly name: Buffer
  readonly kind: ChunkKind
  readonly size_bytes: number
  readonly epoch: number
  readonly salt: Buffer
}

export interface PointRow {
  readonly id: PointId
  readonly item: ItemId
  readonly sequence: number
  readonly manifest: Buffer
  readonly object: Buffer
}

export function knownChunkFile(row: ChunkFileRow, extents: readonly ExtentPlace[]): KnownChunkFile {
  return {
    number: row.number,
    keyspace: toHex(row.keyspace) as KeyspaceId,
    name: toHex(row.name) as ChunkFileName,
    kind: row.kind,
    sizeBytes: row.size_bytes,
    epoch: row.epoch,
    salt: row.salt,
    extents,
  }
}

export function indexedChunkFile(row: ChunkFileRow, table: Uint8Array): IndexedChunkFile {
  return {
    name: toHex(row.name) as ChunkFileName,
    kind: row.kind,
    sizeBytes: row.size_bytes,
    epoch: row.epoch,
    salt: row.salt,
    table,
  }
}

export function capturedPoint(row: PointRow): CapturedPoint {
  const { id, item, sequence, manifest, object } = row
  return { id, item, sequence, manifest, object }
}
