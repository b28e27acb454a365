import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeSealedHeader,
  encodeSealedHeader,
  maxSealedPayloadSizeBytes,
  maxSmallPayloadSizeBytes,
  type SealedHeader,
  sealedHeaderSizeBytes,
} from './sealed-object.ts'

const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })
const tooNew: unknown = expect.objectContaining({ code: 'format.too-new' })
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))
const withBody = (header: Buffer) => Buffer.concat([header, Buffer.alloc(16)])

test('headers are read back', () => {
  const anyHeader: fc.Arbitrary<SealedHeader> = fc.record({
    kind: fc.constantFrom(
      'index',
      'point',
      'confirmation',
      'definitions',
      'keyspace',
      'intent',
      'tombstone',
      'mark',
      'index-gone',
    ),
    method: fc.constantFrom('stored', 'lz4', 'zstd'),
    rawSizeBytes: fc.nat({ max: maxSmallPayloadSizeBytes }),
    keyspace: bytes(16),
    salt: bytes(32),
  })
  fc.assert(
    fc.property(anyHeader, (header) => {
      expect(decodeSealedHeader(withBody(encodeSealedHeader(header)), 'object')).toEqual(header)
    }),
  )
})

const header: SealedHeader = {
  kind: 'index',
  method: 'stored',
  rawSizeBytes: maxSealedPayloadSizeBytes,
  keyspace: Buffer.alloc(16),
  salt: Buffer.alloc(32),
}

test('only an index may be longer than 16 MiB, and none than 256 MiB', () => {
  const decode = (change: Partial<SealedHeader>) =>
    decodeSealedHeader(withBody(encodeSealedHeader({ ...header, ...change })), 'object')
  expect(decode({})).toEqual(header)
  expect(() => decode({ rawSizeBytes: maxSealedPayloadSizeBytes + 1 })).toThrow(invalid)
  expect(() => decode({ kind: 'point', rawSizeBytes: maxSmallPayloadSizeBytes + 1 })).toThrow(invalid)
})

test.each([
  ['another cookie', 0, 0x20, invalid],
  ['version 0', 8, 0, invalid],
  ['version 2', 8, 2, tooNew],
  ['kind 0', 10, 0, invalid],
  ['an unknown kind', 10, 200, invalid],
  ['an unknown method', 11, 3, invalid],
  ['an unknown feature', 19, 0x80, tooNew],
  ['another epoch', 20, 1, tooNew],
])('a header with %s is refused', (_, offset, value, error) => {
  const encoded = encodeSealedHeader(header)
  encoded.writeUInt8(value, offset)
  expect(() => decodeSealedHeader(withBody(encoded), 'object')).toThrow(error)
})

test('an object without room for a tag is cut off', () => {
  expect(() => decodeSealedHeader(Buffer.alloc(sealedHeaderSizeBytes + 15), 'object')).toThrow('cut off')
})
