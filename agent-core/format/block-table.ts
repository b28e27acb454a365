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
  const bytes = Buffer.allocUnsafe(8 + extentCount * 16 + blockCount * (blockIdSizeBytes + 4))
  bytes.writeUInt32LE(extentCount, 0)
  bytes.writeUInt32LE(blockCount, 4)
  let at = 8
  for (const extent of table.extents) {
    bytes.writeUInt32LE(extent.offset, at)
    bytes.writeUInt32LE(extent.storedSizeBytes, at + 4)
    bytes.writeUInt32LE(extent.rawSizeBytes, at + 8)
    bytes.writeUInt32LE(extent.blockCount, at + 12)
    at += 16
  }
  for (const length of table.lengths) at = bytes.writeUInt32LE(length, at)
  bytes.set(table.ids.subarray(0, blockCount * blockIdSizeBytes), at)
  return bytes
}

/** Parses a block table and checks that extents and blocks agree; throws `format.invalid`. */
export function decodeBlockTable(bytes: Uint8Array, what = 'block table'): BlockTable {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  ensure(buffer.length >= 8, what, 0, 'cut off')
  const extentCount = buffer.readUInt32LE(0)
  const blockCount = buffer.readUInt32LE(4)
  ensure(
    buffer.length === 8 + extentCount * 16 + blockCount * (blockIdSizeBytes + 4),
    what,
    0,
    'length and counts disagree',
  )
  const lengths = new Uint32Array(blockCount)
  const lengthsAt = 8 + extentCount * 16
  for (let block = 0; block < blockCount; block++) {
    const length = buffer.readUInt32LE(lengthsAt + block * 4)
    ensure(length > 0, what, lengthsAt + block * 4, 'a block without a byte')
    lengths[block] = length
  }
  const extents: ExtentPlace[] = []
  let block = 0
  let nextOffset = headerSizeBytes
  for (let number = 0; number < extentCount; number++) {
    const at = 8 + number * 16
    const extent = {
      offset: buffer.readUInt32LE(at),
      storedSizeBytes: buffer.readUInt32LE(at + 4),
      rawSizeBytes: buffer.readUInt32LE(at + 8),
      blockCount: buffer.readUInt32LE(at + 12),
    }
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
    extents.push(extent)
  }
  ensure(block === blockCount, what, 4, 'blocks without an extent')
  return { extents, ids: buffer.subarray(lengthsAt + blockCount * 4), lengths }
}

/**
 * Single blocks of an encoded block table, read where they stand: a look-up among thousands of tables needs no decoding.
 * The bytes are ones that `decodeBlockTable` has accepted; they must not be changed any more.
 */
export class BlockTableView {
  readonly bytes: Buffer
  readonly blockCount: number
  readonly #lengthsAt: number
  readonly #idsAt: number
  /** Of each extent: which block of the file is its first; counted when first needed. */
  #firstBlocks: Uint32Array | undefined

  /** Throws `format.invalid` when length and counts disagree. */
  constructor(bytes: Uint8Array, what = 'block table') {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    ensure(this.bytes.length >= 8, what, 0, 'cut off')
    this.blockCount = this.bytes.readUInt32LE(4)
    this.#lengthsAt = 8 + this.bytes.readUInt32LE(0) * 16
    this.#idsAt = this.#lengthsAt + this.blockCount * 4
    const sizeBytes = this.#idsAt + this.blockCount * blockIdSizeBytes
    ensure(this.bytes.length === sizeBytes, what, 0, 'length and counts disagree')
  }

  /** True when that block of the file has this id. */
  isAt(block: number, id: Uint8Array): boolean {
    if (block >= this.blockCount) return false
    const at = this.#idsAt + block * blockIdSizeBytes
    return this.bytes.compare(id, 0, blockIdSizeBytes, at, at + blockIdSizeBytes) === 0
  }

  /** Where that block of the file lies: its extent, its index among the extent's blocks, its raw length. */
  place(block: number): { readonly extent: number; readonly ordinal: number; readonly sizeBytes: number } {
    this.#firstBlocks ??= this.#countFirstBlocks()
    let low = 0
    let high = this.#firstBlocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#firstBlocks[middle] as number) <= block) low = middle
      else high = middle - 1
    }
    return {
      extent: low,
      ordinal: block - (this.#firstBlocks[low] as number),
      sizeBytes: this.bytes.readUInt32LE(this.#lengthsAt + block * 4),
    }
  }

  #countFirstBlocks(): Uint32Array {
    const firstBlocks = new Uint32Array((this.#lengthsAt - 8) / 16)
    let block = 0
    for (let extent = 0; extent < firstBlocks.length; extent++) {
      firstBlocks[extent] = block
      block += this.bytes.readUInt32LE(8 + extent * 16 + 12)
    }
    return firstBlocks
  }
}
