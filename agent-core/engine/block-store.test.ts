import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import {
  testCapturedPoint,
  testChunkWriter,
  testIdOf,
  testKeys,
  testKeyspace,
  testVaultId,
  writeChunkFile,
} from '../../test/support/test-keys.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import type { VaultId } from '../contract/ids.ts'
import { BlockStore } from './block-store.ts'
import { ClaimSet, createClaimMemory } from './claim-set.ts'

const otherVault = 'e'.repeat(32) as VaultId
const block = Buffer.from('a block')

function makeStore(
  folder: TestFolder,
  base: BaseDb,
  options: {
    readonly vaults?: readonly VaultId[]
    readonly cachedChunks?: ReadonlySet<number>
    readonly storesAll?: boolean
  } = {},
) {
  const files: CompleteChunkFile[] = []
  const store = new BlockStore({
    base,
    idKey: testKeys.id,
    vaults: options.vaults ?? [testVaultId],
    cachedChunks: options.cachedChunks ?? new Set(),
    storesAll: options.storesAll ?? false,
    claims: new ClaimSet(createClaimMemory()),
    data: testChunkWriter(folder.path, files),
    tree: testChunkWriter(folder.path, files, { kind: 'tree' }),
  })
  return { store, files }
}

test('a block is stored once, and named by the same id again', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  const { store, files } = makeStore(folder, base)
  expect(store.putData(block)).toEqual(testIdOf(block))
  expect(store.putData(Buffer.from(block))).toEqual(testIdOf(block))
  // Data and pages share one id space.
  expect(store.putTree(block)).toEqual(testIdOf(block))
  store.putTree(Buffer.from('a page'))
  expect(store.bytesNew).toBe(block.length + 'a page'.length)
  store.finishData()
  expect(files.map(({ kind }) => kind)).toEqual(['data'])
  store.finish()
  expect(files.map(({ kind }) => kind)).toEqual(['data', 'tree'])
})

test('a block is known when all vaults hold it, or when it waits in the cache', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  base.mergeIndex(testVaultId, testKeyspace, 0, [writeChunkFile(folder.path, [block])], Buffer.alloc(32))
  const bytesNew = (options: Parameters<typeof makeStore>[2]) => {
    const { store } = makeStore(folder, base, options)
    store.putData(block)
    store.finish()
    return store.bytesNew
  }
  expect(bytesNew({})).toBe(0)
  expect(bytesNew({ vaults: [testVaultId, otherVault] })).toBe(block.length)
  expect(bytesNew({ vaults: [otherVault] })).toBe(block.length)
  expect(bytesNew({ vaults: [otherVault], cachedChunks: new Set([1]) })).toBe(0)
  expect(bytesNew({ cachedChunks: new Set([1]), storesAll: true })).toBe(block.length)
})

test('a chunk file that waits for the vault is no place in it', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  const file = writeChunkFile(folder.path, [block])
  const point = testCapturedPoint(1)
  base.capture({ keyspace: testKeyspace, point, chunkFiles: [file], vaults: [testVaultId], lastFileId: undefined })
  const { store } = makeStore(folder, base)
  store.putData(block)
  store.finish()
  expect(store.bytesNew).toBe(block.length)
})

test('the block that is expected is named without being stored; any other is', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  const { store, files } = makeStore(folder, base)
  expect(store.putData(block, testIdOf(block))).toEqual(testIdOf(block))
  store.finish()
  expect(files).toEqual([])
  store.putData(block, testIdOf(Buffer.from('another')))
  expect(store.bytesNew).toBe(block.length)
  store.finish()
})
