import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { ChunkFileName, KeyspaceId } from '../contract/ids.ts'
import { encodeBlockTable } from '../format/block-table.ts'
import { blockIdSizeBytes } from '../format/chunk-file.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { VaultIndex } from './vault-index.ts'

const keyspace = '1'.repeat(32) as KeyspaceId

function chunkFile(number: number, ids: Buffer, perExtent: number): IndexedChunkFile {
  const blocks = ids.length / blockIdSizeBytes
  const extents = []
  let offset = 512
  for (let block = 0; block < blocks; block += perExtent) {
    const blockCount = Math.min(perExtent, blocks - block)
    extents.push({ offset, storedSizeBytes: 100, rawSizeBytes: blockCount * 10, blockCount })
    offset += 124
  }
  const table = encodeBlockTable({ extents, ids, lengths: new Uint32Array(blocks).fill(10) })
  const name = number.toString(16).padStart(64, '0') as ChunkFileName
  return { name, kind: 'data', sizeBytes: offset + 1000, salt: Buffer.alloc(32), epoch: 0, table }
}

test('blocks are found in all their copies, with their extents and damages', () => {
  const ids = randomBytes(10 * blockIdSizeBytes)
  const at = (index: number) => ids.subarray(index * blockIdSizeBytes, (index + 1) * blockIdSizeBytes)
  const index = new VaultIndex(keyspace, [chunkFile(1, ids, 4), chunkFile(2, Buffer.from(ids.subarray(0, 64)), 2)])
  expect(index.blockCount).toBe(12)
  expect(index.copies(at(1))).toEqual([1, 11])
  expect(index.copies(at(9))).toEqual([9])
  expect(index.copies(randomBytes(32))).toEqual([])
  expect(index.locate(at(5))).toEqual([{ chunk: 0, extent: 1, ordinal: 1, sizeBytes: 10 }])
  expect(index.offsetOf(9)).toBe(512 + 2 * 124)
  expect(index.fileOf(10).name).toBe(index.files[1]?.name)
  const [file] = index.files
  if (file === undefined) throw new Error('no file')
  index.markDamaged(file, [0, 1], 7)
  index.markDamaged(file, [0, 2], 8)
  expect([...index.damagedBlocks()].map((block) => index.damageOf(block))).toEqual([7, 7, 7, 7, 8, 8, 8, 8])
  expect(index.locate(at(1))).toEqual([{ chunk: 1, extent: 0, ordinal: 1, sizeBytes: 10 }])
})

test('an empty index knows nothing', () => {
  const index = new VaultIndex(keyspace, [])
  expect(index.copies(randomBytes(32))).toEqual([])
  expect([...index.damagedBlocks()]).toEqual([])
})

test('a million blocks take little memory', () => {
  const before = process.memoryUsage().arrayBuffers
  const files = Array.from({ length: 100 }, (_, number) =>
    chunkFile(number, randomBytes(10_000 * blockIdSizeBytes), 250),
  )
  const index = new VaultIndex(keyspace, files)
  expect(index.blockCount).toBe(1_000_000)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(160 * 1024 * 1024)
  const table = files[57]?.table as Uint8Array
  expect(index.copies(table.subarray(table.length - 32))).toEqual([579_999])
})
