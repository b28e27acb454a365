import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'

/** RFC 3720 appendix B.4; the last is the check value of the algorithm's usual catalogue. */
test.each([
  [Buffer.alloc(32), 0x8a9136aa],
  [Buffer.alloc(32, 0xff), 0x62a8ab43],
  [Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
  [Buffer.from(Array.from({ length: 32 }, (_, index) => 31 - index)), 0x113fdb5c],
  [
    Buffer.from(
      '01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000',
      'hex',
    ),
    0xd9963a56,
  ],
  [Buffer.from('123456789'), 0xe3069283],
])('vector %#', (bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
})
