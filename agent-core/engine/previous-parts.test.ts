import { expect, test } from 'vitest'
import { PointTree } from '../../test/support/point-tree.ts'
import { fromHex } from '../base/bytes.ts'
import { openBase } from '../cache/base-db.ts'
import type { Content, Part } from '../format/tree.ts'
import { PartCollector } from '../source/part-collector.ts'
import { previousBlocks } from './previous-parts.ts'

const grainBytes = 64
const idOf = (number: number) => Buffer.alloc(32, number + 1)

/** A file of `count` blocks; every tenth is zeros, the last one is shorter. */
function fixedFile(count: number) {
  const point = new PointTree()
  const collector = new PartCollector((page) => point.put(page))
  for (let number = 0; number < count; number++) {
    const sizeBytes = number === count - 1 ? 10 : grainBytes
    const part: Part = number % 10 === 9 ? { sizeBytes, id: null } : { sizeBytes, id: idOf(number % 200) }
    collector.add(part)
  }
  const content: Content = { splitting: { mode: 'fixed', grainBytes }, parts: collector.finish(), sparse: false }
  return { point, content }
}

test.each([20, 5000])('answers the block at each offset of a file of %d blocks', (count) => {
  const { point, content } = fixedFile(count)
  using base = openBase(':memory:')
  base.pages.put([...point.blocks].map(([id, page]) => [fromHex(id), page] as const))
  const at = previousBlocks(content, base)
  for (let number = 0; number < count; number += 1 + (number % 3)) {
    const sizeBytes = number === count - 1 ? 10 : grainBytes
    const expected = number % 10 === 9 ? undefined : idOf(number % 200)
    expect(at(number * grainBytes, sizeBytes)?.[0]).toEqual(expected?.[0])
  }
  expect(at(count * grainBytes, grainBytes)).toBeUndefined()
})

test('a block of another length or at another place is not the one that was there', () => {
  const { content } = fixedFile(5)
  using base = openBase(':memory:')
  expect(previousBlocks(content, base)(0, grainBytes - 1)).toBeUndefined()
  expect(previousBlocks(content, base)(10, grainBytes)).toBeUndefined()
  expect(previousBlocks(content, base)(4 * grainBytes, grainBytes)).toBeUndefined()
})

test('knows nothing of files split by content, of new files, and where the base lacks the pages', () => {
  const { content } = fixedFile(5000)
  using base = openBase(':memory:')
  expect(previousBlocks(content, base)(0, grainBytes)).toBeUndefined()
  expect(previousBlocks(undefined, base)(0, grainBytes)).toBeUndefined()
  const byContent: Content = { ...fixedFile(5).content, splitting: { mode: 'content' } }
  expect(previousBlocks(byContent, base)(0, grainBytes)).toBeUndefined()
})
