import { expect, test } from 'vitest'
import { testKeys, testVaultId } from '../../test/support/test-keys.ts'
import { toHex } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { sha256 } from '../codec/block-id.ts'
import { compactIndex } from './compact-index.ts'
import { createMemoryStore } from './memory-store.ts'
import { Vault } from './vault.ts'
import { writeSegment } from './write-segment.ts'

test('a compaction names with their hashes also those that its segments had superseded', async () => {
  const store = createMemoryStore({ clock: systemClock })
  const vault = new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })
  const hashes: Buffer[] = []
  const write = async () => {
    const { sequence } = await writeSegment(vault, { chunkFiles: [], supersedes: [] })
    hashes[sequence] = sha256(await store.get(vault.layout.indexSegment(sequence)))
    return sequence
  }
  const first = await compactIndex(vault, [await write(), await write()], () => false)
  expect([first.sequence, first.segment.supersedes]).toEqual([2, [0, 1]])
  hashes[2] = first.sha256
  for (const sequence of first.segment.supersedes) await store.delete(vault.layout.indexSegment(sequence))
  const second = await compactIndex(vault, [2, await write()], () => false)
  expect(second.segment.supersedes).toEqual([0, 1, 2, 3])
  expect(second.segment.supersededSha256?.map(toHex)).toEqual(hashes.map(toHex))
})

test('hashes that an older writer left out leave out all', async () => {
  const store = createMemoryStore({ clock: systemClock })
  const vault = new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })
  await writeSegment(vault, { chunkFiles: [], supersedes: [] })
  await writeSegment(vault, { chunkFiles: [], supersedes: [0] })
  const { segment } = await compactIndex(vault, [1], () => false)
  expect(segment).toEqual({ chunkFiles: [], supersedes: [0, 1] })
})
