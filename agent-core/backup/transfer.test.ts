import { describe, expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import {
  testCapturedPoint,
  testItem,
  testKeys,
  testKeyspace,
  testManifest,
  testVaultId,
  writeChunkFile,
} from '../../test/support/test-keys.ts'
import { AgentError } from '../base/agent-error.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { openBase } from '../cache/base-db.ts'
import { ChunkFolder } from '../cache/chunk-folder.ts'
import type { IntentId } from '../contract/ids.ts'
import { createMemoryStore } from '../vault/memory-store.ts'
import { sealManifest, Vault } from '../vault/vault.ts'
import { findPointSeries } from './last-point.ts'
import { findLostChunkFiles, refreshIndex } from './refresh-index.ts'
import { Transfer, type TransferDeps } from './transfer.ts'
import { isVaultTrouble } from './vault-trouble.ts'

const nothing = () => undefined
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

function makePlace() {
  const folder = new TestFolder()
  const base = openBase(':memory:')
  const chunks = new ChunkFolder(folder.path)
  const store = createMemoryStore({ clock: systemClock })
  const puts: string[] = []
  const watched = {
    ...store,
    put: async (...parameters: Parameters<typeof store.put>) => {
      const isNew = await store.put(...parameters)
      puts.push(parameters[0].replace(/^keyspaces\/[0-9a-f]+\//, ''))
      return isNew
    },
  }
  const vault = new Vault({ store: watched, id: testVaultId, keys: testKeys, random: systemRandom })
  const sealPoint = (manifest: ReturnType<typeof testManifest>) => sealManifest(testKeys, manifest, systemRandom)
  let bytesPut = 0
  const transfer = (more: Partial<TransferDeps> = {}) =>
    new Transfer({
      vault,
      base,
      chunks,
      sealPoint,
      clock: systemClock,
      signal: new AbortController().signal,
      onPut: (sizeBytes) => {
        bytesPut += sizeBytes
      },
      ...more,
    })
  const capture = (sequence: number, blocks: readonly string[]) => {
    const files = blocks.map((block) => writeChunkFile(folder.path, [Buffer.from(block)]))
    const point = { ...testCapturedPoint(sequence), object: sealPoint(testManifest(sequence)) }
    const lastFileId = files.at(-1)?.fileId
    base.capture({ keyspace: testKeyspace, point, chunkFiles: files, vaults: [testVaultId], lastFileId })
    return files
  }
  const dispose = () => {
    base.close()
    folder[Symbol.dispose]()
  }
  return {
    base,
    chunks,
    store,
    vault,
    puts,
    sealPoint,
    transfer,
    capture,
    bytes: () => bytesPut,
    [Symbol.dispose]: dispose,
  }
}
const kindOf = (name: string) => (name.endsWith('.ok') ? 'confirmation' : (name.split('/')[0] as string))

describe('captured points', () => {
  test('go into the vault in the order of the write order, and are confirmed here too', async () => {
    using place = makePlace()
    place.capture(1, ['a', 'b', 'c'])
    const confirmed = await place.transfer().confirmCaptured()
    expect(confirmed.map(({ sequence }) => sequence)).toEqual([1])
    expect(place.puts.map(kindOf)).toEqual(['chunks', 'chunks', 'chunks', 'index', 'points', 'confirmation'])
    expect(place.base.unconfirmedPoints(testVaultId)).toEqual([])
    expect(place.base.waitingChunkFiles(testVaultId)).toEqual([])
    expect(place.base.placedChunks(testVaultId).size).toBe(3)
    const [listed] = await place.vault.listPoints(testItem)
    expect(listed?.confirmationName).toBeDefined()
    expect(place.bytes()).toBeGreaterThan(0)
  })

  test('are sent oldest first, and a second run has nothing to do', async () => {
    using place = makePlace()
    place.capture(1, ['a'])
    place.capture(2, ['b'])
    expect((await place.transfer().confirmCaptured()).map(({ sequence }) => sequence)).toEqual([1, 2])
    const { length } = place.puts
    expect(await place.transfer().confirmCaptured()).toEqual([])
    expect(place.puts).toHaveLength(length)
  })

  test('wait when the vault goes away; what was sent before is not sent again', async () => {
    using place = makePlace()
    const [file] = place.capture(1, ['a'])
    if (file === undefined) throw new Error('no file')
    const first = place.transfer()
    first.send(file)
    await first.settle()
    place.store.setAbsent(true)
    await expect(first.confirmCaptured()).rejects.toMatchObject({ code: 'vault.unreachable' })
    expect(place.base.unconfirmedPoints(testVaultId)).toHaveLength(1)
    place.store.setAbsent(false)
    const bytes = place.bytes()
    await place.transfer().confirmCaptured()
    expect(place.base.unconfirmedPoints(testVaultId)).toEqual([])
    // The repeated put of the chunk file found it there.
    expect(place.bytes() - bytes).toBeLessThan(file.sizeBytes + 2000)
  })

  test('are not confirmed while nobody knows what a clean-up has condemned', async () => {
    using place = makePlace()
    place.capture(1, ['a'])
    const intent = 'e'.repeat(32) as IntentId
    await place.store.put(place.vault.layout.intent(intent), Buffer.from('x'))
    await expect(place.transfer().confirmCaptured()).rejects.toMatchObject({ code: 'vault.cleaning' })
    expect((await place.vault.listPoints(testItem)).map(({ confirmationName }) => confirmationName)).toEqual([
      undefined,
    ])
    await place.store.put(place.vault.layout.intentEnd(intent), Buffer.from('x'))
    expect(await place.transfer().confirmCaptured()).toHaveLength(1)
  })
})

describe('chunk files sent while the capture runs', () => {
  const write = (place: ReturnType<typeof makePlace>, text: string) =>
    writeChunkFile(place.chunks.path, [Buffer.from(text)])

  test('are indexed as they come to so many bytes, and count as placed before any point', async () => {
    using place = makePlace()
    const placed: string[] = []
    const transfer = place.transfer({
      indexing: { everyBytes: 1, isUrgent: () => false },
      watcher: { sent: nothing, placed: (names) => placed.push(...names), stopped: nothing },
    })
    const files = [write(place, 'a'), write(place, 'b')]
    for (const file of files) transfer.send(file)
    await transfer.settle()
    expect(placed.toSorted()).toEqual(files.map(({ name }) => name).toSorted())
    expect(place.base.placedChunks(testVaultId).size).toBe(2)
    // Their increment brings them once more, and they stay placed.
    const point = { ...testCapturedPoint(1), object: place.sealPoint(testManifest(1)) }
    for (const { name } of files) place.chunks.evict(name)
    place.base.capture({
      keyspace: testKeyspace,
      point,
      chunkFiles: files,
      vaults: [testVaultId],
      lastFileId: undefined,
    })
    expect(place.base.waitingChunkFiles(testVaultId)).toEqual([])
    expect(await transfer.confirmCaptured()).toHaveLength(1)
    expect(place.puts.filter((name) => name.startsWith('chunks'))).toHaveLength(2)
  })

  test('are indexed at once when it is urgent and nothing else waits to be sent, else with the point', async () => {
    using place = makePlace()
    let isUrgent = false
    const transfer = place.transfer({ indexing: { everyBytes: 1e9, isUrgent: () => isUrgent } })
    transfer.send(write(place, 'a'))
    await transfer.settle()
    expect(place.base.placedChunks(testVaultId).size).toBe(0)
    isUrgent = true
    transfer.send(write(place, 'b'))
    await transfer.settle()
    expect(place.base.placedChunks(testVaultId).size).toBe(2)
  })

  test('a segment that another writer took the number of is written under the next', async () => {
    using place = makePlace()
    const other = writeChunkFile(place.chunks.path, [Buffer.from('of another')])
    await place.vault.writeIndex(-1, { chunkFiles: [other], supersedes: [] })
    const transfer = place.transfer({ indexing: { everyBytes: 1, isUrgent: () => false } })
    const file = write(place, 'a')
    transfer.send(file)
    await transfer.settle()
    expect(place.base.isPlaced(testVaultId, file.name)).toBe(true)
    expect(place.base.segments.last(testVaultId, testKeyspace)).toBe(1)
  })

  test('a vault that goes away is told to who watches', async () => {
    using place = makePlace()
    const told: Error[] = []
    const watcher = { sent: nothing, placed: nothing, stopped: (error: Error) => told.push(error) }
    const transfer = place.transfer({ watcher })
    place.store.setAbsent(true)
    transfer.send(write(place, 'a'))
    await expect(transfer.settle()).rejects.toMatchObject({ code: 'vault.unreachable' })
    expect(told).toMatchObject([{ code: 'vault.unreachable' }])
  })
})

test('a chunk file that the vault lost is put again from the cache, else it does not count', async () => {
  using place = makePlace()
  const files = place.capture(1, ['kept in the cache', 'in the vault alone'])
  await place.transfer().confirmCaptured()
  for (const { name } of files) await place.store.delete(place.vault.layout.chunk(name))
  place.chunks.evict(files[1]?.name as never)
  expect(await findLostChunkFiles(place.base, place.vault, place.chunks)).toEqual({ lost: 2, unplaced: 1 })
  expect(place.base.waitingChunkFiles(testVaultId).map(({ name }) => name)).toEqual([files[0]?.name])
  await place.transfer().confirmCaptured()
  expect(await place.store.stat(place.vault.layout.chunk(files[0]?.name as never))).toBeDefined()
  expect(await findLostChunkFiles(place.base, place.vault, place.chunks)).toEqual({ lost: 0, unplaced: 0 })
})

test('a vault that was put back from an older copy is read again from the start', async () => {
  using place = makePlace()
  place.capture(1, ['a'])
  await place.transfer().confirmCaptured()
  place.capture(2, ['b'])
  await place.transfer().confirmCaptured()
  expect(await refreshIndex(place.base, place.vault)).toBe(false)
  await place.store.delete(place.vault.layout.indexSegment(1))
  expect(await refreshIndex(place.base, place.vault)).toBe(true)
  expect(place.base.placedChunks(testVaultId).size).toBe(1)
  expect(place.base.segments.last(testVaultId, testKeyspace)).toBe(0)
})

describe('the last point', () => {
  test('is that of the base while it waits, and while the vault has it', async () => {
    using place = makePlace()
    const find = () => findPointSeries(testItem, { base: place.base, vault: place.vault, log })
    expect(await find()).toEqual({ last: undefined, nextSequence: 1 })
    place.capture(1, ['a'])
    expect((await find()).last?.manifest.sequence).toBe(1)
    await place.transfer().confirmCaptured()
    expect(await find()).toMatchObject({ last: { manifest: { sequence: 1 } }, nextSequence: 2 })
  })

  test("is the vault's newest when the base was lost, and becomes the base", async () => {
    using place = makePlace()
    place.capture(1, ['a'])
    place.capture(2, ['b'])
    await place.transfer().confirmCaptured()
    using lost = openBase(':memory:')
    const found = await findPointSeries(testItem, { base: lost, vault: place.vault, log })
    expect(found).toMatchObject({ last: { manifest: { sequence: 2 } }, nextSequence: 3 })
    expect(lost.latestPoint(testItem)?.sequence).toBe(2)
  })

  test('counts on from a provisional point, but is not it', async () => {
    using place = makePlace()
    place.capture(1, ['a'])
    await place.transfer().confirmCaptured()
    const manifest = testManifest(7)
    await place.vault.putPoint(manifest, sealManifest(testKeys, manifest, systemRandom))
    const found = await findPointSeries(testItem, { base: place.base, vault: place.vault, log })
    expect(found).toMatchObject({ last: { manifest: { sequence: 1 } }, nextSequence: 8 })
  })

  test("is the vault's when that does not have the base's any more", async () => {
    using place = makePlace()
    place.capture(1, ['a'])
    place.capture(2, ['b'])
    await place.transfer().confirmCaptured()
    const { id, item, sequence } = testManifest(2)
    await place.store.delete(place.vault.layout.confirmation(item, sequence, id))
    await place.store.delete(place.vault.layout.point(item, sequence, id))
    const found = await findPointSeries(testItem, { base: place.base, vault: place.vault, log })
    expect(found).toMatchObject({ last: { manifest: { sequence: 1 } }, nextSequence: 3 })
    expect(place.base.latestPoint(testItem)?.sequence).toBe(1)
  })
})

test('only what a later run may mend is trouble of the vault', () => {
  expect(isVaultTrouble(new AgentError('vault.full', { address: 'v' }))).toBe(true)
  expect(isVaultTrouble(new AgentError('vault.wrong-passphrase', { address: 'v' }))).toBe(false)
  expect(isVaultTrouble(new Error('a bug'))).toBe(false)
})
