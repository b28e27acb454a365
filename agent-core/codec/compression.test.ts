import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compress, decompress } from './compression.ts'

const methods = ['lz4', 'zstd'] as const

test.each(methods)('what %s packs is unpacked', (method) => {
  const repeated = fc
    .tuple(fc.uint8Array({ maxLength: 50 }), fc.nat({ max: 200 }))
    .map(([piece, times]) => Buffer.concat(Array.from({ length: times }, () => Buffer.from(piece))))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 2_000 }), repeated), (raw) => {
      const packed = compress(raw, method)
      expect(packed.bytes.length).toBeLessThanOrEqual(raw.length)
      expect(Buffer.from(decompress(packed.bytes, packed.method, raw.length))).toEqual(Buffer.from(raw))
    }),
  )
})

test.each(methods)('random bytes are stored with %s, short and long', (method) => {
  for (const sizeBytes of [0, 1, 100, 65_535, 65_536, 4 * 1024 * 1024]) {
    const raw = randomBytes(sizeBytes)
    const packed = compress(raw, method)
    expect(packed.method).toBe('stored')
    expect(packed.bytes).toBe(raw)
  }
})

test.each(methods)('%s shortens text of every size', (method) => {
  for (const sizeBytes of [1_000, 65_536, 4 * 1024 * 1024]) {
    const packed = compress(Buffer.alloc(sizeBytes, 'Tharsis keeps what was.\n'), method)
    expect([packed.method, packed.bytes.length < sizeBytes / 8]).toEqual([method, true])
  }
})

test('zstd keeps what saves a hundredth, LZ4 does not', () => {
  const raw = Buffer.concat([randomBytes(400_000), Buffer.alloc(6_000)])
  expect(compress(raw, 'zstd').method).toBe('zstd')
  expect(compress(raw, 'lz4').method).toBe('stored')
})

test('a probe does not hide a compressible middle', () => {
  const raw = Buffer.concat([randomBytes(40_000), Buffer.alloc(80_000), randomBytes(40_000)])
  expect(compress(raw, 'lz4').method).toBe('lz4')
})

test('LZ4 is the block format: literals, a match at a distance, literals', () => {
  const block = Buffer.from('31616263030050' + '68656c6c6f', 'hex')
  expect(Buffer.from(decompress(block, 'lz4', 13)).toString()).toBe('abcabcabhello')
})

test('zstd is one frame of RFC 8878', () => {
  const frame = Buffer.concat([Buffer.from('28b52ffd2005290000', 'hex'), Buffer.from('hello')])
  expect(Buffer.from(decompress(frame, 'zstd', 5)).toString()).toBe('hello')
})

test.each(['stored', 'lz4', 'zstd'] as const)('another length than stated is refused: %s', (method) => {
  const raw = Buffer.alloc(1_000, 'ab')
  const bytes = method === 'stored' ? raw : compress(raw, method).bytes
  for (const wrong of [0, 1, 999, 1_001, 100_000]) expect(() => decompress(bytes, method, wrong)).toThrow(Error)
})

test('a frame that asks for a window of 128 MiB gets none', () => {
  // Frame header without single segment: window descriptor 0x88 is 2^(10 + 17) bytes; then one raw block.
  const frame = (descriptor: number) => Buffer.from(`28b52ffd00${descriptor.toString(16)}29000068656c6c6f`, 'hex')
  expect(Buffer.from(decompress(frame(0x68), 'zstd', 5)).toString()).toBe('hello')
  expect(() => decompress(frame(0x88), 'zstd', 5)).toThrow(/too much memory|window/i)
})

test.each(methods)('random bytes never unpack to more than was stated: %s', (method) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 1_000 }), (bytes, rawSizeBytes) => {
      let length = rawSizeBytes
      try {
        length = decompress(bytes, method, rawSizeBytes).length
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
      expect(length).toBe(rawSizeBytes)
    }),
    { numRuns: 1_000 },
  )
})
