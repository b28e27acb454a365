import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { testItem, testKeys, testVaultId } from '../../test/support/test-keys.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import type { PointId } from '../contract/ids.ts'
import { maxTombstonesInObject, type Tombstone } from '../format/tombstones.ts'
import { createFaultyStore } from './faulty-store.ts'
import { createMemoryStore } from './memory-store.ts'
import type { ObjectStore } from './object-store.ts'
import { foldLedger, joinRanges, ledgerOf, planFold, readLedger, writeTombstones } from './tombstone-ledger.ts'
import { Vault } from './vault.ts'

const vaultOf = (store: ObjectStore) => new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })

function tombstone(sequence: number): Tombstone {
  return {
    point: sequence.toString(16).padStart(32, '0') as PointId,
    item: testItem,
    sequence,
    sha256: new Uint8Array(32).fill(sequence & 0xff),
    removedAtMs: 1_700_000_000_000 + sequence,
    who: 'anna',
    reason: 'its retention has ended',
  }
}

const range = (count: number, from = 0) => Array.from({ length: count }, (_, at) => tombstone(from + at))

async function namesIn(vault: Vault): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of vault.store.list(vault.layout.tombstones)) names.push(name)
  return names
}

test('tombstones are read back, however many objects hold them', async () => {
  const vault = vaultOf(createMemoryStore({ clock: systemClock }))
  expect((await readLedger(vault)).tombstones.size).toBe(0)
  await writeTombstones(vault, range(3))
  await writeTombstones(vault, range(2, 3))
  const ledger = await readLedger(vault)
  expect([...ledger.tombstones.values()]).toEqual(range(5))
  expect(ledger).toMatchObject({ superseded: [], lost: [] })
})

test('10,000 removals, one by one with a fold now and then, leave 64 objects at most and lose none', async () => {
  const vault = vaultOf(createMemoryStore({ clock: systemClock }))
  let most = 0
  for (let at = 0; at < 10_000; at += 50) {
    await writeTombstones(vault, range(50, at))
    await foldLedger(vault)
    most = Math.max(most, (await namesIn(vault)).length)
  }
  expect(most).toBeLessThanOrEqual(64)
  const ledger = await readLedger(vault)
  expect(ledger.tombstones.size).toBe(10_000)
  expect(ledger.lost).toEqual([])
})

test('a fold that fails at any call loses nothing, and the next one ends it', async () => {
  const build = async () => {
    const store = createMemoryStore({ clock: systemClock })
    for (let at = 0; at < 64; at++) await writeTombstones(vaultOf(store), [tombstone(at)])
    return store
  }
  const counted = createFaultyStore(await build())
  expect(await foldLedger(vaultOf(counted))).toBe(64)
  expect(counted.calls.length).toBeGreaterThan(130)
  for (const fault of ['throw-before', 'throw-after'] as const) {
    // The reads are all alike, and so are the deletions: of those only each tenth.
    for (const [index, call] of counted.calls.entries()) {
      if ((call.operation === 'get' || call.operation === 'delete') && index % 10 !== 0) continue
      const inner = await build()
      const store = createFaultyStore(inner, { faults: [{ call: index + 1, fault }] })
      await foldLedger(vaultOf(store)).catch((error: unknown) => expect(error).toMatchObject({ code: 'store.failed' }))
      expect(store.unreached()).toEqual([])
      const between = await readLedger(vaultOf(inner))
      expect([between.tombstones.size, between.lost]).toEqual([64, []])
      await foldLedger(vaultOf(inner))
      const after = await readLedger(vaultOf(inner))
      expect([after.tombstones.size, after.lost, after.superseded]).toEqual([64, [], []])
      expect((await namesIn(vaultOf(inner))).length).toBeLessThanOrEqual(2)
    }
  }
})

test('an object that was taken away is lost, and a damaged one is told', async () => {
  const store = createMemoryStore({ clock: systemClock })
  const vault = vaultOf(store)
  for (let at = 0; at < 3; at++) await writeTombstones(vault, [tombstone(at)])
  await store.delete(vault.layout.tombstone(1))
  store.damage(vault.layout.tombstone(0), (bytes) => bytes.subarray(1))
  const damaged: number[] = []
  const ledger = await readLedger(vault, (_error, sequence) => damaged.push(sequence))
  expect(damaged).toEqual([0])
  expect(ledger.lost).toEqual([1])
  expect([...ledger.tombstones.values()]).toEqual([tombstone(2)])
  await expect(readLedger(vault)).rejects.toMatchObject({ code: 'format.invalid' })
})

test('a plan of a fold repeats every tombstone once, in objects of bounded length, and leaves full ones alone', () => {
  const shared = tombstone(1_000_000)
  const sizes = fc.array(fc.constantFrom(1, 2, 30_000, 40_000), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(sizes, (counts) => {
      let next = 0
      const objects = counts.map((count, sequence) => {
        // The objects of one test share their tombstones but the first: the plan goes by their number.
        const tombstones = [tombstone(next++), ...Array.from({ length: count - 1 }, () => shared)]
        return { sequence, object: { tombstones, supersedes: [] } }
      })
      const there = objects.map(({ sequence }) => sequence)
      const plan = planFold(ledgerOf(there, objects))
      for (const { tombstones } of plan) expect(tombstones.length).toBeLessThanOrEqual(maxTombstonesInObject)
      const after = ledgerOf(
        [...there, ...plan.map((_, at) => counts.length + at)],
        [...objects, ...plan.map((object, at) => ({ sequence: counts.length + at, object }))],
      )
      const firsts = after.live
        .flatMap(({ object }) => object.tombstones)
        .filter(({ sequence }) => sequence < 1_000_000)
      expect(firsts.map(({ sequence }) => sequence).toSorted((x, y) => x - y)).toEqual(there)
      for (const { sequence, object } of objects) {
        expect(after.superseded.includes(sequence)).toBe(object.tombstones.length < maxTombstonesInObject / 2)
      }
    }),
    { numRuns: 30 },
  )
})

test('ranges are joined without losing or adding a number', () => {
  const ranges = fc.array(fc.tuple(fc.nat(30), fc.nat(5)).map(([first, more]) => ({ first, last: first + more })))
  const numbersIn = (list: readonly { first: number; last: number }[]) =>
    new Set(list.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at)))
  fc.assert(
    fc.property(ranges, (list) => {
      const joined = joinRanges(list)
      expect(numbersIn(joined)).toEqual(numbersIn(list))
      for (const [at, { first }] of joined.entries()) expect(first).toBeGreaterThan((joined[at - 1]?.last ?? -9) + 1)
    }),
  )
})
