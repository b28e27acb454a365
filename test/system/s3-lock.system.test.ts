/**
 * A vault in a bucket with versions and Object Lock, on moto: what the tests over the strict server show of locks holds on a
 * server that others have written, too. Dates and versions are read and changed with the SDK, past Tharsis.
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3PlaceRequest } from '../../agent-core/api/agent-api.ts'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { changeItem, enableItem } from '../../agent-core/api/item-verbs.ts'
import { createPolicy } from '../../agent-core/api/policy-verbs.ts'
import { pruneVault } from '../../agent-core/api/prune-verbs.ts'
import { restoreFiles } from '../../agent-core/api/restore-verbs.ts'
import { connectToVault, createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { verifyKnownVault } from '../../agent-core/api/verify-verbs.ts'
import { type Clock, systemClock } from '../../agent-core/base/clock.ts'
import { type MotoServer, motoPython, startMotoServer } from '../support/moto-server.ts'
import { missingToolPrefix, needsThat } from '../support/needs.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

const python = motoPython()
const dayMs = 86_400_000
const lockDays = 30
/** A lock is set for half as long again. */
const lockLengthDays = 45
const keys = { accessKeyId: 'anybody', secretAccessKey: 'anything' }

describe('Object Lock on moto', needsThat(python !== undefined, `${missingToolPrefix} moto`), () => {
  let server: MotoServer
  let client: S3Client

  beforeAll(async () => {
    server = await startMotoServer(python ?? '')
    const { endpoint } = server
    client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: keys })
  })
  afterAll(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })

  /** A vault in a locked bucket of its own, an item in it, and a home whose clock goes on by itself and by `goOn`. */
  async function makePlace(Bucket: string) {
    await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
    const stack = new DisposableStack()
    let aheadMs = 0
    const clock: Clock = {
      nowMs: () => systemClock.nowMs() + aheadMs,
      delay: async (ms, signal) => await systemClock.delay(ms, signal),
    }
    const { deps } = stack.use(new TestHome({ clock }))
    const folder = stack.use(new TestFolder())
    const request: S3PlaceRequest = {
      url: `s3://${Bucket}/laptop`,
      endpoint: server.endpoint,
      pathStyle: true,
      credentials: { keys },
      lockDays,
    }
    await createNewVault(deps, 'v', request, testPassphrase)
    await enableItem(deps, 'docs', ['v'], { ...plainSettings, folders: [folder.path] })
    return {
      deps,
      clock,
      folder,
      request,
      goOn: (days: number) => {
        aheadMs += days * dayMs
      },
      /** A backup with one more file that nothing else is like. */
      backUp: async (name: string) => {
        writeFileSync(folder.at(name), randomBytes(300_000))
        return (await backupNow(deps, 'docs', { accept: false, scheduled: true }, {})).point?.confirmed
      },
      keysWith: async (part: string) => {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
        return Contents.flatMap(({ Key }) => (Key?.includes(part) ? [Key] : []))
      },
      /** Days from the home's now for which the newest version is locked. */
      lockOf: async (Key: string) => {
        const found = await client.send(new HeadObjectCommand({ Bucket, Key }))
        expect(found.ObjectLockMode).toBe('GOVERNANCE')
        return ((found.ObjectLockRetainUntilDate?.getTime() ?? 0) - clock.nowMs()) / dayMs
      },
      [Symbol.dispose]: () => stack.dispose(),
    }
  }

  test('a later point extends the locks of what it needs, and only then is confirmed', async () => {
    using place = await makePlace('extended')
    expect(await place.backUp('one')).toBe(true)
    const needed = (await Promise.all(['/chunks/', '/index/', 'vault.json'].map(place.keysWith))).flat()
    expect(needed.length).toBeGreaterThan(3)
    for (const key of needed) expect(await place.lockOf(key), key).toBeCloseTo(lockLengthDays, 1)
    place.goOn(10)
    expect(await place.backUp('two')).toBe(true)
    // More than 30 days are left: nothing is extended yet.
    for (const key of needed) expect(await place.lockOf(key), key).toBeCloseTo(lockLengthDays - 10, 1)
    place.goOn(10)
    const begun = server.requests.length
    expect(await place.backUp('three')).toBe(true)
    for (const key of needed) expect(await place.lockOf(key), key).toBeCloseTo(lockLengthDays, 1)
    const order = server.requests.slice(begun)
    const confirmedAt = order.findIndex((line) => /PUT \S+\.ok\?x-id=PutObject/.test(line))
    const extendedAt = order.flatMap((line, at) => (/PUT \S+\?retention/.test(line) ? [at] : []))
    expect(extendedAt.length).toBeGreaterThanOrEqual(needed.length)
    expect(confirmedAt).toBeGreaterThan(extendedAt.at(-1) ?? Number.POSITIVE_INFINITY)
  })

  test('overwritten and deleted by somebody else, seen through by --repair-versions, restored byte for byte', async () => {
    const Bucket = 'hostile'
    using place = await makePlace(Bucket)
    await place.backUp('one')
    await place.backUp('two')
    const chunks = await place.keysWith('/chunks/')
    const confirmations = await place.keysWith('.ok')
    const points = (await place.keysWith('/points/')).filter((key) => !key.endsWith('.ok'))
    const overwritten = [chunks[0], confirmations[0]].map(String)
    const deleted = [chunks[1], points[1]].map(String)
    for (const Key of overwritten) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'something else' }))
    for (const Key of deleted) await client.send(new DeleteObjectCommand({ Bucket, Key }))
    const { damaged } = await verifyKnownVault(place.deps, 'v', { readDataPercent: 100 }, {})
    expect(damaged.filter(({ state }) => state === 'open').length).toBeGreaterThan(0)

    using other = new TestHome()
    const options = { read: 'test machine', repairVersions: true }
    const { remarks } = await connectToVault(other.deps, 'w', place.request, testPassphrase, options)
    expect(remarks.join(' ')).toContain('right again (4)')
    for (const name of [...overwritten, ...deleted]) expect(remarks.join(' ')).toContain(name.split('/').at(-1))
    expect((await verifyKnownVault(other.deps, 'w', { readDataPercent: 100 }, {})).damaged).toEqual([])
    using target = new TestFolder()
    const restored = await restoreFiles(
      other.deps,
      {
        item: 'docs',
        point: 'latest',
        paths: [],
        target: { directory: target.at('restored') },
        conflict: 'copy',
        metadata: true,
        special: false,
      },
      {},
    )
    expect(restored).toMatchObject({ failed: 0, verified: true })
    expect(snapshotTree(target.at('restored'))).toEqual(snapshotTree(place.folder.path))
  })

  test('the server refuses to delete what is locked; a clean-up leaves it and says until when', async () => {
    const Bucket = 'kept'
    using place = await makePlace(Bucket)
    const { deps } = place
    await createPolicy(deps, 'short', { keep: { days: 7, atLeast: 1 } })
    await changeItem(deps, 'docs', { policy: 'short' })
    // Rules that keep less count after 14 days; a day later the locks would be extended.
    await place.backUp('one')
    place.goOn(14.5)
    await place.backUp('two')
    const points = await place.keysWith('/points/')
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
    const locked = Versions.filter(({ Key = '' }) => points.includes(Key))
    expect(locked).toHaveLength(4)
    for (const { Key, VersionId } of locked) {
      const deletion = client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
      await expect(deletion, Key).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
    }
    const { refusal, points: removed, deleted } = await pruneVault(deps, 'v', { graceDays: 0 }, {})
    const until = new Date(place.clock.nowMs() + (lockLengthDays - 14.5) * dayMs).toISOString().slice(0, 10)
    expect(refusal).toMatch(new RegExp(`^keyspaces/.*/points/.* is locked until ${until}`))
    expect(removed).toHaveLength(1)
    expect(deleted).toMatchObject({ files: 0 })
    expect(await place.keysWith('/points/')).toEqual(points)
    expect((await verifyKnownVault(deps, 'v', { readDataPercent: 100 }, {})).damaged).toEqual([])
  })
})
