import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeObjectStoreContract, rejectsWith } from '../../test/contracts/object-store.contract.ts'
import { createDirectoryPlace } from '../../test/support/directory-place.ts'
import { systemClock } from '../base/clock.ts'
import { createFaultyStore, type FaultKind, type FaultPlan, type PlannedFault } from './faulty-store.ts'
import { createMemoryStore } from './memory-store.ts'

let parent: string

beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'tharsis-faulty-'))
})

afterAll(async () => {
  await rm(parent, { recursive: true })
})

describeObjectStoreContract('faulty with an empty plan, around a folder', async () => {
  const place = await createDirectoryPlace(parent)
  return { ...place, store: createFaultyStore(place.store) }
})

describeObjectStoreContract('faulty with an empty plan, around memory', async () => {
  const inner = createMemoryStore({ clock: systemClock })
  const store = createFaultyStore(inner)
  return {
    store,
    openAnother: async () => store,
    takeAway: async () => inner.setAbsent(true),
    dispose: () => store.close(),
  }
})

function faultyMemory(plan: FaultPlan) {
  const inner = createMemoryStore({ clock: systemClock })
  return { inner, store: createFaultyStore(inner, plan) }
}

const strikes = (fault: FaultKind, more: Partial<PlannedFault> = {}): FaultPlan => ({
  faults: [{ call: 1, fault, ...more }],
})

describe('faults', () => {
  test('throw-before has no effect, throw-after has its effect, and put recognises the lost answer', async () => {
    const before = faultyMemory(strikes('throw-before'))
    await rejectsWith(before.store.put('a', Buffer.from('x')), 'store.failed')
    expect(await before.inner.stat('a')).toBeUndefined()
    const after = faultyMemory(strikes('throw-after'))
    await rejectsWith(after.store.put('a', Buffer.from('x')), 'store.failed')
    expect(await after.store.put('a', Buffer.from('x'))).toBe(false)
    expect(after.store.calls).toEqual([
      { operation: 'put', name: 'a', fault: 'throw-after' },
      { operation: 'put', name: 'a' },
    ])
  })

  test.each([
    ['unreachable', 'vault.unreachable'],
    ['full', 'vault.full'],
    ['denied', 'vault.denied'],
  ] as const)('%s is %s, once or for ever', async (fault, code) => {
    const once = faultyMemory(strikes(fault))
    await rejectsWith(once.store.stat('a'), code)
    expect(await once.store.stat('a')).toBeUndefined()
    const forEver = faultyMemory(strikes(fault, { call: 2, forEver: true }))
    expect(await forEver.store.stat('a')).toBeUndefined()
    await rejectsWith(forEver.store.put('a', Buffer.from('x')), code)
    await rejectsWith(Array.fromAsync(forEver.store.list('')), code)
    expect(forEver.store.unreached()).toEqual([])
  })

  test.each([
    ['short-body', 'abc'],
    ['long-body', 'abcd\0'],
    ['bit-flip', 'abbd'],
    ['truncate', 'ab'],
  ] as const)('%s spoils what get answers, not what is there', async (fault, answer) => {
    const { store, inner } = faultyMemory(strikes(fault))
    await store.put('a', Buffer.from('abcd'))
    expect(store.unreached()).toHaveLength(1)
    expect((await store.get('a')).toString()).toBe('abcd')
    const second = createFaultyStore(inner, strikes(fault, { operation: 'get' }))
    expect((await second.get('a')).toString()).toBe(answer)
    expect((await second.get('a')).toString()).toBe('abcd')
    expect(second.unreached()).toEqual([])
  })

  test('a fault that changed nothing has not happened', async () => {
    const { store } = faultyMemory(strikes('bit-flip', { operation: 'get' }))
    await store.put('empty', Buffer.alloc(0))
    expect(await store.get('empty')).toHaveLength(0)
    expect(store.unreached()).toHaveLength(1)
  })

  test('a stale list does not show the newest puts', async () => {
    const { store } = faultyMemory(strikes('stale-list', { operation: 'list', namePrefix: 'index/', puts: 2 }))
    for (const name of ['index/1', 'index/2', 'index/3']) await store.put(name, Buffer.from(name))
    expect((await Array.fromAsync(store.list(''))).map((info) => info.name)).toEqual(['index/1', 'index/2', 'index/3'])
    expect((await Array.fromAsync(store.list('index/'))).map((info) => info.name)).toEqual(['index/1'])
    expect((await Array.fromAsync(store.list('index/'))).map((info) => info.name)).toHaveLength(3)
  })

  test('filters count only the calls that fit', async () => {
    const { store } = faultyMemory({
      faults: [{ call: 2, fault: 'throw-before', operation: 'put', namePrefix: 'points/' }],
    })
    await store.put('chunks/1', Buffer.from('x'))
    await store.put('points/1', Buffer.from('x'))
    await store.stat('points/1')
    await rejectsWith(store.put('points/2', Buffer.from('x')), 'store.failed')
    expect(store.unreached()).toEqual([])
  })

  test('quota and read-only, and room made again', async () => {
    const { store } = faultyMemory({ quotaBytes: 10 })
    await store.put('a', Buffer.alloc(6))
    await rejectsWith(store.put('b', Buffer.alloc(5)), 'vault.full')
    expect(await store.put('a', Buffer.alloc(6))).toBe(false)
    await store.delete('a')
    expect(await store.put('b', Buffer.alloc(5))).toBe(true)
    store.setReadOnly(true)
    await rejectsWith(store.put('c', Buffer.alloc(1)), 'vault.denied')
    await rejectsWith(store.delete('b'), 'vault.denied')
    expect(await store.get('b')).toHaveLength(5)
    store.setReadOnly(false)
    store.setQuota(100)
    expect(await store.put('c', Buffer.alloc(50))).toBe(true)
  })

  test('each of the N calls of a scenario can be failed in turn', async () => {
    const scenario = async (store: ReturnType<typeof createFaultyStore>) => {
      await store.put('a', Buffer.from('x'))
      await store.get('a')
      await Array.fromAsync(store.list(''))
      await store.delete('a')
    }
    const counted = faultyMemory({})
    await scenario(counted.store)
    for (let call = 1; call <= counted.store.calls.length; call++) {
      const { store } = faultyMemory({ faults: [{ call, fault: 'throw-after' }] })
      await rejectsWith(scenario(store), 'store.failed')
      expect(store.calls).toHaveLength(call)
      expect(store.unreached()).toEqual([])
    }
    expect(counted.store.calls.map((call) => call.operation)).toEqual(['put', 'get', 'list', 'delete'])
  })
})
