import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fixedBlocks, grainOf, isZero } from './split-fixed.ts'

const gibibyte = 1024 ** 3

test('the grain follows the size, borders included', () => {
  expect(grainOf(0)).toBe(64 * 1024)
  expect(grainOf(64 * gibibyte)).toBe(64 * 1024)
  expect(grainOf(64 * gibibyte + 1)).toBe(256 * 1024)
  expect(grainOf(1024 * gibibyte)).toBe(256 * 1024)
  expect(grainOf(1024 * gibibyte + 1)).toBe(1024 * 1024)
  expect(grainOf(64 * 1024 * gibibyte)).toBe(1024 * 1024)
})

test('blocks are aligned, follow each other and cover the range', () => {
  const size = fc.integer({ min: 0, max: 5_000_000 })
  fc.assert(
    fc.property(size, size, size, (fileSizeBytes, a, b) => {
      const [from, to] = [Math.min(a, b, fileSizeBytes), Math.min(Math.max(a, b), fileSizeBytes)]
      const blocks = [...fixedBlocks(fileSizeBytes, 65_536, from, to)]
      let next = from - (from % 65_536)
      for (const block of blocks) {
        expect(block.offset).toBe(next)
        expect(block.offset % 65_536).toBe(0)
        expect(block.sizeBytes).toBe(Math.min(65_536, fileSizeBytes - block.offset))
        next = block.offset + block.sizeBytes
      }
      expect(from === to || next >= to).toBe(true)
    }),
  )
})

test('the last block of a file is short, and offsets pass 32 bits', () => {
  expect([...fixedBlocks(65_537, 65_536)]).toEqual([
    { offset: 0, sizeBytes: 65_536 },
    { offset: 65_536, sizeBytes: 1 },
  ])
  expect([...fixedBlocks(0, 65_536)]).toEqual([])
  const far = 64 * 1024 * gibibyte
  expect([...fixedBlocks(far + 5, 1024 * 1024, far - 1)]).toEqual([
    { offset: far - 1024 * 1024, sizeBytes: 1024 * 1024 },
    { offset: far, sizeBytes: 5 },
  ])
})

test('zeros are told from a single bit anywhere', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200_000 }),
      fc.nat(),
      fc.nat(7),
      fc.integer({ min: 0, max: 9 }),
      (length, position, bit, shift) => {
        const bytes = new Uint8Array(length + shift).subarray(shift)
        expect(isZero(bytes)).toBe(true)
        bytes[position % length] = 1 << bit
        expect(isZero(bytes)).toBe(false)
      },
    ),
  )
  expect(isZero(new Uint8Array(0))).toBe(true)
})
