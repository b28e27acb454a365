import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Splitting } from '../format/tree.ts'
import type { FileRange } from '../platform/posix.ts'
import { FileStretches, minHoleSizeBytes } from './file-stretches.ts'

const kib = 1024
const content: Splitting = { mode: 'content' }
const fixed: Splitting = { mode: 'fixed', grainBytes: 64 * kib }

function stretches(sizeKib: number, ranges: readonly (readonly [number, number])[], splitting = content) {
  const data = ranges.map(([from, until]) => ({ offset: from * kib, sizeBytes: (until - from) * kib }))
  const read = new FileStretches(data, sizeKib * kib, splitting)
  const found = [...read].map(({ from, until }) => [from / kib, until / kib])
  return { found, hasHoles: read.hasHoles }
}

test('a file without holes is one stretch', () => {
  expect(stretches(1000, [[0, 1000]])).toEqual({ found: [[0, 1000]], hasHoles: false })
  expect(stretches(1000, [[0, 1000]], fixed)).toEqual({ found: [[0, 1000]], hasHoles: false })
})

test('a file that is nothing but hole is not read', () => {
  expect(stretches(1000, [])).toEqual({ found: [], hasHoles: true })
  expect(stretches(100, [])).toEqual({ found: [], hasHoles: true })
})

test('content mode: a short hole is read, a long one is not', () => {
  expect(
    stretches(4000, [
      [0, 1000],
      [1255, 4000],
    ]),
  ).toEqual({ found: [[0, 4000]], hasHoles: true })
  expect(
    stretches(4000, [
      [0, 1000],
      [1256, 4000],
    ]),
  ).toEqual({
    found: [
      [0, 1000],
      [1256, 4000],
    ],
    hasHoles: true,
  })
})

test('content mode: the same at the beginning and at the end', () => {
  expect(stretches(4000, [[255, 3745]]).found).toEqual([[0, 4000]])
  expect(stretches(4000, [[256, 3744]]).found).toEqual([[256, 3744]])
})

test('content mode: a file of one block is read whole', () => {
  expect(
    stretches(512, [
      [4, 8],
      [400, 404],
    ]),
  ).toEqual({ found: [[0, 512]], hasHoles: true })
})

test('fixed mode: ranges are widened to the grid, and joined when they meet', () => {
  expect(
    stretches(
      1000,
      [
        [10, 20],
        [100, 110],
        [300, 310],
      ],
      fixed,
    ).found,
  ).toEqual([
    [0, 128],
    [256, 320],
  ])
  expect(
    stretches(
      1000,
      [
        [10, 20],
        [30, 40],
      ],
      fixed,
    ),
  ).toEqual({ found: [[0, 64]], hasHoles: true })
  expect(stretches(1000, [[980, 1000]], fixed).found).toEqual([[960, 1000]])
})

test('property: all data lies in stretches, which are ascending, apart, and inside the file', () => {
  const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 600 })), { maxLength: 30 })
  fc.assert(
    fc.property(gaps, fc.boolean(), fc.integer({ min: 1, max: 500 }), (pairs, isFixed, tailKib) => {
      const ranges: FileRange[] = []
      let at = 0
      for (const [gap, length] of pairs) {
        ranges.push({ offset: (at + gap) * kib, sizeBytes: length * kib })
        at += gap + length
      }
      const sizeBytes = (at + tailKib) * kib
      const found = [...new FileStretches(ranges, sizeBytes, isFixed ? fixed : content)]
      let end = -1
      for (const { from, until } of found) {
        expect(from).toBeGreaterThan(end)
        expect(until).toBeGreaterThan(from)
        if (!isFixed && end >= 0) expect(from - end).toBeGreaterThanOrEqual(minHoleSizeBytes)
        if (isFixed) expect(from % fixed.grainBytes).toBe(0)
        end = until
      }
      expect(end).toBeLessThanOrEqual(sizeBytes)
      for (const { offset, sizeBytes: length } of ranges) {
        expect(found.some(({ from, until }) => from <= offset && offset + length <= until)).toBe(true)
      }
    }),
  )
})
