import { existsSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testIdOf, testKeys, writeChunkFile } from '../../test/support/test-keys.ts'
import { deriveKeys } from '../codec/key-derivation.ts'
import type { ChunkFileName, KeyspaceId } from '../contract/ids.ts'
import { ChunkFolder } from './chunk-folder.ts'

const block = Buffer.from('a block')

test('lists complete chunk files only, removes open ones, evicts by name', () => {
  using folder = new TestFolder()
  const chunks = new ChunkFolder(folder.at('chunks'))
  const { name } = writeChunkFile(chunks.path, [block])
  writeFileSync(folder.at('chunks', `.open-${'0'.repeat(32)}`), 'half a file')
  writeFileSync(folder.at('chunks', 'notes.txt'), 'of somebody')
  expect(chunks.names()).toEqual([name])
  expect(chunks.has(name)).toBe(true)
  expect(chunks.removeOpen()).toBe(1)
  expect(chunks.removeOpen()).toBe(0)
  chunks.evict(name)
  expect(chunks.has(name)).toBe(false)
  expect(readdirSync(chunks.path)).toEqual(['notes.txt'])
})

test('describes a chunk file as an index lists it', async () => {
  using folder = new TestFolder()
  const chunks = new ChunkFolder(folder.path)
  const { fileId: _, path: __, ...indexed } = writeChunkFile(folder.path, [block, Buffer.alloc(300_000, 1)])
  const described = await chunks.describe(indexed.name, testKeys)
  expect(described).toMatchObject({ name: indexed.name, kind: 'data', sizeBytes: indexed.sizeBytes, epoch: 0 })
  expect(Buffer.from(described?.table ?? []).equals(indexed.table)).toBe(true)
  expect(Buffer.from(described?.table ?? []).includes(testIdOf(block))).toBe(true)
})

test('does not describe what is damaged, cut off, of another name or of another keyspace', async () => {
  using folder = new TestFolder()
  const chunks = new ChunkFolder(folder.path)
  const { name, path } = writeChunkFile(folder.path, [block])
  const bytes = readFileSync(path)
  const foreign = deriveKeys(Buffer.alloc(32, 5), 'a'.repeat(32) as KeyspaceId)
  expect(await chunks.describe(name, foreign)).toBeUndefined()
  expect(await chunks.describe(name, { ...testKeys, data: foreign.data })).toBeUndefined()
  truncateSync(path, bytes.length - 1)
  expect(await chunks.describe(name, testKeys)).toBeUndefined()
  const flipped = Buffer.from(bytes)
  flipped[530] = (flipped[530] as number) ^ 4
  writeFileSync(path, flipped)
  expect(await chunks.describe(name, testKeys)).toBeUndefined()
  writeFileSync(path, bytes)
  expect(await chunks.describe(name, testKeys)).toBeDefined()
  const other = 'f'.repeat(64) as ChunkFileName
  renameSync(path, chunks.pathOf(other))
  expect(await chunks.describe(other, testKeys)).toBeUndefined()
})

test('is made when it is not there, and is an error where it cannot be', () => {
  using folder = new TestFolder()
  const chunks = new ChunkFolder(folder.at('a', 'b'))
  expect(existsSync(chunks.path)).toBe(true)
  writeFileSync(folder.at('file'), '')
  expect(() => new ChunkFolder(folder.at('file', 'chunks'))).toThrow(expect.objectContaining({ code: 'cache.failed' }))
})
