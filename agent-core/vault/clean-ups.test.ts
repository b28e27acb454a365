import { expect, test } from 'vitest'
import { testKeys, testVaultId } from '../../test/support/test-keys.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { readIndexGone, writeIndexGone } from './clean-ups.ts'
import { createMemoryStore } from './memory-store.ts'
import { Vault } from './vault.ts'

const chunk = (number: number) => String(number).padStart(64, '0') as ChunkFileName

test('index-gone objects are read in their order; what a later version calls otherwise is not even asked for', async () => {
  const store = createMemoryStore({ clock: systemClock })
  const asked: string[] = []
  const counting = {
    ...store,
    get: async (...given: Parameters<typeof store.get>) => {
      asked.push(given[0])
      return await store.get(...given)
    },
  }
  const vault = new Vault({ store: counting, id: testVaultId, keys: testKeys, random: systemRandom })
  for (let number = 0; number < 40; number++) {
    await writeIndexGone(vault, { chunkFiles: [chunk(number)], supersedes: [] })
    await store.put(`${vault.layout.indexGone}x${number}`, Buffer.from('later'))
  }
  asked.length = 0
  const read = await readIndexGone(vault, 9)
  expect(read.map(({ sequence, gone }) => [sequence, ...gone.chunkFiles])).toEqual(
    Array.from({ length: 30 }, (_, at) => [at + 10, chunk(at + 10)]),
  )
  expect(asked).toEqual(read.map(({ sequence }) => vault.layout.indexGoneObject(sequence)))
})
