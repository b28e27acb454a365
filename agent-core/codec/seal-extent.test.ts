import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ChunkFileHeader,
  type ExtentHeader,
  encodeExtentHeader,
  extentHeaderSizeBytes,
} from '../format/chunk-file.ts'
import { encrypt, nonceOf } from './encryption.ts'
import { openExtent, openTable, sealExtent, sealTable } from './seal-extent.ts'

const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })
const key = Buffer.alloc(32, 1)
const seal = (number: number, blocks: readonly Uint8Array[], compression: 'lz4' | 'zstd' = 'lz4') => {
  const { pieces, storedSizeBytes } = sealExtent(
    key,
    number,
    Buffer.concat(blocks),
    blocks.map((block) => block.length),
    compression,
  )
  const bytes = Buffer.concat(pieces)
  expect(bytes.length).toBe(extentHeaderSizeBytes + storedSizeBytes)
  return bytes
}
const anyBlocks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 500 }), { minLength: 1, maxLength: 10 })

test('blocks come out as they went in', () => {
  fc.assert(
    fc.property(
      anyBlocks,
      fc.constantFrom('lz4' as const, 'zstd' as const),
      fc.nat({ max: 0xffff_fffe }),
      (blocks, compression, number) => {
        const opened = openExtent(key, number, seal(number, blocks, compression), 'file', 512).blocks
        expect(opened.map((block) => Buffer.from(block))).toEqual(blocks.map((block) => Buffer.from(block)))
      },
    ),
  )
})

test('a block of 4 MiB, random or zeros, is one extent', () => {
  for (const block of [randomBytes(4 * 1024 * 1024), Buffer.alloc(4 * 1024 * 1024)]) {
    expect(openExtent(key, 0, seal(0, [block]), 'file', 512).blocks).toEqual([block])
  }
})

test('every flipped bit, another number, another key and every cut are found', () => {
  const bytes = seal(3, [Buffer.from('one'), Buffer.alloc(100, 'two')])
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    expect(() => openExtent(key, 3, flipped, 'file', 512)).toThrow(invalid)
  }
  for (let size = 0; size < bytes.length; size++) {
    expect(() => openExtent(key, 3, bytes.subarray(0, size), 'file', 512)).toThrow(invalid)
  }
  expect(() => openExtent(key, 4, bytes, 'file', 512)).toThrow(invalid)
  expect(() => openExtent(Buffer.alloc(32, 2), 3, bytes, 'file', 512)).toThrow(invalid)
  expect(() => openExtent(key, 3, Buffer.concat([bytes, Buffer.of(0)]), 'file', 512)).toThrow(invalid)
})

/** An authentic extent with contents of our choice: what a writer with the key could forge. */
function forged(change: Partial<ExtentHeader>, plain: Buffer): Buffer {
  const header = encodeExtentHeader({
    number: 0,
    storedSizeBytes: plain.length + 16,
    rawSizeBytes: 4,
    method: 'stored',
    blockCount: 1,
    ...change,
  })
  return Buffer.concat([header, ...encrypt(key, nonceOf(0), header, [plain])])
}
const lengths = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer)

test.each([
  ['lengths that exceed the raw size', forged({}, Buffer.concat([lengths(5), Buffer.from('abcd')]))],
  ['lengths that fall short', forged({}, Buffer.concat([lengths(3), Buffer.from('abcd')]))],
  ['an empty block', forged({ blockCount: 2 }, Buffer.concat([lengths(4, 0), Buffer.from('abcd')]))],
  ['a length of 4 GiB', forged({ blockCount: 2 }, Buffer.concat([lengths(0xffff_ffff, 5), Buffer.from('abcd')]))],
  ['no lengths', forged({ blockCount: 4096 }, Buffer.from('abcd'))],
  ['another raw size', forged({ rawSizeBytes: 5 }, Buffer.concat([lengths(5), Buffer.from('abcd')]))],
  ['broken LZ4', forged({ method: 'lz4' }, Buffer.concat([lengths(4), Buffer.alloc(9, 0xff)]))],
  ['broken zstd', forged({ method: 'zstd' }, Buffer.concat([lengths(4), Buffer.alloc(9, 0xff)]))],
  [
    'LZ4 that grows',
    forged({ method: 'lz4' }, Buffer.concat([lengths(4), Buffer.from('1f61010000ffffffff00', 'hex')])),
  ],
])('an authentic extent with %s is refused', (_, bytes) => {
  expect(() => openExtent(key, 0, bytes, 'file', 512)).toThrow(invalid)
})

const header: ChunkFileHeader = {
  fileId: Buffer.alloc(16, 1),
  parentFileId: Buffer.alloc(16, 2),
  keyspace: Buffer.alloc(16, 3),
  epoch: 0,
  kind: 'data',
  createdAtMs: 5,
  salt: Buffer.alloc(32, 4),
  compatibleFeatures: 6,
}
const table = {
  extents: [{ offset: 512, storedSizeBytes: 20, rawSizeBytes: 3, blockCount: 2 }],
  ids: Buffer.alloc(64, 9),
  lengths: Uint32Array.of(1, 2),
}

test('a table is read back; every flipped bit and every change of its header is found', () => {
  const sealed = sealTable(key, header, table)
  expect(openTable(key, header, sealed, 'file', 600)).toEqual(table)
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = Buffer.from(sealed)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    expect(() => openTable(key, header, flipped, 'file', 600)).toThrow(invalid)
  }
  for (let size = 0; size < sealed.length; size++) {
    expect(() => openTable(key, header, sealed.subarray(0, size), 'file', 600)).toThrow(invalid)
  }
  const others: Partial<ChunkFileHeader>[] = [
    { fileId: Buffer.alloc(16) },
    { parentFileId: Buffer.alloc(16) },
    { keyspace: Buffer.alloc(16) },
    { epoch: 1 },
    { kind: 'tree' },
    { createdAtMs: 6 },
    { salt: Buffer.alloc(32) },
    { compatibleFeatures: 7 },
  ]
  for (const other of others) {
    expect(() => openTable(key, { ...header, ...other }, sealed, 'file', 600)).toThrow(invalid)
  }
})

test('an extent is no table and a table no extent', () => {
  expect(() => openTable(key, header, seal(0, [Buffer.from('x')]), 'file', 512)).toThrow(invalid)
  expect(() => openExtent(key, 0, sealTable(key, header, table), 'file', 512)).toThrow(invalid)
})
