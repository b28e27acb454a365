import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testIdOf, testKeys, testKeyspace, testVaultId, writeChunkFile } from '../../test/support/test-keys.ts'
import { AgentError } from '../base/agent-error.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { openBase } from './base-db.ts'
import type { KnownChunkFile } from './base-rows.ts'
import { BlockReader, type ChunkSource, folderSource } from './chunk-reader.ts'

const block = Buffer.from('a block of some file')
const second = Buffer.alloc(300_000, 'y')

/** Two folders with the same chunk file, such as cache and vault. */
function twoCopies(blocks: readonly Buffer[] = [block, second]) {
  const cache = new TestFolder()
  const vault = new TestFolder()
  const base = openBase(':memory:')
  const file = writeChunkFile(cache.path, blocks)
  const copy = vault.at(`${file.name}.tcf`)
  writeFileSync(copy, readFileSync(file.path))
  base.mergeIndex(testVaultId, testKeyspace, 0, [file], Buffer.alloc(32))
  const sources = [folderSource(cache.path), folderSource(vault.path)]
  const dispose = () => {
    base.close()
    cache[Symbol.dispose]()
    vault[Symbol.dispose]()
  }
  return { file, copy, base, sources, [Symbol.dispose]: dispose }
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path)
  bytes[offset] = (bytes[offset] as number) ^ 1
  writeFileSync(path, bytes)
}

describe('a block is read from the first source that has it whole', () => {
  test.each<[string, (path: string) => void]>([
    ['whole', () => undefined],
    ['missing', (path) => rmSync(path)],
    ['cut off', (path) => truncateSync(path, 520)],
    ['empty', (path) => truncateSync(path, 0)],
    ['a flipped bit of an extent', (path) => flip(path, 540)],
    ['a flipped bit of an extent header', (path) => flip(path, 513)],
  ])('the first copy is %s', async (_what, damage) => {
    using copies = twoCopies()
    damage(copies.file.path)
    const reader = new BlockReader(copies.base, copies.sources, testKeys)
    expect(block.equals(await reader.read(testIdOf(block)))).toBe(true)
    expect(second.equals(await reader.read(testIdOf(second)))).toBe(true)
  })
})

test('an extent that several ask for at once is fetched once', async () => {
  using copies = twoCopies()
  let fetched = 0
  const slow = (source: ChunkSource): ChunkSource => ({
    label: source.label,
    read: async (...given) => {
      fetched++
      return await source.read(...given)
    },
  })
  const reader = new BlockReader(copies.base, copies.sources.map(slow), testKeys)
  const blocks = await Promise.all([1, 2, 3].map(async () => await reader.read(testIdOf(block))))
  expect(blocks.every((one) => block.equals(one))).toBe(true)
  expect(fetched).toBe(1)
})

test('of two vaults each is asked for itself, also by several at once', async () => {
  using copies = twoCopies()
  flip(copies.file.path, 540)
  const alike = copies.sources.map((source): ChunkSource => ({ ...source, label: 'vault' }))
  const reader = new BlockReader(copies.base, alike, testKeys)
  const late = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return await reader.read(testIdOf(block))
  }
  const blocks = await Promise.all([reader.read(testIdOf(block)), late(), reader.read(testIdOf(block)), late()])
  expect(blocks.every((one) => block.equals(one))).toBe(true)
})

describe('an index that has rotted', () => {
  const rotten = (file: KnownChunkFile): Record<string, KnownChunkFile> => ({
    'the salt': { ...file, salt: Buffer.from(file.salt).fill(1, 3, 4) },
    'the epoch': { ...file, epoch: file.epoch + 1 },
    'the place of an extent': {
      ...file,
      extents: file.extents.map((place) => ({ ...place, offset: place.offset + 8 })),
    },
    'the length of an extent': {
      ...file,
      extents: file.extents.map((place) => ({ ...place, storedSizeBytes: place.storedSizeBytes - 1 })),
    },
    'the extents': { ...file, extents: [] },
  })

  test('the file itself tells where its blocks are, and what is not in it stays damage', async () => {
    using copies = twoCopies()
    const { base, sources } = copies
    for (const [what, wrong] of Object.entries(rotten(base.chunkFile(1)))) {
      const index = { locate: (id: Uint8Array) => base.locate(id), chunkFile: () => wrong }
      const reader = new BlockReader(index, sources, testKeys)
      expect(block.equals(await reader.read(testIdOf(block))), what).toBe(true)
      expect(second.equals(await reader.read(testIdOf(second))), what).toBe(true)
      const elsewhere = { locate: () => base.locate(testIdOf(block)), chunkFile: () => wrong }
      const damage = new BlockReader(elsewhere, sources, testKeys).read(Buffer.alloc(32, 7))
      await expect(damage, what).rejects.toBeInstanceOf(AgentError)
    }
  })

  test('a wrong place within a file is put right by the file', async () => {
    using copies = twoCopies()
    const { base, sources } = copies
    const locate = (id: Uint8Array) => base.locate(id).map((place) => ({ ...place, ordinal: place.ordinal + 5 }))
    const reader = new BlockReader({ locate, chunkFile: (number) => base.chunkFile(number) }, sources, testKeys)
    expect(block.equals(await reader.read(testIdOf(block)))).toBe(true)
  })
})

test('without a whole copy the damage is named with object and offset', async () => {
  using copies = twoCopies()
  for (const path of [copies.file.path, copies.copy]) flip(path, 540)
  const reader = new BlockReader(copies.base, copies.sources, testKeys)
  const { name } = copies.file
  const object = `chunks/${name.slice(0, 2)}/${name}.tcf`
  await expect(reader.read(testIdOf(block))).rejects.toMatchObject({
    code: 'vault.damaged',
    data: { object, offset: 512 },
  })
  expect(second.equals(await reader.read(testIdOf(second)))).toBe(true)
})

test('a chunk file that is nowhere, and a block that no index names, are damage', async () => {
  using copies = twoCopies()
  for (const path of [copies.file.path, copies.copy]) rmSync(path)
  const reader = new BlockReader(copies.base, copies.sources, testKeys)
  const missing = { code: 'vault.damaged', data: { reason: 'the chunk file is missing' } }
  await expect(reader.read(testIdOf(block))).rejects.toMatchObject(missing)
  const unknown = { code: 'vault.damaged', data: { reason: 'no index segment says where it is' } }
  await expect(reader.read(Buffer.alloc(32))).rejects.toMatchObject(unknown)
})

test('another chunk file with the same block is as good', async () => {
  using copies = twoCopies()
  using folder = new TestFolder()
  copies.base.mergeIndex(testVaultId, testKeyspace, 1, [writeChunkFile(folder.path, [block])], Buffer.alloc(32))
  for (const path of [copies.file.path, copies.copy]) flip(path, 540)
  const reader = new BlockReader(copies.base, [...copies.sources, folderSource(folder.path)], testKeys)
  expect(block.equals(await reader.read(testIdOf(block)))).toBe(true)
})

test('a vault that does not answer is no damage: the reading ends with its error', async () => {
  using copies = twoCopies()
  rmSync(copies.file.path)
  const away: ChunkSource = {
    label: 'vault',
    read: () => Promise.reject(new AgentError('vault.unreachable', { address: '/vault', reason: 'gone' })),
  }
  const reader = new BlockReader(copies.base, [copies.sources[0] as ChunkSource, away], testKeys)
  await expect(reader.read(testIdOf(block))).rejects.toMatchObject({ code: 'vault.unreachable' })
})

test.each<[string, (path: string) => void]>([
  ['missing', (path) => rmSync(path)],
  ['damaged', (path) => flip(path, 540)],
])('while a source is away, a copy that is %s here is no damage of the whole', async (_what, damage) => {
  using copies = twoCopies()
  const unavailable = new AgentError('vault.unreachable', { address: '/vault', reason: 'gone' })
  const reader = new BlockReader(copies.base, [copies.sources[0] as ChunkSource], testKeys, { unavailable })
  expect(second.equals(await reader.read(testIdOf(second)))).toBe(true)
  damage(copies.file.path)
  await expect(reader.read(testIdOf(block))).rejects.toBe(unavailable)
  await expect(reader.read(Buffer.alloc(32))).rejects.toBe(unavailable)
})

test('an extent is fetched once for all its blocks', async () => {
  const blocks = Array.from({ length: 20 }, (_, index) => Buffer.from(`block ${index}`))
  using copies = twoCopies(blocks)
  const reader = new BlockReader(copies.base, copies.sources, testKeys)
  await reader.read(testIdOf(blocks[0] as Buffer))
  const { bytesFetched } = reader
  expect(bytesFetched).toBeGreaterThan(0)
  for (const one of blocks) expect(one.equals(await reader.read(testIdOf(one)))).toBe(true)
  expect(reader.bytesFetched).toBe(bytesFetched)
})

test('chunk files of another keyspace are not opened', async () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  base.mergeIndex(
    testVaultId,
    'a'.repeat(32) as KeyspaceId,
    0,
    [writeChunkFile(folder.path, [block])],
    Buffer.alloc(32),
  )
  const reader = new BlockReader(base, [folderSource(folder.path)], testKeys)
  await expect(reader.read(testIdOf(block))).rejects.toMatchObject({ code: 'vault.damaged' })
  expect(reader.bytesFetched).toBe(0)
})
