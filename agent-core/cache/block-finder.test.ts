import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testIdOf, testKeyspace, testVaultId, writeChunkFile } from '../../test/support/test-keys.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { type BaseDb, openBase } from './base-db.ts'
import { BlockFinder } from './block-finder.ts'

const block = (name: string, count = 400): Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.alloc(2000, `${name} ${index} `))

/** A base that counts how often it is asked for a place. */
function countingIndex(base: BaseDb) {
  const index = {
    lookUps: 0,
    locate: (id: Uint8Array) => {
      index.lookUps++
      return base.locate(id)
    },
    chunkFile: (number: number) => base.chunkFile(number),
    blockTable: (number: number) => base.blockTable(number),
  }
  return index
}

test('places are those of the base; blocks in the order of their files take one look-up a file', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  const [first, second] = [block('first'), block('second')]
  const files = [writeChunkFile(folder.path, first), writeChunkFile(folder.path, second)]
  base.mergeIndex(testVaultId, testKeyspace, 0, files, Buffer.alloc(32))
  const index = countingIndex(base)
  const finder = new BlockFinder(index, testKeyspace)
  const interleaved = first.flatMap((bytes, at) => [bytes, second[at] as Buffer])
  for (const bytes of interleaved) {
    const [expected] = base.locate(testIdOf(bytes))
    expect(finder.find(testIdOf(bytes))).toMatchObject({
      chunk: expected?.chunk,
      extent: expected?.extent,
      ordinal: expected?.ordinal,
    })
  }
  expect(index.lookUps).toBe(2)
  for (const bytes of interleaved.toReversed()) {
    const [expected] = base.locate(testIdOf(bytes))
    expect(finder.find(testIdOf(bytes))).toMatchObject({ extent: expected?.extent, ordinal: expected?.ordinal })
  }
})

test('a block that is nowhere, or in another keyspace, has no place', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  const [bytes] = block('foreign', 1) as [Buffer]
  const other = 'e'.repeat(32) as KeyspaceId
  base.mergeIndex(testVaultId, other, 0, [writeChunkFile(folder.path, [bytes])], Buffer.alloc(32))
  const finder = new BlockFinder(base, testKeyspace)
  expect(finder.find(testIdOf(bytes))).toBeUndefined()
  expect(finder.find(Buffer.alloc(32))).toBeUndefined()
})
