import { describe, expect, test } from 'vitest'
import { testItem, testKeys, testManifest, testVaultId } from '../../test/support/test-keys.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { sealObject } from '../codec/seal-object.ts'
import type { ChunkFileName, HomeId, ItemId } from '../contract/ids.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../format/cbor.ts'
import { type Definitions, encodeDefinitions } from '../format/definitions.ts'
import { createMemoryStore } from './memory-store.ts'
import { readIndex } from './read-index.ts'
import { sealManifest, Vault } from './vault.ts'

function make() {
  const store = createMemoryStore({ clock: systemClock })
  const vault = new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })
  const put = async (sequence: number, isConfirmed = true, item: ItemId = testItem) => {
    const manifest = testManifest(sequence, { item })
    const object = sealManifest(testKeys, manifest, systemRandom)
    expect(await vault.putPoint(manifest, object)).toBe(true)
    if (isConfirmed) await vault.confirmPoint(manifest, object, 1_700_000_000_000)
    return { manifest, object }
  }
  return { store, vault, put }
}
const empty = { chunkFiles: [], supersedes: [] }

describe('the index', () => {
  test('is read on from the last segment that was seen', async () => {
    const { vault } = make()
    for (const last of [-1, 0, 1]) expect((await vault.writeIndex(last, empty)).sequence).toBe(last + 1)
    const read = async (lastSeen: number) => {
      const found: number[] = []
      for await (const { sequence } of readIndex(vault, lastSeen)) found.push(sequence)
      return found
    }
    expect(await read(-1)).toEqual([0, 1, 2])
    expect(await read(1)).toEqual([2])
    expect(await read(2)).toEqual([])
  })

  test('leaves a number that is taken to who took it', async () => {
    const { vault } = make()
    await vault.writeIndex(-1, empty)
    await expect(vault.writeIndex(-1, empty)).rejects.toMatchObject({ code: 'store.conflict' })
    expect((await vault.writeIndex(0, empty)).sequence).toBe(1)
  })
})

describe('points', () => {
  test('are listed in the order of their numbers, with what confirms them', async () => {
    const { vault, put } = make()
    const other = 'b'.repeat(32) as ItemId
    await put(2)
    await put(10, false)
    await put(1)
    await put(3, true, other)
    const listed = await vault.listPoints(testItem)
    expect(listed.map(({ sequence, confirmationName }) => [sequence, confirmationName !== undefined])).toEqual([
      [1, true],
      [2, true],
      [10, false],
    ])
    expect(await vault.listPoints()).toHaveLength(4)
  })

  test('are read with their manifest, and confirmed once', async () => {
    const { vault, put, store } = make()
    const { manifest, object } = await put(1)
    const [listed] = await vault.listPoints(testItem)
    if (listed?.confirmationName === undefined) throw new Error('not confirmed')
    expect((await vault.readPoint(listed)).manifest).toEqual(manifest)
    const before = await store.get(listed.confirmationName)
    await vault.confirmPoint(manifest, object, 1)
    expect(await store.get(listed.confirmationName)).toEqual(before)
  })

  test('are refused under the name of another, and with the confirmation of another', async () => {
    const { vault, put, store } = make()
    const first = await put(1)
    const second = await put(2, false)
    const { item, sequence, id } = second.manifest
    await store.put(vault.layout.point(item, 9, id), first.object)
    const forged = (await vault.listPoints(testItem)).find((point) => point.sequence === 9)
    await expect(vault.readPoint(forged as never)).rejects.toMatchObject({ code: 'format.invalid' })
    await vault.confirmPoint(second.manifest, first.object, 1)
    const wrong = (await vault.listPoints(testItem)).find((point) => point.sequence === sequence)
    await expect(vault.readPoint(wrong as never)).rejects.toMatchObject({
      code: 'format.invalid',
      data: { reason: 'it confirms another manifest' },
    })
  })
})

describe('definitions', () => {
  test('that are damaged give way to those before them', async () => {
    const { store, vault } = make()
    await vault.writeDefinitions(undefined, definitions)
    const read = await vault.readDefinitions()
    await vault.writeDefinitions(read, { ...definitions, writer: 'd'.repeat(32) as HomeId })
    store.damage(vault.layout.definition(1), (bytes) => bytes.subarray(1))
    expect(await vault.readDefinitions()).toEqual({ sequence: 1, definitions })
    store.damage(vault.layout.definition(0), (bytes) => bytes.subarray(1))
    await expect(vault.readDefinitions()).rejects.toMatchObject({ code: 'vault.definitions-damaged' })
  })

  const definitions: Definitions = { writer: 'c'.repeat(32) as HomeId, items: [] }

  test('the highest number counts; the next writer needs the number after it', async () => {
    const { vault } = make()
    expect(await vault.readDefinitions()).toBeUndefined()
    await vault.writeDefinitions(undefined, definitions)
    const first = await vault.readDefinitions()
    const other = { ...definitions, writer: 'd'.repeat(32) as HomeId }
    await vault.writeDefinitions(first, other)
    expect(await vault.readDefinitions()).toEqual({ sequence: 1, definitions: other })
    await expect(vault.writeDefinitions(first, definitions)).rejects.toMatchObject({ code: 'store.conflict' })
  })

  test('with fields of a newer version are read, but nothing is written in their place', async () => {
    const { vault, store } = make()
    const map = decodeCbor(encodeDefinitions(definitions), 'definitions') as Map<number, CborValue>
    const payload = encodeCbor(new Map<number, CborValue>([...map, [99, 'of a newer version']]))
    const name = vault.layout.definition(0)
    await store.put(name, sealObject(testKeys, 'definitions', name, payload, systemRandom))
    const read = await vault.readDefinitions()
    expect(read?.definitions).toMatchObject({ ...definitions, hasUnknownFields: true })
    await expect(vault.writeDefinitions(read, definitions)).rejects.toMatchObject({ code: 'format.too-new' })
    expect((await vault.readDefinitions())?.sequence).toBe(0)
  })
})

test('ranges of chunk files are read, and a missing file is undefined', async () => {
  const { vault, store } = make()
  const name = 'a'.repeat(64) as ChunkFileName
  const source = vault.chunkSource()
  expect(await source.read(name, 0, 1)).toBeUndefined()
  await store.put(vault.layout.chunk(name), Buffer.from('0123456789'))
  expect((await source.read(name, 3, 4))?.toString()).toBe('3456')
  store.setAbsent(true)
  await expect(source.read(name, 3, 4)).rejects.toMatchObject({ code: 'vault.unreachable' })
})
