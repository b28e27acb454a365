/**
 * One extent ⇄ its blocks: docs/format/chunk-file.md, "Extents". The unit that is compressed and
 * sealed: [block lengths, u32 each][method(blocks)], AES-256-GCM under the chunk file's key, nonce =
 * extent number, additional data = the plain 24-byte header.
 */
import type { CipherKey } from 'node:crypto'
import { releaseBytes } from '../base/bytes.ts'
import { type BlockTable, decodeBlockTable, encodeBlockTable } from '../format/block-table.ts'
import {
  type ChunkFileHeader,
  decodeExtentHeader,
  encodeExtentHeader,
  extentHeaderSizeBytes,
  headerAdditionalData,
  tableExtentNumber,
  tagSizeBytes,
} from '../format/chunk-file.ts'
import { ensure, invalid } from '../format/invalid.ts'
import { type Compression, compress, decompress } from './compression.ts'
import { decrypt, encrypt, nonceOf } from './encryption.ts'

export interface OpenedExtent {
  /** Each block's plain bytes, views of `raw`. */
  readonly blocks: readonly Uint8Array[]
  /** All blocks together, in a buffer that belongs to the caller. */
  readonly raw: Uint8Array
}

/**
 * Seals `raw` (the blocks, one after the other; their lengths in `lengths`) as extent `number`.
 * Returns the pieces to write in order: header, ciphertext, tag.
 */
export function sealExtent(
  key: CipherKey,
  number: number,
  raw: Uint8Array,
  lengths: readonly number[],
  compression: Compression,
): { readonly pieces: readonly Uint8Array[]; readonly storedSizeBytes: number } {
  const { method, bytes } = compress(raw, compression)
  const lengthBytes = Buffer.allocUnsafe(lengths.length * 4)
  for (const [index, length] of lengths.entries()) lengthBytes.writeUInt32LE(length, index * 4)
  const storedSizeBytes = lengthBytes.length + bytes.length + tagSizeBytes
  const header = encodeExtentHeader({
    number,
    storedSizeBytes,
    rawSizeBytes: raw.length,
    method,
    blockCount: lengths.length,
  })
  return { pieces: [header, ...encrypt(key, nonceOf(number), header, [lengthBytes, bytes])], storedSizeBytes }
}

/**
 * Opens an extent from its header on; `bytes` is exactly header and sealed part. Authenticates
 * before it decompresses; the output is bounded by the header. Throws `format.invalid` with `offset`
 * (the extent's place in the file) when anything is wrong.
 */
export function openExtent(
  key: CipherKey,
  number: number,
  bytes: Uint8Array,
  what: string,
  offset: number,
): OpenedExtent {
  const header = decodeExtentHeader(bytes, what, offset)
  ensure(header.number === number, what, offset + 4, 'another extent stands in its place')
  ensure(bytes.length === extentHeaderSizeBytes + header.storedSizeBytes, what, offset + 8, 'an extent is cut off')
  const plain = decrypt(
    key,
    nonceOf(number),
    bytes.subarray(0, extentHeaderSizeBytes),
    bytes.subarray(extentHeaderSizeBytes),
  )
  if (plain === undefined) throw invalid(what, offset, 'an extent fails its authentication')
  const lengthsSizeBytes = header.blockCount * 4
  ensure(plain.length >= lengthsSizeBytes, what, offset, 'an extent is shorter than its block lengths')
  let raw: Uint8Array
  try {
    raw = decompress(plain.subarray(lengthsSizeBytes), header.method, header.rawSizeBytes)
  } catch (error) {
    throw invalid(what, offset, 'an extent cannot be decompressed', error)
  }
  const blocks: Uint8Array[] = []
  let at = 0
  for (let index = 0; index < header.blockCount; index++) {
    const length = plain.readUInt32LE(index * 4)
    ensure(length > 0, what, offset, 'a block without a byte')
    blocks.push(raw.subarray(at, at + length))
    at += length
  }
  if (raw.buffer !== plain.buffer) releaseBytes(plain)
  ensure(at === raw.length, what, offset, 'block lengths do not fill their extent')
  return { blocks, raw }
}

/** Seals a chunk file's block table; additional data: its 24-byte header, then bytes 8–111 of the file's header. */
export function sealTable(key: CipherKey, header: ChunkFileHeader, table: BlockTable): Buffer {
  const raw = encodeBlockTable(table)
  const tableHeader = encodeExtentHeader({
    number: tableExtentNumber,
    storedSizeBytes: raw.length + tagSizeBytes,
    rawSizeBytes: raw.length,
    method: 'stored',
    blockCount: 0,
  })
  const additionalData = Buffer.concat([tableHeader, headerAdditionalData(header)])
  return Buffer.concat([tableHeader, ...encrypt(key, nonceOf(tableExtentNumber), additionalData, [raw])])
}

/** Opens a sealed table (its 24-byte header first); throws `format.invalid` at `offset`. */
export function openTable(
  key: CipherKey,
  header: ChunkFileHeader,
  bytes: Uint8Array,
  what: string,
  offset: number,
): BlockTable {
  const tableHeader = decodeExtentHeader(bytes, what, offset)
  ensure(tableHeader.number === tableExtentNumber && tableHeader.method === 'stored', what, offset, 'not a block table')
  ensure(
    bytes.length === extentHeaderSizeBytes + tableHeader.storedSizeBytes,
    what,
    offset + 8,
    'the block table is cut off',
  )
  const additionalData = Buffer.concat([bytes.subarray(0, extentHeaderSizeBytes), headerAdditionalData(header)])
  const raw = decrypt(key, nonceOf(tableExtentNumber), additionalData, bytes.subarray(extentHeaderSizeBytes))
  if (raw === undefined) throw invalid(what, offset, 'the block table fails its authentication')
  ensure(raw.length === tableHeader.rawSizeBytes, what, offset + 12, 'the block table has another length')
  return decodeBlockTable(raw, what)
}
