/**
 * The chunk file: docs/format/chunk-file.md. Plain header, sealed extents, sealed block table,
 * plain footer that repeats the header. Pure: bytes ⇄ values; sealing is `codec/seal-extent.ts`.
 * All integers are little-endian and unsigned unless said otherwise.
 */
import { crc32c } from './crc32c.ts'
import { ensure, invalid } from './invalid.ts'
import { ensureKnownVersion, formatVersion, knownFeatures } from './versions.ts'

export const headerSizeBytes = 512
export const footerSizeBytes = 512
export const extentHeaderSizeBytes = 24
/** Length of the GCM tag at the end of every sealed extent and table. */
export const tagSizeBytes = 16
export const blockIdSizeBytes = 32
/** Extent number of the block table: its nonce can never be that of an extent. */
export const tableExtentNumber = 0xffff_ffff
/** An extent of small blocks is closed at this many raw bytes. */
export const packedExtentSizeBytes = 256 * 1024
/** No block, and so no extent, is longer. */
export const maxBlockSizeBytes = 4 * 1024 * 1024
export const maxBlocksPerExtent = 4096
/** A reader refuses longer chunk files; a writer closes one at about 32 MiB. */
export const maxChunkFileSizeBytes = 256 * 1024 * 1024

const headerCookie = Buffer.from('THARSISC', 'latin1')
const footerCookie = Buffer.from('THARSISF', 'latin1')
const extentMagic = 0x31545854 // 'TXT1'
const tableMagic = 0x31425454 // 'TTB1'

export type ChunkKind = 'data' | 'tree'
const chunkKinds: readonly ChunkKind[] = ['data', 'tree']

export interface ChunkFileHeader {
  /** 16 random bytes. */
  readonly fileId: Uint8Array
  /** File id of the chunk file written before this one; zero bytes where there is none. May dangle. */
  readonly parentFileId: Uint8Array
  /** 16 bytes. */
  readonly keyspace: Uint8Array
  /** Epoch of the data key. */
  readonly epoch: number
  readonly kind: ChunkKind
  readonly createdAtMs: number
  /** 32 random bytes: with the data key they give this file's own key. */
  readonly salt: Uint8Array
  /** Feature bits that a reader need not know; absent when there are none. */
  readonly compatibleFeatures?: number
}

export interface ChunkFileFooter {
  readonly header: ChunkFileHeader
  readonly tableOffset: number
  /** Stored length of the sealed table with its 24-byte header. */
  readonly tableSizeBytes: number
  readonly extentCount: number
  readonly blockCount: number
  /** Length of the whole file, footer included. */
  readonly totalSizeBytes: number
  /** SHA-256 of all bytes before the footer. */
  readonly sha256: Uint8Array
}

/** Compression of an extent's blocks. */
export type Method = 'stored' | 'lz4' | 'zstd'
const methods: readonly Method[] = ['stored', 'lz4', 'zstd']

/** Number of `method` as it stands in headers. */
export function methodNumber(method: Method): number {
  return methods.indexOf(method)
}

/** Method of a number in a header; undefined when it is unknown. */
export function methodOf(number: number): Method | undefined {
  return methods[number]
}

export interface ExtentHeader {
  readonly number: number
  /** Bytes that follow the header: ciphertext and tag. */
  readonly storedSizeBytes: number
  /** Length of all blocks together, uncompressed. */
  readonly rawSizeBytes: number
  readonly method: Method
  readonly blockCount: number
}

/** The 512-byte header. */
export function encodeChunkFileHeader(header: ChunkFileHeader): Buffer {
  const bytes = Buffer.alloc(headerSizeBytes)
  writeHeaderFields(bytes, headerCookie, header)
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, headerSizeBytes - 4)), headerSizeBytes - 4)
  return bytes
}

/** Parses the first 512 bytes of a chunk file; throws `format.invalid` or `format.too-new`. */
export function decodeChunkFileHeader(bytes: Uint8Array, what = 'chunk-file header'): ChunkFileHeader {
  return readHeaderFields(view(bytes, headerSizeBytes, what), headerCookie, what)
}

/** The 512-byte footer. */
export function encodeChunkFileFooter(footer: ChunkFileFooter): Buffer {
  const bytes = Buffer.alloc(footerSizeBytes)
  writeHeaderFields(bytes, footerCookie, footer.header)
  bytes.writeBigUInt64LE(BigInt(footer.tableOffset), 112)
  bytes.writeUInt32LE(footer.tableSizeBytes, 120)
  bytes.writeUInt32LE(footer.extentCount, 124)
  bytes.writeUInt32LE(footer.blockCount, 128)
  bytes.writeBigUInt64LE(BigInt(footer.totalSizeBytes), 136)
  bytes.set(footer.sha256, 144)
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, footerSizeBytes - 4)), footerSizeBytes - 4)
  return bytes
}

/** Parses the last 512 bytes of a chunk file; throws `format.invalid` or `format.too-new`. */
export function decodeChunkFileFooter(bytes: Uint8Array, what = 'chunk-file footer'): ChunkFileFooter {
  const buffer = view(bytes, footerSizeBytes, what)
  const header = readHeaderFields(buffer, footerCookie, what)
  const footer: ChunkFileFooter = {
    header,
    tableOffset: Number(buffer.readBigUInt64LE(112)),
    tableSizeBytes: buffer.readUInt32LE(120),
    extentCount: buffer.readUInt32LE(124),
    blockCount: buffer.readUInt32LE(128),
    totalSizeBytes: Number(buffer.readBigUInt64LE(136)),
    sha256: Buffer.from(buffer.subarray(144, 176)),
  }
  ensure(footer.totalSizeBytes <= maxChunkFileSizeBytes, what, 136, 'longer than any chunk file')
  ensure(
    footer.tableOffset + footer.tableSizeBytes + footerSizeBytes === footer.totalSizeBytes,
    what,
    112,
    'table and footer do not end the file',
  )
  ensure(footer.tableOffset >= headerSizeBytes, what, 112, 'the table lies in the header')
  return footer
}

/**
 * What the block table authenticates of its file's header: bytes 8–111, which the footer repeats, so
 * that header and footer serve alike. The bytes behind are reserved and left out.
 */
export function headerAdditionalData(header: ChunkFileHeader): Uint8Array {
  return encodeChunkFileHeader(header).subarray(8, 112)
}

/** The 24-byte header of an extent, or of the table when `number` is `tableExtentNumber`. */
export function encodeExtentHeader(extent: ExtentHeader): Buffer {
  const bytes = Buffer.alloc(extentHeaderSizeBytes)
  bytes.writeUInt32LE(extent.number === tableExtentNumber ? tableMagic : extentMagic, 0)
  bytes.writeUInt32LE(extent.number, 4)
  bytes.writeUInt32LE(extent.storedSizeBytes, 8)
  bytes.writeUInt32LE(extent.rawSizeBytes, 12)
  bytes.writeUInt8(methodNumber(extent.method), 16)
  bytes.writeUInt16LE(extent.blockCount, 18)
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 20)), 20)
  return bytes
}

/** Parses an extent's (or the table's) 24-byte header; throws `format.invalid` at `offset`. */
export function decodeExtentHeader(bytes: Uint8Array, what: string, offset: number): ExtentHeader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  ensure(buffer.length >= extentHeaderSizeBytes, what, offset, 'an extent header is cut off')
  ensure(
    buffer.readUInt32LE(20) === crc32c(buffer.subarray(0, 20)),
    what,
    offset,
    'an extent header fails its check sum',
  )
  const magic = buffer.readUInt32LE(0)
  const number = buffer.readUInt32LE(4)
  ensure(magic === (number === tableExtentNumber ? tableMagic : extentMagic), what, offset, 'not an extent header')
  const method = methodOf(buffer.readUInt8(16))
  if (method === undefined) throw invalid(what, offset + 16, 'unknown compression method')
  const header: ExtentHeader = {
    number,
    storedSizeBytes: buffer.readUInt32LE(8),
    rawSizeBytes: buffer.readUInt32LE(12),
    method,
    blockCount: buffer.readUInt16LE(18),
  }
  ensure(header.storedSizeBytes >= tagSizeBytes, what, offset + 8, 'an extent is too short')
  ensure(
    header.storedSizeBytes <= maxChunkFileSizeBytes && header.rawSizeBytes <= maxChunkFileSizeBytes,
    what,
    offset + 8,
    'an extent is longer than any chunk file',
  )
  ensure(
    number === tableExtentNumber || isExtentSize(header.rawSizeBytes, header.blockCount),
    what,
    offset + 12,
    'an extent of impossible size',
  )
  return header
}

/** One block up to the longest, or many: 1 to 4,096 blocks that hold 1 byte to 4 MiB together. */
export function isExtentSize(rawSizeBytes: number, blockCount: number): boolean {
  return rawSizeBytes >= 1 && rawSizeBytes <= maxBlockSizeBytes && blockCount >= 1 && blockCount <= maxBlocksPerExtent
}

function view(bytes: Uint8Array, sizeBytes: number, what: string): Buffer {
  ensure(bytes.length === sizeBytes, what, 0, `${bytes.length} bytes instead of ${sizeBytes}`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function writeHeaderFields(bytes: Buffer, cookie: Buffer, header: ChunkFileHeader): void {
  bytes.set(cookie, 0)
  bytes.writeUInt16LE(formatVersion, 8)
  bytes.writeUInt16LE(chunkKinds.indexOf(header.kind) + 1, 10)
  bytes.writeUInt32LE(knownFeatures, 12)
  bytes.writeUInt32LE(header.compatibleFeatures ?? 0, 16)
  bytes.writeUInt32LE(header.epoch, 20)
  bytes.set(header.fileId, 24)
  bytes.set(header.parentFileId, 40)
  bytes.set(header.keyspace, 56)
  bytes.writeBigInt64LE(BigInt(header.createdAtMs), 72)
  bytes.set(header.salt, 80)
}

function readHeaderFields(bytes: Buffer, cookie: Buffer, what: string): ChunkFileHeader {
  ensure(bytes.subarray(0, 8).equals(cookie), what, 0, 'the cookie is missing')
  const checkAt = bytes.length - 4
  ensure(bytes.readUInt32LE(checkAt) === crc32c(bytes.subarray(0, checkAt)), what, checkAt, 'the check sum is wrong')
  ensureKnownVersion(what, bytes.readUInt16LE(8), bytes.readUInt32LE(12))
  const kind = chunkKinds[bytes.readUInt16LE(10) - 1]
  if (kind === undefined) throw invalid(what, 10, 'unknown kind')
  const createdAtMs = Number(bytes.readBigInt64LE(72))
  ensure(Number.isSafeInteger(createdAtMs), what, 72, 'an impossible time')
  const compatibleFeatures = bytes.readUInt32LE(16)
  return {
    kind,
    epoch: bytes.readUInt32LE(20),
    fileId: Buffer.from(bytes.subarray(24, 40)),
    parentFileId: Buffer.from(bytes.subarray(40, 56)),
    keyspace: Buffer.from(bytes.subarray(56, 72)),
    createdAtMs,
    salt: Buffer.from(bytes.subarray(80, 112)),
    ...(compatibleFeatures !== 0 && { compatibleFeatures }),
  }
}
