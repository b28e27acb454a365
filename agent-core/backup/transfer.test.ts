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
import { createMemoryStore } from '../vault/memory-store.ts'
import { sealManifest, Vault } from '../vault/vault.ts'
import { findPointSeries } from './last-point.ts'
import { isVaultTrouble, refreshIndex, Transfer } from './transfer.ts'

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
  const transfer = () =>
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
  return { base, chunks, store, vault, puts, transfer, capture, bytes: () => bytesPut, [Symbol.dispose]: dispose }
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

  test('are not confirmed while a clean-up is under way', async () => {
    using place = makePlace()
    place.capture(1, ['a'])
    await place.store.put(`${place.vault.layout.intents}one`, Buffer.from('x'))
    await expect(place.transfer().confirmCaptured()).rejects.toMatchObject({ code: 'vault.cleaning' })
    expect((await place.vault.listPoints(testItem)).map(({ confirmationName }) => confirmationName)).toEqual([
      undefined,
    ])
    await place.store.put(`${place.vault.layout.intents}one.done`, Buffer.from('x'))
    expect(await place.transfer().confirmCaptured()).toHaveLength(1)
  })
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
  expect(place.base.lastIndexSeen(testVaultId, testKeyspace)).toBe(0)
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
