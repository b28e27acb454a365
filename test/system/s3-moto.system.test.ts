/** The store contract over moto, what a probe finds there, and a vault whose objects are locked. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { restoreFiles } from '../../agent-core/api/restore-verbs.ts'
import { connectToVault, createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { openS3Store, type S3StoreOptions } from '../../agent-core/vault/s3-store.ts'
import { describeObjectStoreContract } from '../contracts/object-store.contract.ts'
import { type MotoServer, motoPython, startMotoServer } from '../support/moto-server.ts'
import { missingToolPrefix, needsThat } from '../support/needs.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

const dayMs = 86_400_000
const python = motoPython()

interface KeyedVersion {
  readonly key: string
  readonly id: string
}

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

  test('Object Lock: set, extended, kept against a hostile client, whose lies are seen through', async () => {
    const bucket = await makeBucket({ 'x-amz-bucket-object-lock-enabled': 'true' })
    const ask = async (key: string, query = '', init: RequestInit = {}) =>
      await fetch(`${server.endpoint}/${bucket}/${key}${query}`, init)
    const lockOf = async (key: string): Promise<number> => {
      const until = /<RetainUntilDate>(.*?)</.exec(await (await ask(key, '?retention')).text())?.[1]
      return Date.parse(until ?? '')
    }
    const versionsOf = async (): Promise<readonly KeyedVersion[]> => {
      const page = await (await fetch(`${server.endpoint}/${bucket}?versions`)).text()
      return [...page.matchAll(/<Version>.*?<Key>(.*?)<.*?<VersionId>(.*?)</gs)].map(([, key = '', id = '']) => ({
        key,
        id,
      }))
    }
    const clock = { ...systemClock, aheadMs: 0, nowMs: () => systemClock.nowMs() + clock.aheadMs }
    using home = new TestHome({ clock })
    using folder = new TestFolder()
    mkdirSync(folder.at('source'))
    const place = {
      ...{ url: `s3://${bucket}/laptop`, endpoint: server.endpoint, pathStyle: true, lockDays: 30 },
      credentials: { keys: { accessKeyId: 'anybody', secretAccessKey: 'anything' } },
    }
    await createNewVault(home.deps, 'v', place, testPassphrase)
    await enableItem(home.deps, 'docs', ['v'], { ...plainSettings, folders: [folder.at('source')] })
    const backUp = async (name: string) => {
      writeFileSync(folder.at('source', name), `content of ${name}`)
      return (await backupNow(home.deps, 'docs', { accept: false, scheduled: true }, {})).point?.confirmed
    }
    expect(await backUp('one')).toBe(true)
    const payload = (await versionsOf()).filter(({ key }) => key.includes('/chunks/') || key.includes('/index/'))
    expect(payload.length).toBeGreaterThan(2)
    for (const { key } of payload) expect(await lockOf(key)).toBeGreaterThan(clock.nowMs() + 44 * dayMs)
    clock.aheadMs = 20 * dayMs
    expect(await backUp('two')).toBe(true)
    for (const { key } of payload) expect(await lockOf(key)).toBeGreaterThan(clock.nowMs() + 44 * dayMs)

    for (const [at, { key, id }] of payload.entries()) {
      expect((await ask(key, `?versionId=${id}`, { method: 'DELETE' })).status, key).toBe(403)
      const lie = at % 2 === 0 ? { method: 'PUT', body: 'a lie' } : { method: 'DELETE' }
      expect((await ask(key, '', lie)).ok, key).toBe(true)
    }
    using other = new TestHome({ clock })
    const { remarks } = await connectToVault(other.deps, 'w', place, testPassphrase, { repairVersions: true })
    expect(remarks.join()).toContain(`right again (${payload.length})`)
    const request = {
      item: 'docs',
      point: 'latest',
      paths: [],
      conflict: 'copy',
      metadata: true,
      special: false,
    } as const
    await restoreFiles(other.deps, { ...request, target: { directory: folder.at('restored') } }, {})
    expect(snapshotTree(folder.at('restored'))).toEqual(snapshotTree(folder.at('source')))
  })
})
