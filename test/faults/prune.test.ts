/**
 * Clean-ups of a vault that backups go into: space comes back, what stays restores (I1, I3), chunk files go only as
 * announced (I5), leftovers are reclaimed (I7).
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AgentError } from '../../agent-core/base/agent-error.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { createTask } from '../../agent-core/base/task.ts'
import { openBase } from '../../agent-core/cache/base-db.ts'
import type { ChunkFileName } from '../../agent-core/contract/ids.ts'
import { parseChunkName } from '../../agent-core/format/vault-layout.ts'
import { listIntents } from '../../agent-core/vault/clean-ups.ts'
import { createFaultyStore, type FaultKind, type StoreCall } from '../../agent-core/vault/faulty-store.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { readPointStates } from '../../agent-core/vault/point-states.ts'
import { readIndex } from '../../agent-core/vault/read-index.ts'
import { writeSegment } from '../../agent-core/vault/write-segment.ts'
import { assertInvariants } from '../../agent-core/verify/assert-invariants.ts'
import { checkVault } from '../../agent-core/verify/check-vault.ts'
import { BackupPlace, copyOfStore } from '../support/backup-place.ts'

const dayMs = 86_400_000
let store: ObjectStore
let place: BackupPlace

beforeEach(async () => {
  store = createMemoryStore({ clock: systemClock })
  place = await BackupPlace.make(store)
  mkdirSync(join(place.source, 'sub'))
})

afterEach(() => {
  place[Symbol.dispose]()
})

let seconds = 1_600_000_000
function write(name: string, content: string | Buffer): void {
  const path = join(place.source, name)
  writeFileSync(path, content)
  utimesSync(path, seconds, seconds++)
}

async function sizeOfChunks(at = store): Promise<number> {
  let sum = 0
  for await (const { sizeBytes } of at.list(place.vaultOf(at).layout.chunks)) sum += sizeBytes
  return sum
}

/** Three points: a file of 2 MB in the first only, many small ones of which a few stay. */
async function threePoints() {
  write('large', randomBytes(2_000_000))
  for (let number = 0; number < 40; number++) write(join('sub', `${number}`), randomBytes(20_000))
  const first = await place.backUp(store)
  write('large', 'small now')
  for (let number = 3; number < 40; number++) write(join('sub', `${number}`), `small ${number}`)
  write('second', randomBytes(10_000))
  const second = await place.backUp(store)
  write('third', randomBytes(10_000))
  const third = await place.backUp(store)
  expect([first.failure, second.failure, third.failure]).toEqual([undefined, undefined, undefined])
  return { first, second, third }
}

describe('space comes back', () => {
  test('at once without a grace time; what is left of a chunk file is merged, and the points that stay restore', async () => {
    const { second, third } = await threePoints()
    const before = await sizeOfChunks()
    const filesOfSecond = await place.filesOf(store, second.manifest.id)
    const result = await place.prune(store, { expired: ({ sequence }) => sequence === 1 })
    expect(result).toMatchObject({ removedPoints: 1, takenBack: 0, unindexedBlocks: 0 })
    expect(result.merged.files).toBe(1)
    const after = await sizeOfChunks()
    expect(before - after).toBeGreaterThan(2_500_000)
    expect(result.deleted.bytes - result.merged.intoBytes).toBe(before - after)
    expect(after).toBeLessThan(150_000)
    await assertInvariants(place.vaultOf(store))
    expect(await place.filesOf(store, third.manifest.id)).toEqual(place.sourceFiles())
    expect(await place.filesOf(store, second.manifest.id)).toEqual(filesOfSecond)
    expect((await listIntents(place.vaultOf(store))).open).toEqual([])
    expect(await place.unreferenced(store)).toEqual([])
  })

  test('also where what is left of a chunk file is damaged: that one stays, and the same again by the next run', async () => {
    const { third } = await threePoints()
    const { layout } = place.vaultOf(store)
    // The one that the first point filled: three small files of it are needed still.
    const sizes = new Map<string, number>()
    for await (const { name, sizeBytes } of store.list(layout.chunks)) sizes.set(name, sizeBytes)
    const [sparse = ''] = [...sizes].toSorted(([, a], [, b]) => b - a)[0] ?? []
    const bytes = await store.get(sparse)
    const whole = Buffer.from(bytes)
    for (let at = 600; at < bytes.length - 4000; at += 5000) bytes[at] = (bytes[at] ?? 0) ^ 1
    await store.delete(sparse)
    await store.put(sparse, bytes)
    for (const removedPoints of [1, 0]) {
      const result = await place.prune(store, { expired: ({ sequence }) => sequence === 1 })
      expect(result).toMatchObject({ removedPoints, damagedFiles: 1, merged: { files: 0 } })
      expect(await store.stat(sparse)).toBeDefined()
    }
    await store.delete(sparse)
    await store.put(sparse, whole)
    expect(await place.prune(store)).toMatchObject({ damagedFiles: 0, merged: { files: 1 } })
    expect(await place.filesOf(store, third.manifest.id)).toEqual(place.sourceFiles())
  })

  test.each([
    ['sparse', 20],
    ['needed whole', 40],
  ])('what a damaged chunk file, %s, was the fuller copy of stays where it is whole', async (_what, stay) => {
    for (let number = 0; number < 40; number++) write(join('sub', `${number}`), randomBytes(20_000))
    await place.backUp(store)
    const { layout, id } = place.vaultOf(store)
    const sizes = new Map<string, number>()
    for await (const { name, sizeBytes } of store.list(layout.chunks)) sizes.set(name, sizeBytes)
    const [damaged = ''] = [...sizes].toSorted(([, a], [, b]) => b - a)[0] ?? []
    const bytes = await store.get(damaged)
    bytes[700] = (bytes[700] ?? 0) ^ 1
    await store.delete(damaged)
    await store.put(damaged, bytes)
    // It was found damaged, and the next backup stores its blocks again, in a chunk file that is full of others.
    {
      using base = openBase(join(place.folder, 'cache', 'base.db'))
      base.unplace(id, [base.chunkFileNumber(parseChunkName(damaged) as ChunkFileName) as number])
      base.trust.distrust(id)
    }
    const cached = join(place.folder, 'cache', 'chunks')
    for (const name of readdirSync(cached)) rmSync(join(cached, name))
    for (let number = stay; number < 40; number++) write(join('sub', `${number}`), `small ${number}`)
    for (let number = 0; number < 60; number++) write(`more ${number}`, randomBytes(20_000))
    await place.backUp(store)
    for (let number = 0; number < 60; number++) write(`more ${number}`, `little ${number}`)
    const { manifest } = await place.backUp(store)
    const expired = ({ sequence }: { readonly sequence: number }) => sequence < manifest.sequence
    expect(await place.prune(store, { expired })).toMatchObject({ damagedFiles: 1 })
    expect(await store.stat(damaged)).toBeDefined()
    expect(await place.filesOf(store, manifest.id)).toEqual(place.sourceFiles())
  })

  test('the newest point, removed, is not missed by a home that has seen it confirmed', async () => {
    const { third } = await threePoints()
    await place.prune(store, { expired: ({ sequence }) => sequence === third.manifest.sequence })
    using task = createTask({ clock: systemClock })
    const check = await checkVault({ vault: place.vaultOf(store), readDataPercent: 100, seen: [third.manifest], task })
    expect(check.damaged).toEqual([])
    expect(check.points).toHaveLength(2)
  })

  test('after the grace time, by the next run; until then nothing is deleted', async () => {
    const { third } = await threePoints()
    const before = await sizeOfChunks()
    const expired = ({ sequence }: { sequence: number }) => sequence === 1
    const result = await place.prune(store, { expired, graceMs: 14 * dayMs })
    expect(result.deleted).toEqual({ files: 0, bytes: 0 })
    expect(result.removedPoints).toBe(1)
    expect(result.announced.bytes).toBeGreaterThan(2_500_000)
    expect(await sizeOfChunks()).toBe(before + result.merged.intoBytes)
    const early = await place.prune(store, {
      expired,
      graceMs: 14 * dayMs,
      nowMs: () => systemClock.nowMs() + 13 * dayMs,
    })
    expect(early.deleted.files).toBe(0)
    expect(early.waiting.files).toBe(result.announced.files)
    const due = await place.prune(store, {
      expired,
      graceMs: 14 * dayMs,
      nowMs: () => systemClock.nowMs() + 15 * dayMs,
    })
    expect(due.deleted.files).toBe(result.announced.files)
    expect(await sizeOfChunks()).toBeLessThan(150_000)
    await assertInvariants(place.vaultOf(store))
    expect(await place.filesOf(store, third.manifest.id)).toEqual(place.sourceFiles())
  })

  test('a second run has nothing to do, and a backup afterwards stores nothing again', async () => {
    await threePoints()
    await place.prune(store, { expired: ({ sequence }) => sequence === 1 })
    const again = await place.prune(store)
    expect([again.deleted.files, again.merged.files, again.removedPoints, again.announced.files]).toEqual([0, 0, 0, 0])
    const next = await place.backUp(store)
    expect(next.failure).toBeUndefined()
    expect(next.lostChunkFiles).toBe(0)
    expect(next.manifest.counts.bytesStored).toBe(0)
  })
})

/** Steps of a clean-up that are durable: each call that changes the vault. */
function isDurable({ operation }: StoreCall): boolean {
  return operation === 'put' || operation === 'delete'
}

/** Calls with their numbers; of those that read, which are all alike, each n-th. */
function stepsOf(calls: readonly StoreCall[], everyNthGet: number): (readonly [number, StoreCall])[] {
  return [...calls.entries()].filter(([index, { operation }]) => operation !== 'get' || index % everyNthGet === 0)
}

/** A store that runs `between` before its n-th call (from 1). */
function interrupted(inner: ObjectStore, call: number, between: () => Promise<void>): ObjectStore {
  let calls = 0
  const count = async () => {
    if (++calls === call) await between()
  }
  return {
    ...inner,
    put: async (...given) => (await count(), await inner.put(...given)),
    get: async (...given) => (await count(), await inner.get(...given)),
    stat: async (...given) => (await count(), await inner.stat(...given)),
    delete: async (...given) => (await count(), await inner.delete(...given)),
    list: async function* (...given) {
      await count()
      yield* inner.list(...given)
    },
  }
}

const expiresFirst = { expired: ({ sequence }: { sequence: number }) => sequence === 1 }

/** Whole, with these points and only these leftovers gone: what every test below wants in the end. */
async function expectWhole(
  at: ObjectStore,
  what: string,
  points: Record<string, Record<string, string>>,
): Promise<void> {
  await assertInvariants(place.vaultOf(at)).catch((error: unknown) => {
    throw new Error(what, { cause: error })
  })
  for (const [point, files] of Object.entries(points)) expect(await place.filesOf(at, point), what).toEqual(files)
}

describe('every call of a clean-up fails once, in every way', { timeout: 300_000 }, () => {
  test.each([
    ['without a grace time', 0],
    ['with one', 14 * dayMs],
  ])('%s: the next one goes on, nothing is lost, and all space comes back', async (_, graceMs) => {
    const { third } = await threePoints()
    const kept = { [third.manifest.id]: place.sourceFiles() }
    const putBack = place.keepCache()
    const counted = createFaultyStore(await copyOfStore(store))
    await place.prune(counted, { ...expiresFirst, graceMs })
    expect(counted.calls.length).toBeGreaterThan(25)
    for (const [index, call] of stepsOf(counted.calls, 5)) {
      const faults: FaultKind[] = ['throw-before', 'throw-after']
      if (call.operation === 'list') faults.push('stale-list')
      if (call.operation === 'get') faults.push('bit-flip')
      for (const fault of faults) {
        putBack()
        const copy = await copyOfStore(store)
        const faulty = createFaultyStore(copy, { faults: [{ call: index + 1, fault }] })
        const what = `${fault} at call ${index + 1} (${call.operation} ${call.name})`
        await place.prune(faulty, { ...expiresFirst, graceMs }).catch((error: unknown) => {
          if (!(error instanceof AgentError)) throw new Error(what, { cause: error })
        })
        await expectWhole(copy, what, kept)
        await place.prune(copy, { ...expiresFirst, graceMs })
        const late = () => systemClock.nowMs() + 15 * dayMs
        await place.prune(copy, { ...expiresFirst, graceMs, nowMs: late })
        await place.prune(copy, { ...expiresFirst, graceMs, nowMs: () => late() + 15 * dayMs })
        await expectWhole(copy, what, kept)
        expect(await sizeOfChunks(copy), what).toBeLessThan(150_000)
        expect((await listIntents(place.vaultOf(copy))).open, what).toEqual([])
        expect(await place.unreferenced(copy), what).toEqual([])
      }
    }
  })
})

describe('a clean-up of another home', { timeout: 300_000 }, () => {
  test('with a whole backup between any two of its steps: the point that it made restores, before and after', async () => {
    await threePoints()
    // What the backup needs again is condemned, or about to be.
    const first = (await place.vaultOf(store).listPoints())[0]
    const contents = await place.filesOf(store, first?.point ?? '')
    write('large', Buffer.from(contents['./large'] ?? '', 'latin1'))
    for (const name of ['./sub/5', './sub/6']) write(name, Buffer.from(contents[name] ?? '', 'latin1'))
    const putBack = place.keepCache()
    const counted = createFaultyStore(await copyOfStore(store))
    await place.prune(counted, { ...expiresFirst, by: 'another home' })
    for (const [index, call] of stepsOf(counted.calls, 10)) {
      putBack()
      const copy = await copyOfStore(store)
      const what = `before call ${index + 1} (${call.operation} ${call.name})`
      let point: string | undefined
      const between = async () => {
        const { manifest, failure } = await place.backUp(copy)
        if (failure === undefined) point = manifest.id
        else throw new Error(what, { cause: failure })
      }
      await place.prune(interrupted(copy, index + 1, between), { ...expiresFirst, by: 'another home' })
      if (point === undefined) throw new Error(what)
      await expectWhole(copy, what, { [point]: place.sourceFiles() })
      // What it left: the next backup and the next clean-up find nothing wrong.
      expect((await place.backUp(copy)).failure, what).toBeUndefined()
      await place.prune(copy, { by: 'another home' })
      await expectWhole(copy, what, { [point]: place.sourceFiles() })
    }
    expect(counted.calls.length).toBeGreaterThan(25)
  })

  test('killed at every durable step; a backup then; the clean-up goes on', async () => {
    const { third } = await threePoints()
    const files = place.sourceFiles()
    const putBack = place.keepCache()
    const counted = createFaultyStore(await copyOfStore(store))
    await place.prune(counted, expiresFirst)
    const durable = counted.calls.flatMap((call, index) => (isDurable(call) ? [index + 1] : []))
    expect(durable.length).toBeGreaterThan(7)
    for (const call of durable) {
      for (const fault of ['throw-before', 'throw-after'] as const) {
        putBack()
        const copy = await copyOfStore(store)
        const faulty = createFaultyStore(copy, { faults: [{ call, fault, forEver: true }] })
        await expect(place.prune(faulty, expiresFirst)).rejects.toBeInstanceOf(AgentError)
        const what = `killed at call ${call}, ${fault}`
        const next = await place.backUp(copy)
        expect(next.failure, what).toBeUndefined()
        await expectWhole(copy, what, { [third.manifest.id]: files, [next.manifest.id]: files })
        await place.prune(copy, expiresFirst)
        await expectWhole(copy, what, { [third.manifest.id]: files, [next.manifest.id]: files })
        expect(await sizeOfChunks(copy), what).toBeLessThan(200_000)
      }
    }
  })

  test('a home that was away for longer than the grace time puts what is gone again from its cache and source', async () => {
    await threePoints()
    const contents = await place.filesOf(store, (await place.vaultOf(store).listPoints())[0]?.point ?? '')
    write('large', Buffer.from(contents['./large'] ?? '', 'latin1'))
    const away = createFaultyStore(store, { faults: [{ call: 1, fault: 'unreachable', forEver: true }] })
    // Captured while the vault is away: it rests on what the base knows the vault to hold.
    const offline = await place.backUp(away)
    expect(offline.failure?.code).toBe('vault.unreachable')
    expect(offline.manifest.counts.bytesNew).toBeLessThan(100_000)
    await place.prune(store, { ...expiresFirst, by: 'another home' })
    expect(await sizeOfChunks(store)).toBeLessThan(150_000)
    const next = await place.backUp(store)
    expect(next.failure).toBeUndefined()
    const source = place.sourceFiles()
    await expectWhole(store, 'back again', { [offline.manifest.id]: source, [next.manifest.id]: source })
  })

  test('… and says what is lost for good in a point whose source has changed since', async () => {
    await threePoints()
    const contents = await place.filesOf(store, (await place.vaultOf(store).listPoints())[0]?.point ?? '')
    write('large', Buffer.from(contents['./large'] ?? '', 'latin1'))
    const away = createFaultyStore(store, { faults: [{ call: 1, fault: 'unreachable', forEver: true }] })
    const offline = await place.backUp(away)
    await place.prune(store, { ...expiresFirst, by: 'another home' })
    write('large', 'something else')
    expect((await place.backUp(store)).failure).toBeUndefined()
    const state = (await readPointStates(place.vaultOf(store))).of(offline.manifest.id)
    expect(state.partial).toBe(true)
    expect(state.missing.map(({ path }) => Buffer.from(path).toString())).toEqual([join(place.source, 'large')])
    const latest = await place.backUp(store)
    expect(await place.filesOf(store, latest.manifest.id)).toEqual(place.sourceFiles())
  })
})

describe('the index', { timeout: 120_000 }, () => {
  test('has at most 64 live segments after a backup, and a clean-up deletes the others', async () => {
    await threePoints()
    // As many as if there had been a backup for each.
    for (let number = 0; number < 62; number++) {
      await writeSegment(place.vaultOf(store), { chunkFiles: [], supersedes: [] })
    }
    for (let number = 0; number < 3; number++) {
      write('changing', `version ${number}`)
      expect((await place.backUp(store)).failure).toBeUndefined()
      const superseded = new Set<number>()
      const all: number[] = []
      for await (const { sequence, segment } of readIndex(place.vaultOf(store), -1)) {
        all.push(sequence)
        for (const old of segment.supersedes) superseded.add(old)
      }
      expect(all.filter((sequence) => !superseded.has(sequence)).length).toBeLessThanOrEqual(64)
      expect(superseded.size).toBeGreaterThan(30)
    }
    const expired = ({ sequence }: { sequence: number }) => sequence < 5
    const result = await place.prune(store, { expired, by: 'another home' })
    expect(result.removedPoints).toBe(4)
    const left: string[] = []
    for await (const { name } of store.list(place.vaultOf(store).layout.index)) left.push(name)
    expect(left.length).toBeLessThanOrEqual(34)
    await assertInvariants(place.vaultOf(store))
    // What the base has seen last may be superseded and deleted: that is no other history.
    expect((await place.backUp(store)).lostChunkFiles).toBe(0)
  })
})

test('a vault that may not delete: nothing is lost, and it is said what waits', async () => {
  const { third } = await threePoints()
  const faulty = createFaultyStore(store, {
    faults: [
      { call: 1, fault: 'denied', operation: 'delete', namePrefix: place.vaultOf(store).layout.chunks, forEver: true },
    ],
  })
  const result = await place.prune(faulty, expiresFirst)
  expect(result.refusal).toMatch(/planned/)
  expect(result.deleted.files).toBe(0)
  await expectWhole(store, 'denied', { [third.manifest.id]: place.sourceFiles() })
  const again = await place.prune(store)
  expect(again.deleted.files).toBeGreaterThan(0)
  expect(await sizeOfChunks(store)).toBeLessThan(150_000)
})

test('a clean-up that is stopped leaves all as it was, or goes on the next time', async () => {
  const { third } = await threePoints()
  const stop = new AbortController()
  const stopping = interrupted(store, 20, async () => stop.abort(new Error('stopped')))
  await expect(place.prune(stopping, { ...expiresFirst, signal: stop.signal })).rejects.toThrow('stopped')
  await expectWhole(store, 'stopped', { [third.manifest.id]: place.sourceFiles() })
  await place.prune(store, expiresFirst)
  expect(await sizeOfChunks(store)).toBeLessThan(150_000)
})

test('what a point needs that is kept after all, once its files were announced, is taken back', async () => {
  const { first } = await threePoints()
  const files = await place.filesOf(store, first.manifest.id)
  // Kept from just before the intent is put: only the second look sees it.
  let keeps = false
  const expired = ({ sequence }: { sequence: number }) => sequence === 1 && !keeps
  const looked = interrupted(store, await callOfIntent(), async () => {
    keeps = true
  })
  const announced = await place.prune(looked, { expired, graceMs: 14 * dayMs })
  expect([announced.removedPoints, announced.announced.files > 0]).toEqual([0, true])
  expect(await place.filesOf(store, first.manifest.id)).toEqual(files)
  const due = await place.prune(store, { expired, graceMs: 14 * dayMs, nowMs: () => systemClock.nowMs() + 15 * dayMs })
  expect(due.takenBack).toBeGreaterThan(0)
  expect(await place.filesOf(store, first.manifest.id)).toEqual(files)
  await assertInvariants(place.vaultOf(store))
})

/** The number of the call by which a clean-up of the vault as it is puts its intent. */
async function callOfIntent(): Promise<number> {
  const counted = createFaultyStore(await copyOfStore(store))
  const putBack = place.keepCache()
  await place.prune(counted, { ...expiresFirst, graceMs: 14 * dayMs })
  putBack()
  const { intents } = place.vaultOf(store).layout
  return counted.calls.findIndex(({ operation, name }) => operation === 'put' && name.startsWith(intents)) + 1
}

test('a lost index segment: what it named is not taken for left over, before the grace time and after', async () => {
  const { third } = await threePoints()
  const files = await place.filesOf(store, third.manifest.id)
  const { index } = place.vaultOf(store).layout
  const names: string[] = []
  for await (const { name } of store.list(index)) names.push(name)
  for (const name of names) {
    const damaged = await copyOfStore(store)
    await damaged.delete(name)
    const before = await sizeOfChunks(damaged)
    for (const days of [0, 15]) {
      const nowMs = () => systemClock.nowMs() + days * dayMs
      const result = await place.prune(damaged, { graceMs: 14 * dayMs, nowMs })
      expect([result.plan.unindexed, result.deleted.files], name).toEqual([[], 0])
    }
    expect(await sizeOfChunks(damaged), name).toBe(before)
    await damaged.put(name, await store.get(name))
    await assertInvariants(place.vaultOf(damaged))
    expect(await place.filesOf(damaged, third.manifest.id)).toEqual(files)
  }
})

test('a damaged index-gone object: backups go by what is listed, and a clean-up deletes nothing', async () => {
  await threePoints()
  await place.prune(store, { ...expiresFirst, by: 'another home' })
  const { indexGone } = place.vaultOf(store).layout
  for await (const { name } of store.list(indexGone)) {
    const bytes = await store.get(name)
    await store.delete(name)
    await store.put(name, bytes.subarray(1))
  }
  const next = await place.backUp(store)
  expect(next.failure).toBeUndefined()
  expect(await place.filesOf(store, next.manifest.id)).toEqual(place.sourceFiles())
  const before = await sizeOfChunks()
  await expect(place.prune(store, { expired: () => true })).rejects.toMatchObject({ code: 'format.invalid' })
  expect(await sizeOfChunks()).toBe(before)
})

describe('a first backup that is cut off: chunk files in the vault that no point names yet', () => {
  const policy = { budgetBytes: 40 * 1024 * 1024, instantMs: 0 }

  /** Stops in the capture, when the vault answers no more: the cache is full, and part of the data is sent. */
  async function cutOff(): Promise<void> {
    for (let number = 0; number < 20; number++) write(`large ${number}`, randomBytes(12 * 1024 * 1024))
    const chunks = place.vaultOf(store).layout.chunks
    const away = createFaultyStore(store, {
      faults: [{ call: 2, fault: 'unreachable', operation: 'put', namePrefix: chunks, forEver: true }],
    })
    await expect(place.backUp(away, policy)).rejects.toMatchObject({ code: expect.any(String) as string })
    expect(await sizeOfChunks()).toBeGreaterThan(8 * 1024 * 1024)
    expect(await place.vaultOf(store).listPoints()).toEqual([])
  }

  async function goOn(): Promise<void> {
    const { failure, manifest } = await place.backUp(store, policy)
    expect(failure).toBeUndefined()
    await assertInvariants(place.vaultOf(store))
    expect(await place.filesOf(store, manifest.id)).toEqual(place.sourceFiles())
  }

  test('a clean-up in between announces them, and the next run gives a whole point; so it is after the grace time', async () => {
    await cutOff()
    const announced = await place.prune(store, { graceMs: 14 * dayMs })
    expect(announced.deleted.files).toBe(0)
    await goOn()
    await place.prune(store, { graceMs: 14 * dayMs, nowMs: () => systemClock.nowMs() + 15 * dayMs })
    await assertInvariants(place.vaultOf(store))
    await goOn()
  })

  test('after the grace time they are gone, found to be gone, and stored again', async () => {
    await cutOff()
    const before = await sizeOfChunks()
    await place.prune(store, { graceMs: 14 * dayMs })
    const due = await place.prune(store, { graceMs: 14 * dayMs, nowMs: () => systemClock.nowMs() + 15 * dayMs })
    expect(due.deleted.files).toBeGreaterThan(0)
    expect(await sizeOfChunks()).toBeLessThan(before)
    await goOn()
  })
})
