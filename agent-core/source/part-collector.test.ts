import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PointTree } from '../../test/support/point-tree.ts'
import { type ListRef } from '../format/paged-list.ts'
import { maxInlineParts, type Part } from '../format/tree.ts'
import { PartCollector } from './part-collector.ts'

const partOf = (number: number): Part => ({ sizeBytes: number + 1, id: new Uint8Array(32).fill(number % 251) })

async function collected(parts: readonly Part[]) {
  const point = new PointTree()
  const collector = new PartCollector((page) => point.put(page))
  for (const part of parts) collector.add(part)
  const result = collector.finish()
  const content = { splitting: { mode: 'content' as const }, parts: result, sparse: false }
  const read: Part[] = []
  for await (const part of point.tree.parts(content)) read.push(part)
  return { result, read }
}

test('no part gives no part', async () => {
  expect((await collected([])).result).toEqual([])
})

test('so many parts stay inline; one more goes into a list that tells their number and length', async () => {
  const parts = Array.from({ length: maxInlineParts }, (_, index) => partOf(index))
  expect((await collected(parts)).result).toEqual(parts)
  const { result, read } = await collected([...parts, partOf(maxInlineParts)])
  const total = (65 * 66) / 2
  expect(result as ListRef).toMatchObject({ level: 0, count: 65, totalBytes: total })
  expect(read).toEqual([...parts, partOf(maxInlineParts)])
})

test('property: neighbouring zeros are one part, everything else is kept in order', async () => {
  const arbitrary = fc.array(fc.record({ sizeBytes: fc.integer({ min: 1, max: 5000 }), isZeros: fc.boolean() }), {
    maxLength: 700,
  })
  await fc.assert(
    fc.asyncProperty(arbitrary, async (planned) => {
      const parts = planned.map(
        ({ sizeBytes, isZeros }, index): Part =>
          isZeros ? { sizeBytes, id: null } : { sizeBytes, id: new Uint8Array(32).fill(index) },
      )
      const expected: Part[] = []
      for (const part of parts) {
        const last = expected.at(-1)
        if (part.id === null && last?.id === null) {
          expected.splice(-1, 1, { sizeBytes: last.sizeBytes + part.sizeBytes, id: null })
        } else {
          expected.push(part)
        }
      }
      const { result, read } = await collected(parts)
      expect(read).toEqual(expected)
      expect('id' in result).toBe(expected.length > maxInlineParts)
    }),
    { numRuns: 60 },
  )
})
