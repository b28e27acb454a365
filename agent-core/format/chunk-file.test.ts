import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BlockTable, decodeBlockTable, encodeBlockTable } from './block-table.ts'
import {
  type ChunkFileFooter,
  type ChunkFileHeader,
  decodeChunkFileFooter,
  decodeChunkFileHeader,
  decodeExtentHeader,
  type ExtentHeader,
  encodeChunkFileFooter,
  encodeChunkFileHeader,
  encodeExtentHeader,
  extentHeaderSizeBytes,
  headerAdditionalData,
  headerSizeBytes,
  maxBlockSizeBytes,
  maxBlocksPerExtent,
  maxChunkFileSizeBytes,
  tableExtentNumber,
} from './chunk-file.ts'
import { crc32c } from './crc32c.ts'

const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })
const fixedBytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))
const uint32 = fc.nat({ max: 0xffff_ffff })

const anyHeader: fc.Arbitrary<ChunkFileHeader> = fc
  .record({
    fileId: fixedBytes(16),
    parentFileId: fixedBytes(16),
    keyspace: fixedBytes(16),
    epoch: uint32,
    kind: fc.constantFrom('data' as const, 'tree' as const),
    createdAtMs: fc.maxSafeInteger(),
    salt: fixedBytes(32),
    features: uint32,
  })
  .map(({ features, ...header }) => ({ ...header, ...(features !== 0 && { compatibleFeatures: features }) }))

const anyFooter: fc.Arbitrary<ChunkFileFooter> = fc
  .record({
    header: anyHeader,
    tableOffset: fc.integer({ min: 512, max: 2 ** 27 }),
    tableSizeBytes: fc.nat({ max: 2 ** 26 }),
    extentCount: uint32,
    blockCount: uint32,
    sha256: fixedBytes(32),
  })
  .map((footer) => ({ ...footer, totalSizeBytes: footer.tableOffset + footer.tableSizeBytes + 512 }))

test('headers and footers are read back', () => {
  fc.assert(
    fc.property(anyFooter, (footer) => {
      const bytes = encodeChunkFileHeader(footer.header)
      expect(decodeChunkFileHeader(bytes)).toEqual(footer.header)
      expect(decodeChunkFileFooter(encodeChunkFileFooter(footer))).toEqual(footer)
    }),
  )
})

const [header] = fc.sample(anyHeader, { numRuns: 1, seed: 1 }) as [ChunkFileHeader]
const footer: ChunkFileFooter = {
  header,
  tableOffset: 1000,
  tableSizeBytes: 100,
  extentCount: 1,
  blockCount: 1,
  totalSizeBytes: 1612,
  sha256: Buffer.alloc(32, 1),
}

test('every flipped bit of a header or footer is found', () => {
  for (const [encoded, decode] of [
    [encodeChunkFileHeader(header), decodeChunkFileHeader],
    [encodeChunkFileFooter(footer), decodeChunkFileFooter],
  ] as const) {
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const flipped = Buffer.from(encoded)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(() => decode(flipped)).toThrow(invalid)
    }
  }
})

/** Bytes with a field changed and the check sum made to fit, as an attacker or a later version would. */
function patched(encoded: Buffer, offset: number, bytes: Uint8Array): Buffer {
  const copy = Buffer.from(encoded)
  copy.set(bytes, offset)
  copy.writeUInt32LE(crc32c(copy.subarray(0, copy.length - 4)), copy.length - 4)
  return copy
}

test('a later version and an unknown incompatible feature are too new, version 0 does not exist', () => {
  const encoded = encodeChunkFileHeader(header)
  const tooNew: unknown = expect.objectContaining({ code: 'format.too-new' })
  expect(() => decodeChunkFileHeader(patched(encoded, 8, Buffer.of(2, 0)))).toThrow(tooNew)
  expect(() => decodeChunkFileHeader(patched(encoded, 15, Buffer.of(0x80)))).toThrow(tooNew)
  expect(() => decodeChunkFileHeader(patched(encoded, 8, Buffer.of(0, 0)))).toThrow(invalid)
})

test('reserved bytes are ignored, so that a later version can use them', () => {
  for (const offset of [112, 300, 507]) {
    expect(decodeChunkFileHeader(patched(encodeChunkFileHeader(header), offset, Buffer.of(0xff)))).toEqual(header)
  }
  for (const offset of [132, 176, 507]) {
    expect(decodeChunkFileFooter(patched(encodeChunkFileFooter(footer), offset, Buffer.of(0xff)))).toEqual(footer)
  }
})

test('what the table authenticates is the same from header and footer', () => {
  const fromFooter = encodeChunkFileFooter(footer).subarray(8, 112)
  expect(Buffer.from(headerAdditionalData(header))).toEqual(fromFooter)
})

test.each([
  ['an unknown kind', 10, Buffer.of(3, 0)],
  ['kind 0', 10, Buffer.of(0, 0)],
  ['a time beyond all', 72, Buffer.alloc(8, 0x7f)],
  ['a table beyond the end', 112, Buffer.of(1)],
  ['a table offset of 64 bits', 119, Buffer.of(0x80)],
  ['a total size beyond all', 140, Buffer.of(1)],
])('a footer with %s is refused', (_, offset, bytes) => {
  expect(() => decodeChunkFileFooter(patched(encodeChunkFileFooter(footer), offset, bytes))).toThrow(invalid)
})

test('a table inside the header, a file over 256 MiB and another length are refused', () => {
  expect(() =>
    decodeChunkFileFooter(encodeChunkFileFooter({ ...footer, tableOffset: 511, tableSizeBytes: 589 })),
  ).toThrow(invalid)
  const tooLong = { ...footer, tableOffset: maxChunkFileSizeBytes, totalSizeBytes: maxChunkFileSizeBytes + 612 }
  expect(() => decodeChunkFileFooter(encodeChunkFileFooter(tooLong))).toThrow(invalid)
  expect(() => decodeChunkFileHeader(encodeChunkFileHeader(header).subarray(1))).toThrow(invalid)
})

const anyExtent: fc.Arbitrary<ExtentHeader> = fc.record({
  number: fc.nat({ max: tableExtentNumber - 1 }),
  storedSizeBytes: fc.integer({ min: 16, max: maxBlockSizeBytes + 1000 }),
  rawSizeBytes: fc.integer({ min: 1, max: maxBlockSizeBytes }),
  method: fc.constantFrom('stored' as const, 'lz4' as const, 'zstd' as const),
  blockCount: fc.integer({ min: 1, max: maxBlocksPerExtent }),
})

test('extent headers are read back, and every flipped bit is found', () => {
  fc.assert(
    fc.property(anyExtent, fc.nat({ max: extentHeaderSizeBytes * 8 - 1 }), (extent, bit) => {
      const encoded = encodeExtentHeader(extent)
      expect(decodeExtentHeader(encoded, 'file', 0)).toEqual(extent)
      encoded.writeUInt8(encoded.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(() => decodeExtentHeader(encoded, 'file', 0)).toThrow(invalid)
    }),
  )
})

const extent: ExtentHeader = { number: 1, storedSizeBytes: 16, rawSizeBytes: 1, method: 'stored', blockCount: 1 }
test.each([
  ['too short', { storedSizeBytes: 15 }],
  ['longer than a chunk file', { storedSizeBytes: maxChunkFileSizeBytes + 1 }],
  ['larger than a block', { rawSizeBytes: maxBlockSizeBytes + 1 }],
  ['empty', { rawSizeBytes: 0 }],
  ['without blocks', { blockCount: 0 }],
  ['with too many blocks', { blockCount: maxBlocksPerExtent + 1 }],
])('an extent %s is refused', (_, change) => {
  expect(() => decodeExtentHeader(encodeExtentHeader({ ...extent, ...change }), 'file', 7)).toThrow(invalid)
})

const anyTable: fc.Arbitrary<BlockTable> = fc
  .array(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 20 }), { maxLength: 20 })
  .map((extents) => {
    let offset = headerSizeBytes
    const places = extents.map((lengths) => {
      const rawSizeBytes = lengths.reduce((sum, length) => sum + length, 0)
      const place = { offset, storedSizeBytes: rawSizeBytes + 16, rawSizeBytes, blockCount: lengths.length }
      offset += extentHeaderSizeBytes + place.storedSizeBytes
      return place
    })
    const lengths = Uint32Array.from(extents.flat())
    return { extents: places, lengths, ids: Buffer.alloc(lengths.length * 32, 0xab) }
  })

test('block tables are read back; cut or longer ones are refused', () => {
  fc.assert(
    fc.property(anyTable, fc.nat(), (table, cut) => {
      const encoded = encodeBlockTable(table)
      expect(decodeBlockTable(encoded)).toEqual(table)
      expect(() => decodeBlockTable(encoded.subarray(0, cut % encoded.length))).toThrow(invalid)
      expect(() => decodeBlockTable(Buffer.concat([encoded, Buffer.of(0)]))).toThrow(invalid)
    }),
  )
})

const place = { offset: 512, storedSizeBytes: 18, rawSizeBytes: 2, blockCount: 2 }
const table: BlockTable = { extents: [place], lengths: Uint32Array.of(1, 1), ids: Buffer.alloc(64) }
test.each<readonly [string, Partial<BlockTable>]>([
  ['a gap', { extents: [{ ...place, offset: 513 }] }],
  ['an overlap', { extents: [{ ...place, offset: 511 }] }],
  ['more blocks than there are', { extents: [{ ...place, blockCount: 3 }] }],
  ['blocks without an extent', { extents: [{ ...place, blockCount: 1, rawSizeBytes: 1 }] }],
  ['another length', { extents: [{ ...place, rawSizeBytes: 3 }] }],
  ['an empty block', { lengths: Uint32Array.of(2, 0) }],
  ['no room for a tag', { extents: [{ ...place, storedSizeBytes: 15 }] }],
  ['an extent beyond all files', { extents: [{ ...place, storedSizeBytes: 0xffff_ffff }] }],
  [
    'an extent without blocks',
    { extents: [{ ...place, blockCount: 0, rawSizeBytes: 0 }], lengths: new Uint32Array(0), ids: Buffer.alloc(0) },
  ],
])('a table with %s is refused', (_, change) => {
  expect(decodeBlockTable(encodeBlockTable(table))).toEqual(table)
  expect(() => decodeBlockTable(encodeBlockTable({ ...table, ...change }))).toThrow(invalid)
})

test('huge counts are refused before anything is allocated', () => {
  expect(() => decodeBlockTable(Buffer.alloc(8, 0xff))).toThrow(invalid)
  expect(() => decodeBlockTable(Buffer.alloc(7))).toThrow(invalid)
})
