/** What the base keeps: its tables, and its rows as the rest of the product sees them. */
import { toHex } from '../base/bytes.ts'
import type { ChunkFileName, ItemId, KeyspaceId, PointId, VaultId } from '../contract/ids.ts'
import { decodeBlockTable, type ExtentPlace } from '../format/block-table.ts'
import type { ChunkKind } from '../format/chunk-file.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'

export const baseSchema = `
  CREATE TABLE chunk_file (
    number INTEGER PRIMARY KEY, keyspace BLOB NOT NULL, name BLOB NOT NULL UNIQUE, kind TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, epoch INTEGER NOT NULL, salt BLOB NOT NULL, block_table BLOB NOT NULL
  ) STRICT;
  CREATE TABLE block (
    id BLOB NOT NULL, chunk INTEGER NOT NULL, extent INTEGER NOT NULL, ordinal INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
    PRIMARY KEY (id, chunk)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE placement (
    vault TEXT NOT NULL, chunk INTEGER NOT NULL, placed INTEGER NOT NULL, PRIMARY KEY (vault, chunk)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE index_seen (
    vault TEXT NOT NULL, keyspace BLOB NOT NULL, sequence INTEGER NOT NULL, sha256 BLOB NOT NULL,
    PRIMARY KEY (vault, keyspace, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tree_page (id BLOB PRIMARY KEY, page BLOB NOT NULL) STRICT;
  CREATE TABLE point (
    id TEXT PRIMARY KEY, item TEXT NOT NULL, sequence INTEGER NOT NULL, manifest BLOB NOT NULL, object BLOB NOT NULL
  ) STRICT;
  CREATE TABLE transfer (
    vault TEXT NOT NULL, point TEXT NOT NULL, confirmed INTEGER NOT NULL, PRIMARY KEY (vault, point)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE base (item TEXT PRIMARY KEY, point TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE fact (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
`

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

/** A point as the base keeps it: the manifest's payload, and the sealed object as it goes to vaults. */
export interface CapturedPoint {
  readonly id: PointId
  readonly item: ItemId
  readonly sequence: number
  readonly manifest: Uint8Array
  readonly object: Uint8Array
}

/** Everything one increment brings. */
export interface Increment {
  readonly keyspace: KeyspaceId
  readonly point: CapturedPoint
  readonly chunkFiles: readonly IndexedChunkFile[]
  readonly vaults: readonly VaultId[]
  /** File id of the last chunk file written, for the next one's parent link. */
  readonly lastFileId: Uint8Array | undefined
}

export interface ChunkFileRow {
  readonly number: number
  readonly keyspace: Buffer
  readonly name: Buffer
  readonly kind: ChunkKind
  readonly size_bytes: number
  readonly epoch: number
  readonly salt: Buffer
  readonly block_table: Buffer
}

export interface PointRow {
  readonly id: PointId
  readonly item: ItemId
  readonly sequence: number
  readonly manifest: Buffer
  readonly object: Buffer
}

export function knownChunkFile(row: ChunkFileRow): KnownChunkFile {
  return {
    number: row.number,
    keyspace: toHex(row.keyspace) as KeyspaceId,
    name: toHex(row.name) as ChunkFileName,
    kind: row.kind,
    sizeBytes: row.size_bytes,
    epoch: row.epoch,
    salt: row.salt,
    extents: decodeBlockTable(row.block_table, toHex(row.name)).extents,
  }
}

export function indexedChunkFile(row: ChunkFileRow): IndexedChunkFile {
  return {
    name: toHex(row.name) as ChunkFileName,
    kind: row.kind,
    sizeBytes: row.size_bytes,
    epoch: row.epoch,
    salt: row.salt,
    table: row.block_table,
  }
}

export function capturedPoint(row: PointRow): CapturedPoint {
  const { id, item, sequence, manifest, object } = row
  return { id, item, sequence, manifest, object }
}
