import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testKeys, testManifest, testVaultId } from '../../test/support/test-keys.ts'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import type { HomeId, PointId } from '../contract/ids.ts'
import type { Mark } from '../format/mark.ts'
import { endIntent, putIntent } from './clean-ups.ts'
import { createFaultyStore } from './faulty-store.ts'
import { createMemoryStore } from './memory-store.ts'
import { openObjectMemory } from './object-memory.ts'
import type { ObjectStore } from './object-store.ts'
import { readMarks, writeMark } from './point-marks.ts'
import { readPointStates } from './point-states.ts'
import { writeTombstones } from './tombstone-ledger.ts'
import { Vault } from './vault.ts'

const a = 'a'.repeat(32) as PointId
const b = 'b'.repeat(32) as PointId
const vaultOf = (store: ObjectStore) => new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })
const hold = (point: PointId): Mark => ({ point, madeAtMs: 5, who: 'anna', kind: 'hold' })
const release = (point: PointId): Mark => ({ point, madeAtMs: 6, who: 'anna', kind: 'release' })

test('marks are read back by point, in the order of their numbers', async () => {
  const vault = vaultOf(createMemoryStore({ clock: systemClock }))
  expect(await writeMark(vault, hold(a))).toBe(0)
  expect(await writeMark(vault, hold(b))).toBe(0)
  expect(await writeMark(vault, release(a))).toBe(1)
  const all = await readMarks(vault)
  expect([...all.keys()]).toEqual([a, b])
  expect(all.get(a)?.map(({ mark }) => mark)).toEqual([hold(a), release(a)])
  expect([...(await readMarks(vault, { point: b })).keys()]).toEqual([b])
  const states = await readPointStates(vault)
  expect([states.of(a).held, states.of(b).held, states.of('c'.repeat(32) as PointId).held]).toEqual([
    false,
    true,
    false,
  ])
})

test('writers that meet take numbers one after the other, and none is lost', async () => {
  const vault = vaultOf(createMemoryStore({ clock: systemClock }))
  const numbers = await Promise.all(Array.from({ length: 8 }, () => writeMark(vault, hold(a), [])))
  expect(numbers.toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect((await readMarks(vault)).get(a)).toHaveLength(8)
})

test('a listing that does not show the newest mark yet costs a number, not the mark', async () => {
  const store = createFaultyStore(createMemoryStore({ clock: systemClock }), {
    faults: [{ call: 2, operation: 'list', fault: 'stale-list' }],
  })
  const vault = vaultOf(store)
  await writeMark(vault, hold(a))
  expect(await writeMark(vault, release(a))).toBe(1)
  expect(store.unreached()).toEqual([])
})

test('known marks are not read again: one LIST, and a GET for each new one', async () => {
  using folder = new TestFolder()
  const store = createFaultyStore(createMemoryStore({ clock: systemClock }))
  const vault = vaultOf(store)
  for (const point of [a, b]) await writeMark(vault, hold(point))
  const requests = async () => {
    const before = store.calls.length
    const memory = await openObjectMemory(folder.at('marks', 'file'), silentLog)
    const marks = await readMarks(vault, { memory })
    return { marks, calls: store.calls.slice(before).map(({ operation }) => operation) }
  }
  expect((await requests()).calls).toEqual(['list', 'get', 'get'])
  expect((await requests()).calls).toEqual(['list'])
  await writeMark(vault, release(a))
  const { marks, calls } = await requests()
  expect(calls).toEqual(['list', 'get'])
  expect(marks.get(a)?.map(({ mark }) => mark?.kind)).toEqual(['hold', 'release'])
})

test('a mark that took the place of a kept one, in a vault that was put back, is read', async () => {
  using folder = new TestFolder()
  let nowMs = 1_000
  const clock = { nowMs: () => nowMs, delay: async () => {} }
  const memory = () => openObjectMemory(folder.at('file'), silentLog)
  const gone = vaultOf(createMemoryStore({ clock }))
  await writeMark(gone, release(a))
  expect((await readPointStates(gone, { memory: await memory() })).of(a).held).toBe(false)
  nowMs = 2_000
  const back = vaultOf(createMemoryStore({ clock }))
  await writeMark(back, hold(a))
  expect((await readPointStates(back, { memory: await memory() })).of(a).held).toBe(true)
})

test('kept marks that have rotted are read from the vault again', async () => {
  const vault = vaultOf(createMemoryStore({ clock: systemClock }))
  await writeMark(vault, hold(a))
  const rotten = { get: () => Buffer.alloc(200), named: () => new Map(), keep: async () => {} }
  expect((await readMarks(vault, { memory: rotten })).get(a)?.[0]?.mark).toEqual(hold(a))
})

test('a file of kept marks that is none counts as empty', async () => {
  using folder = new TestFolder()
  const memory = await openObjectMemory(folder.at('file'), silentLog)
  await memory.keep(new Map([['x', Buffer.from('y')]]))
  expect((await openObjectMemory(folder.at('file'), silentLog)).get('x')?.toString()).toBe('y')
  const { truncateSync } = await import('node:fs')
  truncateSync(folder.at('file'), 3)
  expect((await openObjectMemory(folder.at('file'), silentLog)).get('x')).toBeUndefined()
})

test('a damaged mark, and one that was copied to another point, hold their points', async () => {
  const store = createMemoryStore({ clock: systemClock })
  const vault = vaultOf(store)
  const undelete: Mark = { ...release(a), kind: 'undelete' }
  await writeMark(vault, undelete)
  await store.put(vault.layout.mark(b, 0), await store.get(vault.layout.mark(a, 0)))
  store.damage(vault.layout.mark(a, 0), (bytes) => Buffer.from(bytes.map((byte, at) => (at === 90 ? byte ^ 1 : byte))))
  const states = await readPointStates(vault)
  for (const point of [a, b]) expect(states.of(point)).toMatchObject({ held: true, doubt: 'mark 0 cannot be read' })
})

test.each(['unreachable', 'throw-before'] as const)('a vault that fails (%s) is no answer', async (fault) => {
  const inner = createMemoryStore({ clock: systemClock })
  await writeMark(vaultOf(inner), hold(a))
  for (const operation of ['list', 'get'] as const) {
    const store = createFaultyStore(inner, { faults: [{ call: 1, operation, fault }] })
    await expect(readMarks(vaultOf(store))).rejects.toMatchObject({
      code: fault === 'unreachable' ? 'vault.unreachable' : 'store.failed',
    })
    expect(store.unreached()).toEqual([])
  }
})

test.each(['hold', 'undelete', 'keep-until'] as const)(
  'a %s that comes when a clean-up has announced the removal, or has done it, is too late',
  async (kind) => {
    const vault = vaultOf(createMemoryStore({ clock: systemClock }))
    const { id: point, item, sequence } = testManifest(1)
    const content = kind === 'keep-until' ? { kind, untilMs: 5 } : { kind }
    const mark: Mark = { point, madeAtMs: 1, who: 'anna', ...content }
    expect(await writeMark(vault, mark)).toBe(0)
    const { id } = await putIntent(vault, {
      home: 'c'.repeat(32) as HomeId,
      machine: 'desk',
      announcedAtMs: 2,
      dueAtMs: 3,
      chunkFiles: [],
      indexSegments: [],
      indexGone: [],
      points: [{ item, sequence, point }],
    })
    await expect(writeMark(vault, mark)).rejects.toMatchObject({ code: 'point.leaving' })
    await endIntent(vault, id, { endedAtMs: 4, deletedCount: 0, takenBack: [] })
    // The removal was taken back.
    expect(await writeMark(vault, mark)).toBe(2)
    const removed = { point, item, sequence, sha256: Buffer.alloc(32), removedAtMs: 5, who: 'desk', reason: 'expired' }
    await writeTombstones(vault, [removed])
    await expect(writeMark(vault, mark)).rejects.toMatchObject({ code: 'point.leaving' })
  },
)
