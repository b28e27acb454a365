import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testIdOf, testKeys, testKeyspace, testVaultId, writeChunkFile } from '../../test/support/test-keys.ts'
import { openBase } from './base-db.ts'
import { Catalogue } from './catalogue.ts'
import { BlockReader, folderSource } from './chunk-reader.ts'

const known = Buffer.from('known to the base')
const unseen = Buffer.from('in the vault only')
const both = Buffer.from('in both')

test('finds blocks of the base and of index segments that it has not merged; the base stays as it is', async () => {
  using folder = new TestFolder()
  const path = folder.at('base.db')
  const writer = openBase(path)
  writer.mergeIndex(testVaultId, testKeyspace, 0, [writeChunkFile(folder.path, [known, both])], Buffer.alloc(32))
  using catalogue = new Catalogue(openBase(path, { readOnly: true }))
  const files = [writeChunkFile(folder.path, [unseen]), writeChunkFile(folder.path, [both])]
  const segment = { chunkFiles: files, supersedes: [] }
  catalogue.add(testVaultId, testKeyspace, { sequence: 1, segment, sha256: Buffer.alloc(32) })
  const reader = new BlockReader(catalogue, [folderSource(folder.path)], testKeys)
  for (const block of [known, unseen, both]) expect(block.equals(await reader.read(testIdOf(block)))).toBe(true)
  expect(catalogue.locate(testIdOf(both))).toHaveLength(2)
  for (const { chunk } of catalogue.locate(testIdOf(both))) expect(catalogue.chunkFile(chunk).kind).toBe('data')
  expect(writer.segments.last(testVaultId, testKeyspace)).toBe(0)
  expect(writer.locate(testIdOf(unseen))).toEqual([])
  writer.close()
})

test('works without a base', async () => {
  using folder = new TestFolder()
  using catalogue = new Catalogue(openBase(folder.at('base.db'), { readOnly: true }))
  const segment = { chunkFiles: [writeChunkFile(folder.path, [unseen])], supersedes: [] }
  catalogue.add(testVaultId, testKeyspace, { sequence: 0, segment, sha256: Buffer.alloc(32) })
  const reader = new BlockReader(catalogue, [folderSource(folder.path)], testKeys)
  expect(unseen.equals(await reader.read(testIdOf(unseen)))).toBe(true)
})
