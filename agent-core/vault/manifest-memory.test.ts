import { writeFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testItem, testKeys, testManifest, testVaultId } from '../../test/support/test-keys.ts'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import type { ItemId } from '../contract/ids.ts'
import { KeyspaceManifests, ManifestMemory } from './manifest-memory.ts'
import { createMemoryStore } from './memory-store.ts'
import { openObjectMemory } from './object-memory.ts'
import { sealManifest, Vault } from './vault.ts'

const otherItem = 'b'.repeat(32) as ItemId

let folder: TestFolder
beforeEach(() => {
  folder = new TestFolder()
  return () => folder[Symbol.dispose]()
})

/** A vault whose reads are counted. */
function countedVault() {
  const inner = createMemoryStore({ clock: systemClock })
  const read: string[] = []
  const store = {
    ...inner,
    get: async (...given: Parameters<typeof inner.get>) => (read.push(given[0]), await inner.get(...given)),
  }
  const vault = new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })
  const put = async (sequence: number, item = testItem, isConfirmed = true) => {
    const manifest = testManifest(sequence, { item })
    const object = sealManifest(testKeys, manifest, systemRandom)
    await vault.putPoint(manifest, object)
    if (isConfirmed) await vault.confirmPoint(manifest, object, 1_700_000_000_000)
    return { manifest, object }
  }
  /** Sequence numbers of all points, read as a new run does. */
  const readAll = async () => {
    read.length = 0
    const manifests = new KeyspaceManifests(
      async (item) => new ManifestMemory(vault, await openObjectMemory(folder.at(item), silentLog)),
    )
    const points = []
    for (const listed of await vault.listPoints()) points.push((await manifests.read(listed)).manifest.sequence)
    await manifests.keep()
    return points
  }
  return { inner, vault, put, readAll, read }
}

test('what was read in an earlier run costs no request, for each item', async () => {
  const { put, readAll, read } = countedVault()
  await put(1)
  await put(2)
  await put(3, otherItem)
  expect(await readAll()).toEqual([1, 2, 3])
  expect(read).toHaveLength(6)
  expect(await readAll()).toEqual([1, 2, 3])
  expect(read).toEqual([])
  await put(4, otherItem)
  expect(await readAll()).toEqual([1, 2, 3, 4])
  expect(read).toHaveLength(2)
})

test('a provisional point is read again once it is confirmed', async () => {
  const { vault, put, readAll, read } = countedVault()
  const { manifest, object } = await put(1, testItem, false)
  await readAll()
  expect(read).toHaveLength(1)
  await vault.confirmPoint(manifest, object, 1_700_000_000_000)
  await readAll()
  expect(read).toHaveLength(2)
})

test('what has rotted in the home is read from the vault', async () => {
  const { put, readAll, read } = countedVault()
  await put(1)
  await put(2)
  await readAll()
  writeFileSync(folder.at(testItem), 'rot')
  expect(await readAll()).toEqual([1, 2])
  expect(read).toHaveLength(4)
  await readAll()
  expect(read).toEqual([])
})

test('what is not listed any more is forgotten with the next that is new', async () => {
  const { inner, vault, put, readAll, read } = countedVault()
  await put(1)
  await put(2)
  await readAll()
  const [first] = await vault.listPoints()
  await inner.delete(first?.confirmationName as string)
  await inner.delete(first?.name as string)
  await put(3)
  expect(await readAll()).toEqual([2, 3])
  await readAll()
  expect(read).toEqual([])
})
