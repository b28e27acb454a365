/**
 * The suite behind the numbered contract of `agent-core/vault/object-store.ts`. Every implementation
 * runs it; the number of a test is the number of the rule.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AgentError } from '../../agent-core/base/agent-error.ts'
import type { ErrorCode } from '../../agent-core/contract/errors.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'

/** One empty place, and what a test may do to it behind the store's back. */
export interface StorePlace {
  readonly store: ObjectStore
  /** A second store on the same place, as another process would open it. */
  openAnother(): Promise<ObjectStore>
  /** Set where the server itself lets two writers of one name win: the test of that does not run, for this reason. */
  readonly racesBecause?: string
  /** Takes the place away while the stores are open. */
  takeAway(): Promise<void>
  /** Leaves what a crashed writer of `name` leaves, `ageMs` old; undefined where nothing is ever left. */
  readonly leaveTemporary?: (name: string, ageMs: number) => Promise<void>
  /** Removes the place and closes its stores. */
  dispose(): Promise<void>
}

const MIB = 1024 * 1024

export function describeObjectStoreContract(title: string, createPlace: () => Promise<StorePlace>): void {
  describe(`object store contract: ${title}`, () => {
    let place: StorePlace
    let store: ObjectStore
    let scratch: string

    beforeEach(async () => {
      scratch = await mkdtemp(path.join(tmpdir(), 'tharsis-bodies-'))
      place = await createPlace()
      store = place.store
    })

    afterEach(async () => {
      await place.dispose()
      await rm(scratch, { recursive: true })
    })

    describeNames(() => store)
    describePut(() => ({ store, place, scratch }))
    describeGet(() => store)
    describeList(() => store)
    describeDelete(() => ({ store, place }))
    describeConcurrency(() => ({ store, place }))
    describeAbsence(() => ({ store, place }))
    describeAbort(() => ({ store, scratch }))
  })
}

function describeNames(current: () => ObjectStore): void {
  const bad = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.',
    '..',
    'a/../b',
    '.tmp-a',
    'a/.b',
    'a.',
    'A',
    'a b',
    'ä',
    'a\\b',
    'a\0',
    'nul',
    'x/con.txt',
  ]
  test.each([...bad, 'a'.repeat(201)])('1. refuses the name %j everywhere', async (name) => {
    const store = current()
    await expect(store.put(name, Buffer.from('x'))).rejects.toThrow(RangeError)
    await expect(store.get(name)).rejects.toThrow(RangeError)
    await expect(store.stat(name)).rejects.toThrow(RangeError)
    await expect(store.delete(name)).rejects.toThrow(RangeError)
    expect(await namesOf(store, '')).toEqual([])
  })

  test.each(['../', '/', 'a//', '.', 'A', 'a/../'])('1. refuses the prefix %j', async (prefix) => {
    await expect(namesOf(current(), prefix)).rejects.toThrow(RangeError)
  })

  test('1. takes the longest names', async () => {
    const names = ['a'.repeat(200), `${'b/'.repeat(99)}bb`]
    for (const name of names) expect(await current().put(name, Buffer.from(name))).toBe(true)
    expect(await namesOf(current(), '')).toEqual([...names].sort())
    for (const name of names) expect((await current().get(name)).toString()).toBe(name)
  })
}

function describePut(current: () => { store: ObjectStore; place: StorePlace; scratch: string }): void {
  test.each([0, 1, 4095, 4096, MIB - 1, MIB, MIB + 1, 9 * MIB + 7])(
    '2. holds exactly the %i bytes put',
    async (sizeBytes) => {
      const { store, place, scratch } = current()
      const bytes = patternOf(sizeBytes)
      const file = path.join(scratch, 'body')
      await writeFile(file, bytes, { mode: 0o600 })
      expect(await store.put('from/memory', bytes)).toBe(true)
      expect(await store.put('from/file', { path: file, sizeBytes })).toBe(true)
      await rm(file)
      const another = await place.openAnother()
      for (const name of ['from/memory', 'from/file']) {
        expect((await another.get(name)).equals(bytes)).toBe(true)
        expect(await another.stat(name)).toMatchObject({ name, sizeBytes })
      }
    },
  )

  test('2. refuses a file that is not as long as promised, and leaves nothing', async () => {
    const { store, scratch } = current()
    const file = path.join(scratch, 'body')
    await writeFile(file, patternOf(5000))
    for (const sizeBytes of [0, 4999, 5001, 3 * MIB]) {
      await rejectsWith(store.put('wrong', { path: file, sizeBytes }), 'store.failed')
    }
    await rejectsWith(store.put('wrong', { path: `${file}-that-is-not-there`, sizeBytes: 1 }), 'store.failed')
    expect(await store.stat('wrong')).toBeUndefined()
    expect(await namesOf(store, '')).toEqual([])
  })

  test('2. a caller may use its buffer again once put has resolved', async () => {
    const { store } = current()
    const buffer = Buffer.from('first')
    await store.put('object', buffer)
    buffer.fill('x')
    expect((await store.get('object')).toString()).toBe('first')
  })

  test('3. recognises the same bytes and never replaces others', async () => {
    const { store, place, scratch } = current()
    const bytes = patternOf(2 * MIB + 3)
    const file = path.join(scratch, 'body')
    await writeFile(file, bytes)
    await store.put('a/name', bytes)
    const another = await place.openAnother()
    expect(await another.put('a/name', bytes)).toBe(false)
    expect(await another.put('a/name', { path: file, sizeBytes: bytes.length })).toBe(false)
    const lastByteDiffers = Buffer.from(bytes)
    lastByteDiffers.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    for (const other of [lastByteDiffers, bytes.subarray(1), Buffer.alloc(0)]) {
      await rejectsWith(another.put('a/name', other), 'store.conflict', { object: 'a/name' })
    }
    await writeFile(file, lastByteDiffers)
    await rejectsWith(another.put('a/name', { path: file, sizeBytes: bytes.length }), 'store.conflict')
    expect((await store.get('a/name')).equals(bytes)).toBe(true)
    expect(await namesOf(store, '')).toEqual(['a/name'])
  })
}

function describeGet(current: () => ObjectStore): void {
  test('4. answers every range exactly, or fails', async () => {
    const store = current()
    const bytes = patternOf(10_000)
    await store.put('object', bytes)
    for (const [offset, sizeBytes] of [
      [0, 0],
      [0, 1],
      [0, 10_000],
      [9_999, 1],
      [10_000, 0],
      [4_095, 2],
      [1, 9_999],
    ] as const) {
      const part = await store.get('object', { range: { offset, sizeBytes } })
      expect(part.equals(bytes.subarray(offset, offset + sizeBytes))).toBe(true)
    }
    for (const [offset, sizeBytes] of [
      [0, 10_001],
      [10_000, 1],
      [10_001, 0],
      [9_999, 2],
      [2 ** 40, 1],
    ] as const) {
      await rejectsWith(store.get('object', { range: { offset, sizeBytes } }), 'store.wrong-size')
    }
    for (const [offset, sizeBytes] of [
      [-1, 2],
      [0, -1],
      [0.5, 1],
      [0, Number.NaN],
    ] as const) {
      await expect(store.get('object', { range: { offset, sizeBytes } })).rejects.toThrow(RangeError)
    }
  })

  test("4. the buffer is the caller's own", async () => {
    const store = current()
    await store.put('object', Buffer.from('bytes'))
    const first = await store.get('object')
    first.fill('x')
    expect((await store.get('object')).toString()).toBe('bytes')
  })

  test('5. tells what is missing', async () => {
    const store = current()
    await store.put('folder/object', Buffer.from('x'))
    for (const name of ['missing', 'folder/missing', 'no/such/folder/object', 'folder', 'folder/object/below']) {
      await rejectsWith(store.get(name), 'store.not-found', { object: name })
      await rejectsWith(store.get(name, { range: { offset: 0, sizeBytes: 1 } }), 'store.not-found')
      expect(await store.stat(name)).toBeUndefined()
    }
  })
}

function describeList(current: () => ObjectStore): void {
  test('6. lists in byte order where folders and names interleave', async () => {
    const store = current()
    const names = [
      'a-b',
      'a.b',
      'a/b',
      'a/b-c/d',
      'a/b.c',
      'a/b0',
      'a0',
      'a_b',
      'aa',
      'b/-',
      'b/0',
      'b/_',
      'b/a/z',
      'b/a0',
    ]
    for (const name of names.filter((name) => name !== 'a/b')) await store.put(name, Buffer.from(name))
    const sorted = names.filter((name) => name !== 'a/b').sort()
    expect(await namesOf(store, '')).toEqual(sorted)
    for (const prefix of ['a', 'a/', 'a/b', 'a/b-', 'a/b-c/', 'b/a', 'b/a/z', 'z', 'no/such/']) {
      expect(await namesOf(store, prefix)).toEqual(sorted.filter((name) => name.startsWith(prefix)))
    }
  })

  test('6. lists any set of names from any place on', async () => {
    const store = current()
    const segment = fc.string({ unit: fc.constantFrom('a', 'b', '0', '-', '_', 'a.b'), minLength: 1, maxLength: 3 })
    const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
    const scenario = fc.record({
      names: fc.uniqueArray(name, { maxLength: 25 }),
      probes: fc.array(name, { minLength: 1, maxLength: 6 }),
    })
    let round = 0
    await fc.assert(
      fc.asyncProperty(scenario, async ({ names, probes }) => {
        const root = `r${round++}/`
        const kept = withoutFoldersOfOthers(names)
          .map((kept) => root + kept)
          .sort()
        await Promise.all(kept.map((name) => store.put(name, Buffer.from(name))))
        expect(await namesOf(store, root)).toEqual(kept)
        for (const probe of [...probes.map((probe) => root + probe), ...kept]) {
          expect(await namesOf(store, root, probe)).toEqual(kept.filter((name) => name > probe))
          expect(await namesOf(store, probe)).toEqual(kept.filter((name) => name.startsWith(probe)))
          expect(await namesOf(store, root, `${probe}/`)).toEqual(kept.filter((name) => name > `${probe}/`))
        }
      }),
      { numRuns: 25 },
    )
  })

  test('6. lists a thousand names with their sizes, each once', async () => {
    const store = current()
    const names = Array.from(
      { length: 1000 },
      (_, number) => `keyspaces/${number % 5}/index/${String(number).padStart(12, '0')}`,
    ).sort()
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((name, index) => store.put(name, Buffer.alloc((at + index) % 9))))
    }
    const infos = await Array.fromAsync(store.list('keyspaces/'))
    expect(infos.map((info) => info.name)).toEqual(names)
    expect(infos.map((info) => info.sizeBytes)).toEqual(names.map((_, index) => index % 9))
    expect(infos.every((info) => Number.isInteger(info.modifiedAtMs))).toBe(true)
    const [first, , third] = names
    for await (const info of store.list('', { startAfter: first as string })) {
      expect(info.name).toBe(names[1])
      break
    }
    expect((await namesOf(store, 'keyspaces/', third))[0]).toBe(names[3])
  })
}

function describeDelete(current: () => { store: ObjectStore; place: StorePlace }): void {
  test('7. deletes once, twice, and what never was; the name can be put again', async () => {
    const { store, place } = current()
    await store.put('folder/object', Buffer.from('x'))
    await store.put('folder/other', Buffer.from('y'))
    for (const name of [
      'folder/object',
      'folder/object',
      'folder/never',
      'no/such/folder',
      'folder',
      'folder/other/below',
    ]) {
      await store.delete(name)
    }
    expect(await namesOf(await place.openAnother(), '')).toEqual(['folder/other'])
    expect(await store.put('folder/object', Buffer.from('z'))).toBe(true)
    expect((await store.get('folder/object')).toString()).toBe('z')
  })

  test('7. an object that is deleted while it is read is read whole or fails', async () => {
    const { store } = current()
    const bytes = patternOf(20 * MIB)
    await store.put('object', bytes)
    const [read] = await Promise.allSettled([store.get('object'), store.delete('object')])
    const failures = ['store.failed', 'store.not-found', 'store.busy', 'store.interrupted']
    if (read.status === 'fulfilled') expect(read.value.equals(bytes)).toBe(true)
    else expect(failures).toContain((read.reason as AgentError).code)
    await rejectsWith(store.get('object'), 'store.not-found')
  })

  test('sweep leaves objects and fresh temporary names, and removes old ones', async () => {
    const { store, place } = current()
    await store.put('folder/object', Buffer.from('x'))
    const hourMs = 3_600_000
    const left = place.leaveTemporary
    await left?.('folder/object', 3 * hourMs)
    await left?.('folder/another', 3 * hourMs)
    await left?.('folder/fresh', 0)
    expect(await namesOf(store, '')).toEqual(['folder/object'])
    expect(await store.sweep(hourMs)).toBe(left ? 2 : 0)
    expect(await store.sweep(hourMs)).toBe(0)
    expect(await store.put('folder/fresh', Buffer.from('y'))).toBe(true)
    expect(await namesOf(store, '')).toEqual(['folder/fresh', 'folder/object'])
  })

  test('probe leaves nothing behind', async () => {
    const { store } = current()
    const found = await store.probe()
    expect(['link', 'rename', 'conditional-put', 'put']).toContain(found.publish)
    expect(found.remarks.every((remark) => remark.endsWith('.'))).toBe(true)
    expect(await namesOf(store, '')).toEqual([])
    expect(await store.sweep(-3_600_000)).toBe(0)
  })
}

function describeConcurrency(current: () => { store: ObjectStore; place: StorePlace }): void {
  test('9. of several writers of one name exactly one wins, and its bytes stay', async (context) => {
    const { store, place } = current()
    if (place.racesBecause !== undefined) {
      context.task.meta.skipReason = place.racesBecause
      context.skip(place.racesBecause)
    }
    const stores = [store, await place.openAnother(), await place.openAnother()]
    for (let round = 0; round < 10; round++) {
      const name = `race/${round}`
      const results = await Promise.allSettled(stores.map((one, who) => one.put(name, Buffer.from(`writer ${who}`))))
      const winners = results.flatMap((result, who) => (result.status === 'fulfilled' && result.value ? [who] : []))
      expect(winners).toHaveLength(1)
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'store.conflict' })
        else expect(result.value).toBe(true)
      }
      expect((await store.get(name)).toString()).toBe(`writer ${winners[0]}`)
    }
    expect(await namesOf(store, '')).toHaveLength(10)
  })

  test('9. of several writers of the same bytes one makes the object and all succeed', async () => {
    const { store, place } = current()
    const stores = [store, await place.openAnother(), store, await place.openAnother()]
    for (let round = 0; round < 10; round++) {
      const made = await Promise.all(stores.map((one) => one.put(`same/${round}`, patternOf(100_000))))
      expect(made.filter(Boolean)).toHaveLength(1)
    }
    expect(await namesOf(store, '')).toHaveLength(10)
  })
}

function describeAbsence(current: () => { store: ObjectStore; place: StorePlace }): void {
  test('8. every call says that an absent place is unreachable', async () => {
    const { store, place } = current()
    await store.put('folder/object', Buffer.from('x'))
    await place.takeAway()
    const calls = [
      () => store.put('folder/object', Buffer.from('x')),
      () => store.put('new/object', Buffer.from('y')),
      () => store.get('folder/object'),
      () => store.get('missing'),
      () => store.stat('folder/object'),
      () => namesOf(store, ''),
      () => store.delete('folder/object'),
      () => store.sweep(0),
      () => store.probe(),
    ]
    for (const call of calls) await rejectsWith(call(), 'vault.unreachable')
  })
}

function describeAbort(current: () => { store: ObjectStore; scratch: string }): void {
  test('10. an aborted signal rejects every call with its reason', async () => {
    const { store } = current()
    const reason = new Error('changed my mind')
    const signal = AbortSignal.abort(reason)
    const calls = [
      () => store.put('object', Buffer.from('x'), { signal }),
      () => store.get('object', { signal }),
      () => store.stat('object', { signal }),
      () => Array.fromAsync(store.list('', { signal })),
      () => store.delete('object', { signal }),
      () => store.sweep(0, { signal }),
      () => store.probe({ signal }),
    ]
    for (const call of calls) await expect(call()).rejects.toBe(reason)
    expect(await namesOf(store, '')).toEqual([])
  })

  test('10. a put aborted on its way leaves the whole object or nothing', async () => {
    const { store, scratch } = current()
    const bytes = patternOf(6 * MIB)
    const file = path.join(scratch, 'body')
    await writeFile(file, bytes, { mode: 0o644 })
    for (let steps = 0; steps < 24; steps++) {
      const name = `aborted/${steps}`
      const abort = new AbortController()
      const reason = new Error(`after ${steps} steps`)
      const body = steps % 2 === 0 ? bytes : { path: file, sizeBytes: bytes.length }
      const outcome = store.put(name, body, { signal: abort.signal }).catch((error: unknown) => error)
      for (let step = 0; step < steps; step++) await store.stat('elsewhere')
      abort.abort(reason)
      const result = await outcome
      expect([true, reason]).toContain(result)
      const there = await store.stat(name)
      expect(there?.sizeBytes).toBe(result === true ? bytes.length : there?.sizeBytes && bytes.length)
      const isNew = await store.put(name, bytes)
      // A server that has the whole body may still write it after its client hung up, so late that the look before missed it.
      if (there !== undefined) expect(isNew).toBe(false)
      expect((await store.stat(name))?.sizeBytes).toBe(bytes.length)
      await store.delete(name)
    }
    expect(await store.sweep(-3_600_000)).toBe(0)
  })
}

/** Rejects with an AgentError of that code, and with at least that data. */
export async function rejectsWith(call: Promise<unknown>, code: ErrorCode, data: object = {}): Promise<void> {
  const error = await call.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AgentError)
  expect(error).toMatchObject({ code, data })
}

async function namesOf(store: ObjectStore, prefix: string, startAfter?: string): Promise<string[]> {
  const names: string[] = []
  const options = startAfter === undefined ? {} : { startAfter }
  for await (const info of store.list(prefix, options)) names.push(info.name)
  return names
}

/** Bytes that repeat with a long period, so that shifted or swapped pieces show. */
function patternOf(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 31 + (at >> 9) * 7 + (at >> 17)) & 0xff
  return bytes
}

/** A name that is the folder of another is no legal set (rule 1). */
function withoutFoldersOfOthers(names: readonly string[]): string[] {
  return names.filter((name) => !names.some((other) => other.startsWith(`${name}/`)))
}
