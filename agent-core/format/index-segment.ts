/**
 * An index segment: docs/format/vault-layout.md. Says which chunk files a vault holds and what is in
 * them: for each, its name, its length, its kind and its block table, byte for byte as in the file.
 */

import { fromHex, toHex } from '../base/bytes.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { CborFields, type CborValue, cborMap, decodeCbor, encodeCbor } from './cbor.ts'
import { type ChunkKind, maxChunkFileSizeBytes } from './chunk-file.ts'
import { ensure } from './invalid.ts'

export interface IndexedChunkFile {
  readonly name: ChunkFileName
  readonly kind: ChunkKind
  /** Length of the whole chunk file. */
  readonly sizeBytes: number
  /** 32 bytes: the header's salt, from which the file's key is derived without reading its header. */
  readonly salt: Uint8Array
  readonly epoch: number
  /** The encoded block table (`decodeBlockTable`). */
  readonly table: Uint8Array
}

export interface IndexSegment {
  readonly chunkFiles: readonly IndexedChunkFile[]
  /** Sequence numbers of segments whose content this one repeats. */
  readonly supersedes: readonly number[]
  /** SHA-256 of those segments' objects, in the same order. */
  readonly supersededSha256?: readonly Uint8Array[]
}

export function encodeIndexSegment(segment: IndexSegment): Uint8Array {
  return encodeCbor(
    cborMap([
      [
        1,
        segment.chunkFiles.map((file) => [
          fromHex(file.name),
          file.kind === 'data' ? 1 : 2,
          file.sizeBytes,
          file.salt,
          file.epoch,
          file.table,
        ]),
      ],
      [2, segment.supersedes.length === 0 ? undefined : [...segment.supersedes]],
      [3, segment.supersededSha256 && [...segment.supersededSha256]],
    ]),
  )
}

/** Parses a segment's payload; throws `format.invalid`. */
export function decodeIndexSegment(bytes: Uint8Array, what: string): IndexSegment {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  const supersedes = fields.has(2) ? fields.array(2) : []
  const hashes = fields.has(3) ? fields.array(3) : undefined
  ensure(hashes === undefined || hashes.length === supersedes.length, what, 0, 'superseded segments and hashes differ')
  return {
    chunkFiles: fields.array(1).map((file) => decodeIndexedFile(file, what)),
    supersedes: supersedes.map((sequence) => {
      ensure(isCount(sequence), what, 0, 'a superseded segment without a number')
      return sequence
    }),
    ...(hashes && {
      supersededSha256: hashes.map((hash) => {
        ensure(hash instanceof Uint8Array && hash.length === 32, what, 0, 'a superseded segment without a SHA-256')
        return hash
      }),
    }),
  }
}

function decodeIndexedFile(value: CborValue, what: string): IndexedChunkFile {
  ensure(Array.isArray(value) && value.length >= 6, what, 0, 'not an indexed chunk file')
  const [name, kind, sizeBytes, salt, epoch, table] = value as readonly CborValue[]
  ensure(name instanceof Uint8Array && name.length === 32, what, 0, 'a chunk file without a name')
  ensure(kind === 1 || kind === 2, what, 0, 'a chunk file of unknown kind')
  ensure(isCount(sizeBytes) && sizeBytes <= maxChunkFileSizeBytes, what, 0, 'a chunk file without a length')
  ensure(salt instanceof Uint8Array && salt.length === 32, what, 0, 'a chunk file without a salt')
  ensure(isCount(epoch), what, 0, 'a chunk file without an epoch')
  ensure(table instanceof Uint8Array, what, 0, 'a chunk file without a table')
  return { name: toHex(name) as ChunkFileName, kind: kind === 1 ? 'data' : 'tree', sizeBytes, salt, epoch, table }
}

function isCount(value: CborValue | undefined): value is number {
  return typeof value === 'number' && value >= 0
}
