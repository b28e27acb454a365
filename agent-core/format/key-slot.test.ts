import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'
import {
  decodeKeySlot,
  encodeKeySlot,
  type KeySlot,
  keySlotAdditionalData,
  keySlotSizeBytes,
  scryptCost,
} from './key-slot.ts'

const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))
const anySlot: fc.Arbitrary<KeySlot> = fc.record({
  kind: fc.constantFrom('passphrase' as const, 'recovery-code' as const),
  scrypt: fc.record({
    log2N: fc.integer({ min: 14, max: 17 }),
    r: fc.integer({ min: 1, max: 16 }),
    p: fc.constant(1),
  }),
  keyspace: bytes(16),
  createdAtMs: fc.maxSafeInteger(),
  salt: bytes(32),
  commitment: bytes(32),
  nonce: bytes(12),
  wrapped: bytes(48),
})

test('slots are read back', () => {
  fc.assert(
    fc.property(anySlot, (slot) => {
      const encoded = encodeKeySlot(slot)
      expect(encoded.length).toBe(keySlotSizeBytes)
      expect(decodeKeySlot(encoded)).toEqual(slot)
      expect(keySlotAdditionalData(encoded)).toEqual(encoded.subarray(0, 80))
    }),
  )
})

const [slot] = fc.sample(anySlot, { numRuns: 1, seed: 5 }) as [KeySlot]

test('every flipped bit is found', () => {
  for (let bit = 0; bit < keySlotSizeBytes * 8; bit++) {
    const flipped = encodeKeySlot(slot)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    expect(() => decodeKeySlot(flipped)).toThrow(invalid)
  }
})

test.each([
  ['cost that is too low', 12, 13],
  ['cost that is too high', 12, 21],
  ['a block size of 0', 13, 0],
  ['a block size that is too high', 13, 17],
  ['a parallelism of 0', 14, 0],
  ['a parallelism that is too high', 14, 2],
  ['another derivation', 11, 2],
  ['kind 0', 10, 0],
  ['an unknown kind', 10, 3],
  ['version 0', 8, 0],
])('a slot with %s is refused though its check sum fits', (_, offset, value) => {
  const encoded = encodeKeySlot(slot)
  encoded.writeUInt8(value, offset)
  encoded.writeUInt32LE(crc32c(encoded.subarray(0, 252)), 252)
  expect(() => decodeKeySlot(encoded)).toThrow(invalid)
})

test('parameters within each bound that need more than 256 MiB together are refused', () => {
  const within = { ...slot, scrypt: { log2N: 18, r: 8, p: 1 } }
  expect(decodeKeySlot(encodeKeySlot(within))).toEqual(within)
  expect(() => decodeKeySlot(encodeKeySlot({ ...slot, scrypt: { log2N: 18, r: 9, p: 1 } }))).toThrow('too much memory')
  expect(scryptCost(within.scrypt)).toBe(2 ** 21)
})

test('a later version is too new, another length is none', () => {
  const encoded = encodeKeySlot(slot)
  encoded.writeUInt16LE(2, 8)
  encoded.writeUInt32LE(crc32c(encoded.subarray(0, 252)), 252)
  expect(() => decodeKeySlot(encoded)).toThrow(expect.objectContaining({ code: 'format.too-new' }))
  expect(() => decodeKeySlot(encoded.subarray(1))).toThrow(invalid)
})
