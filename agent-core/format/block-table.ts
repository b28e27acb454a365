/**
 * The block table of a chunk file: docs/format/chunk-file.md, "Block table". Says where every extent lies and
 * which blocks it holds; it stands sealed in the file and, byte for byte, in the index. Pure: bytes ⇄ values.
 */
import {
  blockIdSizeBytes,
  extentHeaderSizeBytes,
  headerSizeBytes,
  isExtentSize,
  maxChunkFileSizeBytes,
  tagSizeBytes,
} from './chunk-file.ts'
import { ensure } from './invalid.ts'

/** Of an extent in a block table. */
const extentSizeBytes = 16

/** Where an extent lies: `offset` is that of its 24-byte header. */
export interface ExtentPlace {
  readonly offset: number
  readonly storedSizeBytes: number
  readonly rawSizeBytes: number
  readonly blockCount: number
}

export interface BlockTable {
  readonly extents: readonly ExtentPlace[]
  /** Ids of all blocks in the order of the file, 32 bytes each. */
  readonly ids: Uint8Array
  /** Raw lengths of all blocks in the order of the file. */
  readonly lengths: Uint32Array
}

/** Raw bytes of the block table: counts, 16 bytes an extent, 36 bytes a block. */
export function encodeBlockTable(table: BlockTable): Buffer {
  const extentCount = table.extents.length
  const blockCount = table.lengths.length
  const bytes = Buffer.allocUnsafe(8 + extentCount * extentSizeBytes + blockCount * (blockIdSizeBytes + 4))
  bytes.writeUInt32LE(extentCount, 0)
  bytes.writeUInt32LE(blockCount, 4)
  let at = 8
  for (const extent of table.extents) {
    bytes.writeUInt32LE(extent.offset, at)
    bytes.writeUInt32LE(extent.storedSizeBytes, at + 4)
    bytes.writeUInt32LE(extent.rawSizeBytes, at + 8)
    bytes.writeUInt32LE(extent.blockCount, at + 12)
    at += extentSizeBytes
  }
  for (const length of table.lengths) at = bytes.writeUInt32LE(length, at)
  bytes.set(table.ids.subarray(0, blockCount * blockIdSizeBytes), at)
  return bytes
}

/** The three parts of an encoded block table, over the same memory. */
export interface BlockTableParts {
  /** Counts and extents. */
  readonly head: Buffer
  /** 4 bytes a block. */
  readonly lengths: Buffer
  /** 32 bytes a block. */
  readonly ids: Buffer
}

/** Throws `format.invalid` when length and counts disagree. */
export function blockTableParts(bytes: Uint8Array, what = 'block table'): BlockTableParts {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  ensure(buffer.length >= 8, what, 0, 'cut off')
  const blockCount = buffer.readUInt32LE(4)
  const lengthsAt = 8 + buffer.readUInt32LE(0) * extentSizeBytes
  const idsAt = lengthsAt + blockCount * 4
  ensure(buffer.length === idsAt + blockCount * blockIdSizeBytes, what, 0, 'length and counts disagree')
  return {
    head: buffer.subarray(0, lengthsAt),
    lengths: buffer.subarray(lengthsAt, idsAt),
    ids: buffer.subarray(idsAt),
  }
}

/** The extents in the head of a block table, as they stand there: `decodeBlockTable` is what checks them. */
export function readExtents(head: Buffer): ExtentPlace[] {
  const extents: ExtentPlace[] = []
  for (let at = 8; at < head.length; at += extentSizeBytes) {
    extents.push({
      offset: head.readUInt32LE(at),
      storedSizeBytes: head.readUInt32LE(at + 4),
      rawSizeBytes: head.readUInt32LE(at + 8),
      blockCount: head.readUInt32LE(at + 12),
    })
  }
  return extents
}

/** Parses a block table and checks that extents and blocks agree; throws `format.invalid`. */
export function decodeBlockTable(bytes: Uint8Array, what = 'block table'): BlockTable {
  const parts = blockTableParts(bytes, what)
  const blockCount = parts.lengths.length / 4
  const lengths = new Uint32Array(blockCount)
  for (let block = 0; block < blockCount; block++) {
    const length = parts.lengths.readUInt32LE(block * 4)
    ensure(length > 0, what, parts.head.length + block * 4, 'a block without a byte')
    lengths[block] = length
  }
  const extents = readExtents(parts.head)
  let block = 0
  let nextOffset = headerSizeBytes
  for (const [number, extent] of extents.entries()) {
    const at = 8 + number * extentSizeBytes
    ensure(extent.offset === nextOffset, what, at, 'an extent does not follow the one before')
    nextOffset += extentHeaderSizeBytes + extent.storedSizeBytes
    ensure(nextOffset <= maxChunkFileSizeBytes, what, at + 4, 'an extent lies beyond any chunk file')
    ensure(extent.storedSizeBytes >= tagSizeBytes, what, at + 4, 'an extent is too short')
    ensure(isExtentSize(extent.rawSizeBytes, extent.blockCount), what, at + 8, 'an extent of impossible size')
    let rawSizeBytes = 0
    const end = block + extent.blockCount
    ensure(end <= blockCount, what, at + 12, 'an extent claims more blocks than there are')
    while (block < end) rawSizeBytes += lengths[block++] as number
    ensure(rawSizeBytes === extent.rawSizeBytes, what, at + 8, 'an extent and its blocks differ in length')
  }
  ensure(block === blockCount, what, 4, 'blocks without an extent')
  return { extents, ids: parts.ids, lengths }
}
