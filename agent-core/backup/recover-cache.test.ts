import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import {
  testCapturedPoint,
  testIdOf,
  testItem,
  testKeys,
  testKeyspace,
  testVaultId,
  writeChunkFile,
} from '../../test/support/test-keys.ts'
import { systemClock } from '../base/clock.ts'
import { openBase } from '../cache/base-db.ts'
import { ChunkFolder } from '../cache/chunk-folder.ts'
import { evictPayload, recoverCache } from './recover-cache.ts'

function makeCache() {
  const folder = new TestFolder()
  const base = openBase(':memory:')
  const chunks = new ChunkFolder(folder.path)
  const dispose = () => {
    base.close()
    folder[Symbol.dispose]()
  }
  const write = (text: string) => writeChunkFile(folder.path, [Buffer.from(text)])
  const { signal } = new AbortController()
  const recover = () => recoverCache({ base, chunks, keys: testKeys, vaults: [testVaultId], signal })
  return { folder, base, chunks, write, recover, [Symbol.dispose]: dispose }
}

test('nothing is to be done in a cache in order', async () => {
  using cache = makeCache()
  expect(await cache.recover()).toEqual({ removed: 0, adopted: 0, takenBack: 0, wasInterrupted: false })
})

test('half a chunk file is removed, a whole one that nobody names is taken up, a damaged one is removed', async () => {
  using cache = makeCache()
  writeFileSync(cache.folder.at(`.open-${'1'.repeat(32)}`), 'half')
  const whole = cache.write('whole')
  const damaged = cache.write('damaged')
  truncateSync(damaged.path, damaged.sizeBytes - 1)
  expect(await cache.recover()).toMatchObject({ removed: 1, adopted: 1, wasInterrupted: true })
  expect(readdirSync(cache.folder.path)).toEqual([`${whole.name}.tcf`])
  expect(cache.base.waitingChunkFiles(testVaultId).map(({ name }) => name)).toEqual([whole.name])
  expect(cache.base.locate(testIdOf(Buffer.from('whole')))).toHaveLength(1)
  // It was not sent: a run that was ended while it sent it may have left a part of it in the vault.
  expect(await cache.recover()).toMatchObject({ removed: 0, adopted: 0, wasInterrupted: true })
  cache.base.mergeIndex(testVaultId, testKeyspace, 0, [whole], Buffer.alloc(32))
  expect(await cache.recover()).toMatchObject({ removed: 0, adopted: 0, wasInterrupted: false })
})

test('a captured point whose payload is lost is taken back, and its blocks are forgotten', async () => {
  using cache = makeCache()
  const [kept, lost] = [cache.write('kept'), cache.write('lost')]
  cache.base.capture({
    keyspace: testKeyspace,
    point: testCapturedPoint(1),
    chunkFiles: [kept, lost],
    vaults: [testVaultId],
    lastFileId: undefined,
  })
  rmSync(lost.path)
  expect(await cache.recover()).toMatchObject({ takenBack: 1, wasInterrupted: true })
  expect(cache.base.latestPoint(testItem)).toBeUndefined()
  expect(cache.base.unconfirmedPoints(testVaultId)).toEqual([])
  expect(cache.base.locate(testIdOf(Buffer.from('lost')))).toEqual([])
  expect(cache.base.locate(testIdOf(Buffer.from('kept')))).toHaveLength(1)
})

test('only what no vault waits for any more is evicted', () => {
  using cache = makeCache()
  const [placed, waiting, unknown] = [cache.write('placed'), cache.write('waiting'), cache.write('unknown')]
  cache.base.mergeIndex(testVaultId, testKeyspace, 0, [placed], Buffer.alloc(32))
  cache.base.adopt(testVaultId, testKeyspace, [waiting])
  const { base, chunks } = cache
  const evict = (budgetBytes: number, instantMs: number) =>
    evictPayload({ base, chunks, policy: { budgetBytes, instantMs }, clock: systemClock })
  evict(1e9, 60_000)
  expect(chunks.names()).toHaveLength(3)
  evict(1e9, 0)
  expect(chunks.names().toSorted()).toEqual([waiting.name, unknown.name].toSorted())
  evict(0, 0)
  expect(chunks.names()).toHaveLength(2)
})

test('payload that no vault holds any more is taken up again', async () => {
  using cache = makeCache()
  const lost = cache.write('lost by the vault')
  cache.base.mergeIndex(testVaultId, testKeyspace, 0, [lost], Buffer.alloc(32))
  cache.base.forgetVault(testVaultId, testKeyspace)
  expect(await cache.recover()).toMatchObject({ adopted: 1 })
  expect(cache.base.waitingChunkFiles(testVaultId).map(({ name }) => name)).toEqual([lost.name])
})
