/** The S3 store over the strict server of the tests: the contract of every store, then what only a server can do wrong. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { describeObjectStoreContract, rejectsWith } from '../../test/contracts/object-store.contract.ts'
import { createS3Place, type S3PlaceOptions, stubStoreOptions } from '../../test/support/s3-place.ts'
import { type S3Stub, startS3Stub } from '../../test/support/s3-stub/s3-stub.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { createPace } from '../base/pace.ts'
import type { ObjectStore } from './object-store.ts'
import { createRetryingStore } from './retrying-store.ts'
import { sizesFor } from './s3-store/s3-put.ts'
import { partBytesOf } from './s3-store/s3-upload.ts'
import { openS3Store, type S3StoreOptions } from './s3-store.ts'
import { createThrottledStore } from './throttled-store.ts'

describeObjectStoreContract('S3', () => createS3Place())
describeObjectStoreContract('S3, retried and throttled', async () => {
  const place = await createS3Place()
  const clock = { ...systemClock, delay: async (_ms: number, signal?: AbortSignal) => signal?.throwIfAborted() }
  const pace = createPace(125_000_000, systemClock)
  const wrap = (store: ObjectStore) =>
    createThrottledStore(
      createRetryingStore(store, { clock, random: { bytes: (size) => Buffer.alloc(size) } }),
      () => pace,
    )
  return { ...place, store: wrap(place.store), openAnother: async () => wrap(await place.openAnother()) }
})
describeObjectStoreContract('S3 with versions', () =>
  createS3Place({ versions: true, store: { abilities: { ...all, versions: true } } }),
)

const MIB = 1024 * 1024
const all = {
  conditionalPut: true,
  checksums: true,
  checksPayload: true,
  versions: false,
  objectLock: false,
  mayDelete: true,
} as const

let open: { readonly stub: S3Stub; readonly store: ObjectStore } | undefined

interface MakeOptions extends S3PlaceOptions {
  readonly clock?: (stub: S3Stub) => Clock
}

async function make(options: MakeOptions = {}): Promise<{ readonly stub: S3Stub; readonly store: ObjectStore }> {
  const stub = await startS3Stub(options)
  const clock = options.clock?.(stub) ?? systemClock
  const store = await openS3Store({ ...stubStoreOptions(stub), ...options.store }, { clock })
  open = { stub, store }
  return open
}

afterEach(async () => {
  await open?.store.close()
  await open?.stub[Symbol.asyncDispose]()
  open = undefined
})

describe('answers that are errors', () => {
  test.each([
    ['ExpiredToken', 400, 'vault.credentials-expired'],
    ['InvalidAccessKeyId', 403, 'vault.credentials'],
    ['SignatureDoesNotMatch', 403, 'vault.credentials'],
    ['AccessDenied', 403, 'vault.denied'],
    ['NoSuchBucket', 404, 'vault.unreachable'],
    ['QuotaExceeded', 403, 'vault.full'],
    ['XMinioStorageFull', 507, 'vault.full'],
    ['RequestTimeTooSkewed', 403, 'vault.clock-skew'],
    ['SlowDown', 503, 'store.busy'],
    ['InternalError', 500, 'store.busy'],
    ['TooManyRequests', 429, 'store.busy'],
    ['MalformedXML', 400, 'store.failed'],
  ] as const)('%s (%i) is %s', async (code, status, expected) => {
    const { stub, store } = await make({
      faults: [{ call: 1, forEver: true, fault: { kind: 'status', status, code } }],
    })
    await rejectsWith(store.put('a', Buffer.from('x')), expected)
    await rejectsWith(Array.fromAsync(store.list('')), expected)
    expect(stub.faults.unreached()).toEqual([])
  })

  test('the real signature check: wrong secret, unknown key, a session that is over', async () => {
    const { stub } = await make({
      credentials: { accessKeyId: 'K', secretAccessKey: 's', sessionToken: 't', isExpired: true },
    })
    const call = async (keys: NonNullable<S3StoreOptions['keys']>) => {
      const store = await openS3Store({ ...stubStoreOptions(stub), keys }, { clock: systemClock })
      try {
        return await store.get('a')
      } finally {
        await store.close()
      }
    }
    await rejectsWith(call({ accessKeyId: 'K', secretAccessKey: 's', sessionToken: 't' }), 'vault.credentials-expired')
    await rejectsWith(call({ accessKeyId: 'L', secretAccessKey: 's', sessionToken: 't' }), 'vault.credentials', {
      reason: 'the access key is not known there',
    })
  })

  test('Retry-After is passed on', async () => {
    const fault = { kind: 'status', status: 503, code: 'SlowDown', retryAfterSeconds: 7 } as const
    const { store } = await make({ faults: [{ call: 1, fault }] })
    await rejectsWith(store.get('a'), 'store.busy', { retryAfterMs: 7000 })
  })

  test('nobody listens: unreachable', async () => {
    const { stub, store } = await make()
    await stub[Symbol.asyncDispose]()
    await rejectsWith(store.put('a', Buffer.from('x')), 'vault.unreachable')
  })

  test("a clock that is wrong is named with its difference; a retry goes by the server's", async () => {
    const { stub, store } = await make({ nowMs: () => Date.now() + 40 * 60_000 })
    await rejectsWith(store.put('a', Buffer.from('x')), 'vault.clock-skew', {
      difference: "it is 40 min behind the server's",
    })
    expect(await store.put('a', Buffer.from('x'))).toBe(true)
    expect((await store.probe()).remarks.join()).toContain('clock is wrong')
    expect(stub.counts().PutObject).toBeGreaterThan(1)
  })
})

describe('connections that break', () => {
  const bytes = Buffer.alloc(2 * MIB, 'some bytes')

  /** A deadline passes as soon as the planned fault has struck, and never before. */
  const clockOfFaults = (stub: S3Stub): Clock => ({
    nowMs: () => systemClock.nowMs(),
    delay: async (_ms, signal) => {
      await stub.faults.allStruck
      await setImmediate(undefined, { signal })
    },
  })

  test('a reset while sending is interrupted, leaves nothing, and the next put makes the object', async () => {
    for (const afterBytes of [1, 100_000, MIB]) {
      const { stub, store } = await make({ faults: [{ call: 1, fault: { kind: 'reset', afterBytes } }] })
      await rejectsWith(store.put('a', bytes), 'store.interrupted')
      expect(stub.faults.unreached()).toEqual([])
      expect(await store.put('a', bytes)).toBe(true)
      await stub[Symbol.asyncDispose]()
    }
  })

  test('a lost answer is recognised', async () => {
    const { stub, store } = await make({
      faults: [{ operation: 'PutObject', call: 1, fault: { kind: 'lost-answer' } }],
    })
    await rejectsWith(store.put('a', bytes), 'store.interrupted')
    expect(await store.put('a', bytes)).toBe(false)
    await rejectsWith(store.put('a', Buffer.from('others')), 'store.conflict')
    expect(stub.bucket.keys()).toHaveLength(1)
  })

  test('no answer, or half a body and silence, ends at the deadline', async () => {
    const { stub, store } = await make({ clock: clockOfFaults })
    await store.put('a', bytes)
    for (const kind of ['stall', 'stall-body'] as const) {
      stub.setFaults([{ operation: 'GetObject', call: 1, fault: { kind } }])
      await rejectsWith(store.get('a'), 'store.interrupted', { reason: 'nothing moved for 60 s (reading a)' })
    }
    stub.setFaults([{ operation: 'PutObject', call: 1, fault: { kind: 'stall' } }])
    await rejectsWith(store.put('b', bytes), 'store.interrupted')
    stub.setFaults([])
    expect((await store.get('a')).equals(bytes)).toBe(true)
  })

  test('a body that ends early is never handed on', async () => {
    const { stub, store } = await make()
    await store.put('a', bytes)
    for (const range of [undefined, { offset: 5, sizeBytes: 100_000 }]) {
      stub.setFaults([{ operation: 'GetObject', call: 1, fault: { kind: 'short-body' } }])
      await rejectsWith(store.get('a', range && { range }), 'store.interrupted')
      expect(stub.faults.unreached()).toEqual([])
    }
  })

  test('every piece of an upload waits for the pace', async () => {
    const { store } = await make()
    const taken: number[] = []
    const take = async (sizeBytes: number) => void taken.push(sizeBytes)
    expect(await store.put('a', bytes, { pace: { bytesPerSecond: 1e9, pieceBytes: 4096, take } })).toBe(true)
    expect([taken.length, Math.max(...taken)]).toEqual([512, 4096])
  })
})

describe('servers that can less', () => {
  test('without conditional puts the name is looked at, nothing is replaced', async () => {
    const { stub, store } = await make({ knowsConditions: false })
    const found = await store.probe()
    expect(found).toMatchObject({ publish: 'put', s3: { ...all, conditionalPut: false } })
    expect(found.remarks.join()).toContain('conditional puts')
    expect(await store.put('a', Buffer.from('x'))).toBe(true)
    expect(await store.put('a', Buffer.from('x'))).toBe(false)
    await rejectsWith(store.put('a', Buffer.from('y')), 'store.conflict')
    expect(stub.bucket.keys()).toHaveLength(1)
  })

  test('without checksums the signed hash still proves the body, and bytes are compared by reading', async () => {
    const { stub, store } = await make({ knowsChecksums: false })
    expect((await store.probe()).s3).toEqual({ ...all, checksums: false })
    expect(await store.put('a', Buffer.from('x'))).toBe(true)
    expect(await store.put('a', Buffer.from('x'))).toBe(false)
    await rejectsWith(store.put('a', Buffer.from('y')), 'store.conflict')
    expect(stub.counts().GetObject).toBeGreaterThan(0)
  })

  test('a server that checks nothing is found out, and then a known hash is not believed', async () => {
    using folder = new TestFolder()
    const path = folder.at('body')
    await writeFile(path, 'these bytes')
    const body = { path, sizeBytes: 11, sha256: '00'.repeat(32) }
    const lax = await make({ checksBodies: false })
    expect((await lax.store.probe()).s3).toEqual({ ...all, checksPayload: false })
    expect(await lax.store.put('a', body)).toBe(true)
    expect(await lax.store.put('a', Buffer.from('these bytes'))).toBe(false)
    await lax.stub[Symbol.asyncDispose]()
    const strict = await make({ store: { abilities: all } })
    await rejectsWith(strict.store.put('a', body), 'store.failed')
    expect(strict.stub.bucket.keys()).toEqual([])
  })

  test('without the right to delete, a probe leaves the same two objects and a sweep asks nothing', async () => {
    const { stub, store } = await make({ mayDelete: false })
    for (let round = 0; round < 2; round++) {
      expect((await store.probe()).s3).toEqual({ ...all, mayDelete: false })
      expect(stub.bucket.keys()).toEqual(['some/prefix/test/condition'])
    }
    stub.journal.length = 0
    expect(await store.sweep(0)).toBe(0)
    expect(stub.journal).toEqual([])
    await rejectsWith(store.delete('test/condition'), 'vault.denied')
  })
})

describe('objects in parts', () => {
  const slow = { bytesPerSecond: 1 }
  const pace = { pieceBytes: 64 * 1024, take: async () => {}, ...slow }
  const bytes = Buffer.from(Array.from({ length: 17 * MIB }, (_, at) => (at >> 8) & 0xff))

  test('what goes in one request and how large parts are follows the line', () => {
    expect(sizesFor(32 * MIB, Number.POSITIVE_INFINITY)).toEqual({ wholeBytes: 64 * MIB, partBytes: 16 * MIB })
    expect(sizesFor(32 * MIB, 64_000)).toEqual({ wholeBytes: 5 * MIB, partBytes: 5 * MIB })
    expect(sizesFor(32 * MIB, 300_000)).toEqual({ wholeBytes: 18_000_000, partBytes: 9_000_000 })
    expect(sizesFor(10_000 * 32 * MIB, 64_000).partBytes).toBe(32 * MIB)
  })

  test('the parts of an interrupted upload tell their size', () => {
    const put = { body: { sizeBytes: 37 * MIB }, partBytes: 8 * MIB } as Parameters<typeof partBytesOf>[1]
    const parts = (...sizes: readonly (readonly [number, number])[]) =>
      new Map(sizes.map(([PartNumber, Size]) => [PartNumber, { PartNumber, Size: Size * MIB }]))
    expect(partBytesOf(parts(), put)).toBe(8 * MIB)
    expect(partBytesOf(parts([1, 6], [3, 6]), put)).toBe(6 * MIB)
    expect(partBytesOf(parts([2, 7], [6, 2]), put)).toBe(7 * MIB)
    expect(partBytesOf(parts([6, 2]), put)).toBe(7 * MIB)
    expect(partBytesOf(parts([2, 8]), put)).toBe(8 * MIB)
    expect(partBytesOf(parts([1, 5], [2, 3]), put)).toBe(8 * MIB)
  })

  test('are put together whole, and recognised when put again', async () => {
    const { stub, store } = await make()
    expect(await store.put('a', bytes, { pace })).toBe(true)
    expect(stub.counts()).toMatchObject({ CreateMultipartUpload: 1, UploadPart: 4, CompleteMultipartUpload: 1 })
    expect((await store.get('a')).equals(bytes)).toBe(true)
    stub.journal.length = 0
    expect(await store.put('a', bytes, { pace })).toBe(false)
    await rejectsWith(store.put('a', Buffer.alloc(17 * MIB), { pace }), 'store.conflict')
    expect(stub.counts().UploadPart).toBeUndefined()
    expect(stub.bucket.uploads.size).toBe(0)
  })

  test('one that broke goes on with the parts that are not there', async () => {
    for (const knowsChecksums of [true, false]) {
      const abilities = { ...all, checksums: knowsChecksums }
      const { stub, store } = await make({
        knowsChecksums,
        store: { abilities },
        faults: [{ operation: 'UploadPart', call: 4, fault: { kind: 'reset', afterBytes: 1 } }],
      })
      await rejectsWith(store.put('a', bytes, { pace }), 'store.interrupted')
      expect(stub.faults.unreached()).toEqual([])
      const whole = stub.journal.filter(({ operation, status }) => operation === 'UploadPart' && status === 200)
      expect(await store.sweep(-3_600_000, { resumed: new Set(['a']) })).toBe(0)
      stub.journal.length = 0
      expect(await store.put('a', bytes, { pace })).toBe(true)
      const again = stub.journal.filter(({ operation }) => operation === 'UploadPart')
      // Without checksums only an ETag that is an MD5 proves a part; this server's is none.
      if (knowsChecksums) expect(again.length + whole.length).toBe(4)
      expect((await store.get('a')).equals(bytes)).toBe(true)
      await stub[Symbol.asyncDispose]()
    }
  })

  test('one that broke and is not put again is swept away', async () => {
    const { stub, store } = await make({
      faults: [{ operation: 'UploadPart', call: 4, fault: { kind: 'reset', afterBytes: 1 } }],
    })
    await rejectsWith(store.put('a', bytes, { pace }), 'store.interrupted')
    expect(await store.sweep(-3_600_000, { resumed: new Set(['b']) })).toBe(1)
    expect(stub.bucket.uploads.size).toBe(0)
  })

  test('a lost answer to the last request is recognised', async () => {
    const fault = { kind: 'lost-answer' } as const
    const { store } = await make({ faults: [{ operation: 'CompleteMultipartUpload', call: 1, fault }] })
    await rejectsWith(store.put('a', bytes, { pace }), 'store.interrupted')
    expect(await store.put('a', bytes, { pace })).toBe(false)
    expect((await store.get('a')).equals(bytes)).toBe(true)
  })
})

describe('a bucket that keeps versions', () => {
  const root = 'keyspaces/0123456789abcdef0123456789abcdef'
  const chunkBytes = Buffer.from('a chunk file')
  const chunk = createHash('sha256').update(chunkBytes).digest('hex')
  const chunkName = `${root}/chunks/${chunk.slice(0, 2)}/${chunk}.tcf`

  async function makeVersioned() {
    const made = await make({ versions: true, store: { abilities: { ...all, versions: true } } })
    const hostile = (name: string, text: string): void => {
      const bytes = Buffer.from(text)
      const checksum = createHash('sha256').update(bytes).digest('base64')
      const modifiedMs = Date.now() + 1000
      made.stub.bucket.add(`some/prefix/${name}`, {
        body: { bytes },
        etag: '"e"',
        checksum,
        modifiedMs,
        retainUntilMs: undefined,
      })
    }
    return { ...made, hostile }
  }

  test('is seen through: overwritten and deleted objects are right again, and nothing is deleted', async () => {
    const { stub, store, hostile } = await makeVersioned()
    const names = [chunkName, `${root}/index/000000000001`, `${root}/index/000000000002`, 'vault.json']
    for (const name of names) await store.put(name, name === chunkName ? chunkBytes : Buffer.from(name))
    hostile(chunkName, 'a lie')
    hostile(`${root}/index/000000000001`, 'another')
    stub.bucket.delete('some/prefix/vault.json', null, Date.now() + 1000)
    expect((await store.get(chunkName)).toString()).toBe('a lie')
    expect(await store.stat('vault.json')).toBeUndefined()
    stub.setMayDelete(false)
    const { repaired, lost } = (await store.repairVersions?.()) ?? {}
    expect([repaired?.toSorted(), lost]).toEqual([[chunkName, `${root}/index/000000000001`, 'vault.json'].sort(), []])
    for (const name of names) {
      expect((await store.get(name)).toString()).toBe(name === chunkName ? chunkBytes.toString() : name)
    }
    expect(await store.repairVersions?.()).toEqual({ repaired: [], lost: [] })
    expect(stub.counts().DeleteObject).toBeUndefined()
  })

  test('a chunk file that was put under a lie already is found by its hash; one without a true version is named', async () => {
    const { store, hostile } = await makeVersioned()
    hostile(chunkName, 'first lie')
    hostile(chunkName, chunkBytes.toString())
    hostile(chunkName, 'last lie')
    const other = `${root}/chunks/00/${'0'.repeat(64)}.tcf`
    hostile(other, 'x')
    hostile(other, 'y')
    expect(await store.repairVersions?.()).toEqual({ repaired: [chunkName], lost: [other] })
    expect((await store.get(chunkName)).equals(chunkBytes)).toBe(true)
  })

  test('a locked object cannot be deleted before its time, and says until when', async () => {
    const lock = {
      leastMs: 20 * 86_400_000,
      lengthMs: 30 * 86_400_000,
      appliesTo: (name: string) => name.endsWith('kept'),
    }
    const { stub, store } = await make({ lock: true, store: { lock } })
    expect((await store.probe()).s3).toEqual({ ...all, versions: true, objectLock: true })
    await store.put('kept', Buffer.from('x'))
    await store.put('loose', Buffer.from('y'))
    await rejectsWith(store.delete('kept'), 'store.retained', { object: 'kept' })
    await store.delete('loose')
    expect(stub.bucket.keys()).toEqual(['some/prefix/kept'])
    const untilMs = stub.bucket.current('some/prefix/kept')?.retainUntilMs ?? 0
    expect(Math.abs(untilMs - Date.now() - lock.lengthMs)).toBeLessThan(600_000)
  })
})
