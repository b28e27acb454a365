import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testChunkWriter, testIdOf, testKeys, testKeyspace, testVaultId } from '../../test/support/test-keys.ts'
import { sha256 } from '../codec/block-id.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import { maxBlockSizeBytes, packedExtentSizeBytes } from '../format/chunk-file.ts'
import { openBase } from './base-db.ts'
import { BlockReader, folderSource } from './chunk-reader.ts'
import type { CompleteChunkFile } from './chunk-writer.ts'
import { inspectChunkFile } from './local-chunk-file.ts'

test('a file takes its final name, the SHA-256 of its bytes, when it is whole', async () => {
  using folder = new TestFolder()
  const files: CompleteChunkFile[] = []
  const writer = testChunkWriter(folder.path, files)
  const block = Buffer.alloc(packedExtentSizeBytes, 'x')
  writer.add(testIdOf(block), block)
  const [open] = readdirSync(folder.path)
  expect(open).toMatch(/^\.open-[0-9a-f]{32}$/)
  writer.finish()
  const [file] = files as [CompleteChunkFile]
  expect(readdirSync(folder.path)).toEqual([`${file.name}.tcf`])
  expect(sha256(readFileSync(file.path)).toString('hex')).toBe(file.name)
  const { header, footer, extents } = await inspectChunkFile(file.path)
  expect(header).toMatchObject({ kind: 'data', salt: file.salt, fileId: file.fileId, epoch: 0 })
  expect(footer.totalSizeBytes).toBe(file.sizeBytes)
  expect(extents).toHaveLength(1)
})

test('a writer without a block makes no file', () => {
  using folder = new TestFolder()
  const files: CompleteChunkFile[] = []
  const writer = testChunkWriter(folder.path, files)
  writer.finish()
  expect(files).toEqual([])
  expect(readdirSync(folder.path)).toEqual([])
})

describe('extents', () => {
  const extentsOf = (sizes: readonly number[]) => {
    using folder = new TestFolder()
    const files: CompleteChunkFile[] = []
    const writer = testChunkWriter(folder.path, files)
    for (const [index, size] of sizes.entries()) {
      const block = Buffer.alloc(size, index)
      writer.add(testIdOf(block), block)
    }
    writer.finish()
    return decodeBlockTable((files[0] as CompleteChunkFile).table).extents.map((extent) => [
      extent.blockCount,
      extent.rawSizeBytes,
    ])
  }

  test('small blocks share one, up to its size', () => {
    const full = packedExtentSizeBytes
    expect(extentsOf([100, 200, 300])).toEqual([[3, 600]])
    expect(extentsOf([full - 100, 100, 1])).toEqual([
      [2, full],
      [1, 1],
    ])
    expect(extentsOf([full - 100, 101])).toEqual([
      [1, full - 100],
      [1, 101],
    ])
  })

  test('a large block has its own and keeps the order', () => {
    expect(extentsOf([10, packedExtentSizeBytes, 20])).toEqual([
      [1, 10],
      [1, packedExtentSizeBytes],
      [1, 20],
    ])
  })

  test('no more than 4,096 blocks share one', () => {
    expect(extentsOf(Array.from({ length: 4097 }, () => 1))).toEqual([
      [4096, 4096],
      [1, 1],
    ])
  })
})

test('a file is closed at its target size; the next one names it as its parent', async () => {
  using folder = new TestFolder()
  const files: CompleteChunkFile[] = []
  const parentFileId = Buffer.alloc(16, 9)
  const writer = testChunkWriter(folder.path, files, { parentFileId })
  for (let count = 0; count < 9; count++) {
    const block = randomBytes(maxBlockSizeBytes)
    writer.add(testIdOf(block), block)
  }
  writer.finish()
  expect(files).toHaveLength(2)
  const [first, second] = files as [CompleteChunkFile, CompleteChunkFile]
  expect(first.sizeBytes).toBeGreaterThanOrEqual(32 * 1024 * 1024)
  expect(first.sizeBytes).toBeLessThan(37 * 1024 * 1024)
  expect((await inspectChunkFile(first.path)).header.parentFileId).toEqual(parentFileId)
  expect((await inspectChunkFile(second.path)).header.parentFileId).toEqual(first.fileId)
  expect(Buffer.from(first.salt).equals(second.salt)).toBe(false)
})

test('property: every block comes back', async () => {
  const sizes = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 200_000, max: 300_000 }))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(sizes, fc.boolean()), { minLength: 1, maxLength: 25 }), async (planned) => {
      using folder = new TestFolder()
      const files: CompleteChunkFile[] = []
      const writer = testChunkWriter(folder.path, files)
      const blocks = planned.map(([size, isNoise], index) =>
        isNoise ? randomBytes(size) : Buffer.alloc(size, index + 1),
      )
      for (const block of blocks) writer.add(testIdOf(block), block)
      writer.finish()
      using base = openBase(':memory:')
      base.mergeIndex(testVaultId, testKeyspace, 0, files, Buffer.alloc(32))
      const reader = new BlockReader(base, [folderSource(folder.path)], testKeys)
      for (const block of blocks) expect(block.equals(await reader.read(testIdOf(block)))).toBe(true)
    }),
    { numRuns: 15 },
  )
})

test('blocks of no byte and of too many are refused', () => {
  using folder = new TestFolder()
  const writer = testChunkWriter(folder.path, [])
  expect(() => writer.add(Buffer.alloc(32), Buffer.alloc(0))).toThrow(RangeError)
  expect(() => writer.add(Buffer.alloc(32), Buffer.alloc(maxBlockSizeBytes + 1))).toThrow(RangeError)
})

test('what is given up leaves nothing, and the writer goes on with a new file', () => {
  using folder = new TestFolder()
  const files: CompleteChunkFile[] = []
  const writer = testChunkWriter(folder.path, files)
  const block = Buffer.alloc(packedExtentSizeBytes, 'x')
  writer.add(testIdOf(block), block)
  writer.add(testIdOf(Buffer.from('small')), Buffer.from('small'))
  writer.abandon()
  writer.finish()
  expect(readdirSync(folder.path)).toEqual([])
  writer.add(testIdOf(Buffer.from('later')), Buffer.from('later'))
  writer.finish()
  expect(files.map(({ table }) => decodeBlockTable(table).lengths)).toEqual([Uint32Array.of(5)])
})

test('a folder that is gone is an error of the cache', () => {
  const folder = new TestFolder()
  const writer = testChunkWriter(folder.path, [])
  rmSync(folder.path, { recursive: true })
  writer.add(testIdOf(Buffer.from('x')), Buffer.from('x'))
  expect(() => writer.finish()).toThrow(expect.objectContaining({ code: 'cache.failed' }))
  expect(existsSync(folder.path)).toBe(false)
})

test('a file is closed once it holds 65,536 blocks, however short they are', () => {
  using folder = new TestFolder()
  const files: CompleteChunkFile[] = []
  const writer = testChunkWriter(folder.path, files)
  const block = Buffer.alloc(4)
  for (let index = 0; index < 70_000; index++) {
    block.writeUInt32LE(index)
    writer.add(testIdOf(block), block)
  }
  writer.finish()
  const counts = files.map(({ table }) =>
    decodeBlockTable(table).extents.reduce((sum, { blockCount }) => sum + blockCount, 0),
  )
  expect(counts).toHaveLength(2)
  expect(counts[0]).toBeGreaterThanOrEqual(65_536)
  expect(counts.reduce((sum, count) => sum + count)).toBe(70_000)
})
