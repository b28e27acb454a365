/** The store contract over moto, and what a probe finds there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../agent-core/base/clock.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { openS3Store, type S3StoreOptions } from '../../agent-core/vault/s3-store.ts'
import { describeObjectStoreContract } from '../contracts/object-store.contract.ts'
import { type MotoServer, motoPython, startMotoServer } from '../support/moto-server.ts'
import { missingToolPrefix, needsThat } from '../support/needs.ts'

const python = motoPython()

describe('moto', needsThat(python !== undefined, `${missingToolPrefix} moto`), () => {
  let server: MotoServer
  let buckets = 0

  beforeAll(async () => {
    server = await startMotoServer(python ?? '')
  })
  afterAll(async () => await server[Symbol.asyncDispose]())

  /** moto makes a bucket for anybody who asks. */
  async function makeBucket(headers: Record<string, string> = {}): Promise<string> {
    const bucket = `bucket-${buckets++}`
    const { status } = await fetch(`${server.endpoint}/${bucket}`, { method: 'PUT', headers })
    expect(status).toBe(200)
    return bucket
  }

  const optionsFor = (bucket: string): S3StoreOptions => ({
    url: `s3://${bucket}/prefix`,
    endpoint: server.endpoint,
    pathStyle: true,
    keys: { accessKeyId: 'anybody', secretAccessKey: 'anything' },
  })

  describeObjectStoreContract('S3 on moto', async () => {
    const bucket = await makeBucket()
    const stores: ObjectStore[] = []
    const openAnother = async () => {
      const store = await openS3Store(optionsFor(bucket), { clock: systemClock })
      stores.push(store)
      return store
    }
    const store = await openAnother()
    return {
      store,
      openAnother,
      racesBecause: 'moto looks for the object and puts it in two steps, between which another writer comes',
      takeAway: async () => {
        for await (const { name } of store.list('')) await store.delete(name)
        await fetch(`${server.endpoint}/${bucket}`, { method: 'DELETE' })
      },
      dispose: async () => {
        for (const each of stores) await each.close()
      },
    }
  })

  test('a probe finds conditional puts and checksums, and locks where the bucket has them', async () => {
    const plain = await openS3Store(optionsFor(await makeBucket()), { clock: systemClock })
    expect((await plain.probe()).s3).toMatchObject({
      conditionalPut: true,
      versions: false,
      objectLock: false,
      mayDelete: true,
    })
    const bucket = await makeBucket({ 'x-amz-bucket-object-lock-enabled': 'true' })
    const locked = await openS3Store(optionsFor(bucket), { clock: systemClock })
    expect((await locked.probe()).s3).toMatchObject({ versions: true, objectLock: true })
  })
})
