import { expect, test } from 'vitest'
import { testKeys, testVaultId } from '../../test/support/test-keys.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { compactIndex } from './compact-index.ts'
import { createMemoryStore } from './memory-store.ts'
import type { ObjectStore } from './object-store.ts'
import { readIndex, readLiveIndex } from './read-index.ts'
import { Vault } from './vault.ts'
import { writeSegment } from './write-segment.ts'

/** Segments 0, 1, 2; 3 repeats 0 and 1; 4; 5 repeats 3 and 4, and so what 3 repeats. */
async function make() {
  const memory = createMemoryStore({ clock: systemClock })
  const read: string[] = []
  const store: ObjectStore = {
    ...memory,
    get: async (name, options) => {
      read.push(name)
      return await memory.get(name, options)
    },
  }
  const vault = new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })
  const write = async () => await writeSegment(vault, { chunkFiles: [], supersedes: [] })
  for (let count = 0; count < 3; count++) await write()
  await compactIndex(vault, [0, 1], () => false)
  await write()
  await compactIndex(vault, [3, 4], () => false)
  read.length = 0
  const nameOf = (sequence: number) => vault.layout.indexSegment(sequence)
  const damage = async (sequence: number) => {
    const object = Buffer.from(await memory.get(nameOf(sequence)))
    object[object.length - 1] = (object.at(-1) as number) ^ 1
    await memory.delete(nameOf(sequence))
    await memory.put(nameOf(sequence), object)
  }
  return { memory, vault, read, nameOf, damage }
}

async function numbers(segments: AsyncIterable<{ readonly sequence: number }>): Promise<number[]> {
  const found: number[] = []
  for await (const { sequence } of segments) found.push(sequence)
  return found
}

test('what a later segment repeats, however often, is not even read', async () => {
  const { vault, read, nameOf } = await make()
  expect(await numbers(readLiveIndex(vault, -1))).toEqual([2, 5])
  expect(read).toEqual([nameOf(5), nameOf(2)])
  expect(await numbers(readLiveIndex(vault, 2))).toEqual([5])
  expect(await numbers(readIndex(vault, -1))).toEqual([0, 1, 2, 3, 4, 5])
})

test('a segment that is damaged repeats nothing: what it stood for is read', async () => {
  const { vault, damage } = await make()
  await damage(5)
  const damaged: number[] = []
  const onDamage = (_: unknown, sequence: number) => void damaged.push(sequence)
  expect(await numbers(readLiveIndex(vault, -1, onDamage))).toEqual([2, 3, 4])
  expect(damaged).toEqual([5])
  await expect(numbers(readLiveIndex(vault, -1))).rejects.toMatchObject({ code: 'format.invalid' })
})

test('a segment that a clean-up deletes meanwhile is what it was; the next reading finds what repeats it', async () => {
  const { memory, vault, nameOf } = await make()
  const segments = readLiveIndex(vault, -1)
  expect((await segments.next()).value).toMatchObject({ sequence: 2 })
  await compactIndex(vault, [2, 5], () => false)
  for (const gone of [2, 5]) await memory.delete(nameOf(gone))
  // Number 5 was kept when the index was looked through.
  expect(await numbers(segments)).toEqual([5])
  expect(await numbers(readLiveIndex(vault, 2))).toEqual([6])
})
