/** Replicas of folders in buckets, and of buckets in folders, by the command line. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ReplicationDocument, VaultDetails, VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { type S3Stub, startS3Stub } from '../support/s3-stub/s3-stub.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

/** A home with two days of a source; everything is told where its objects lie. */
class ReplicaHome implements Disposable {
  readonly cli = new CliHome()
  readonly #stub: S3Stub
  readonly keys: string

  constructor(stub: S3Stub) {
    this.#stub = stub
    this.keys = join(this.cli.folder, 'keys')
    const { accessKeyId, secretAccessKey } = stub.credentials
    writeFileSync(this.keys, `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`, {
      mode: 0o600,
    })
    mkdirSync(join(this.cli.source, 'sub'))
    for (let number = 0; number < 20; number++) {
      writeFileSync(join(this.cli.source, 'sub', `${number}`), `${number} `.repeat(200))
    }
  }

  bucket(flag: string, prefix: string): string[] {
    const { bucketName, endpoint } = this.#stub
    const url = `s3://${bucketName}/${prefix}`
    return [flag, url, '--endpoint', endpoint, '--path-style', '--credentials-file', this.keys]
  }

  objectsBelow(prefix: string): string[] {
    return this.#stub.bucket.keys().flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))
  }

  async replicate(status = 0): Promise<ReplicationDocument> {
    return await this.cli.json<ReplicationDocument>(['vault', 'replicate', 'v'], status)
  }

  async show(): Promise<VaultDetails> {
    return await this.cli.json<VaultDetails>(['vault', 'show', 'v'])
  }

  /** Nothing may come from the cache. */
  dropCache(): void {
    rmSync(join(this.cli.home, 'cache'), { recursive: true })
  }

  [Symbol.dispose](): void {
    this.cli[Symbol.dispose]()
  }
}

test('a folder with its replica in a bucket: restored from there here and elsewhere, and healed from there', {
  timeout: 180_000,
}, async () => {
  await using stub = await startS3Stub()
  using place = new ReplicaHome(stub)
  const { cli } = place
  await cli.setUp()
  await cli.json(['vault', 'set', 'v', ...place.bucket('--replica-s3', 'second')])
  await cli.backUp()
  const replica = { kind: 's3', address: 's3://vaults/second', state: 'reachable' }
  expect((await place.show()).replica).toMatchObject({ ...replica, behind: { points: 1 }, isDue: true })
  expect(await place.replicate()).toMatchObject({ copied: { points: 1 }, damaged: [], lost: 0, heldBack: 0 })
  writeFileSync(join(cli.source, 'more'), 'more')
  await cli.backUp()
  expect(await place.replicate()).toMatchObject({ copied: { points: 1 } })
  expect((await place.show()).replica).toMatchObject({ ...replica, behind: { points: 0, bytes: 0 }, isDue: false })
  expect(stub.bucket.uploads.size).toBe(0)

  const state = snapshotTree(cli.source)
  place.dropCache()
  const [keyspace = ''] = readdirSync(join(cli.vault, 'keyspaces'))
  rmSync(join(cli.vault, 'keyspaces', keyspace, 'chunks'), { recursive: true })
  const healed = await cli.json<VerifyDocument>(['vault', 'verify', 'v', '--read-data', '100', '--heal'], 3)
  expect(healed.damaged.map(({ state }) => state)).not.toContain('open')
  expect(snapshotTree(await cli.restore('latest'))).toEqual(state)

  place.dropCache()
  rmSync(cli.vault, { recursive: true })
  const listed = await cli.run(['point', 'list', 'docs', '--output', 'json'])
  expect(JSON.parse(listed.stdout)).toHaveLength(2)
  expect(listed.stderr).toContain('Its replica is read instead (s3://vaults/second')
  expect(snapshotTree(await cli.restore('latest'))).toEqual(state)
  const second = cli.secondHome()
  await second.json(['vault', 'connect', 'r', ...place.bucket('--s3', 'second')])
  expect(snapshotTree(await second.restore('latest'))).toEqual(state)
})

test('a bucket with its replica in a folder: restored from there while the server is gone, here and elsewhere', {
  timeout: 180_000,
}, async () => {
  await using stub = await startS3Stub()
  using place = new ReplicaHome(stub)
  const { cli } = place
  const folder = join(cli.folder, 'replica')
  await cli.json(['vault', 'create', 'v', ...place.bucket('--s3', 'first')])
  await cli.json(['vault', 'set', 'v', '--replica-local', folder])
  await cli.json(['item', 'enable', 'docs', '--vault', 'v', cli.source])
  await cli.backUp()
  expect(await place.replicate()).toMatchObject({ copied: { points: 1 }, damaged: [], lost: 0, heldBack: 0 })
  const state = snapshotTree(cli.source)
  place.dropCache()
  stub.setAbsent(true)
  expect(snapshotTree(await cli.restore('latest'))).toEqual(state)
  const second = cli.secondHome()
  await second.json(['vault', 'connect', 'r', '--local', folder])
  expect(snapshotTree(await second.restore('latest'))).toEqual(state)
  expect((await cli.fails(['vault', 'replicate', 'v'], 6)).code).toBe('vault.unreachable')
})

test('from bucket to bucket; the place can be changed, and a foreign one is refused', {
  timeout: 180_000,
}, async () => {
  await using stub = await startS3Stub()
  using place = new ReplicaHome(stub)
  const { cli } = place
  await cli.json(['vault', 'create', 'v', ...place.bucket('--s3', 'first')])
  await cli.json(['item', 'enable', 'docs', '--vault', 'v', cli.source])
  await cli.backUp()
  await cli.json(['vault', 'create', 'w', ...place.bucket('--s3', 'other')])
  expect((await cli.fails(['vault', 'set', 'v', ...place.bucket('--replica-s3', 'other')], 2)).code).toBe(
    'replica.other',
  )
  expect((await cli.fails(['vault', 'set', 'v', ...place.bucket('--replica-s3', 'first')], 2)).code).toBe(
    'replica.same',
  )
  await cli.json(['vault', 'set', 'v', ...place.bucket('--replica-s3', 'second')])
  await place.replicate()
  // A replica has no claims of names.
  const copied = place.objectsBelow('first/').filter((name) => !name.startsWith('machines/'))
  expect(place.objectsBelow('second/')).toEqual(copied)
  await cli.json(['vault', 'set', 'v', ...place.bucket('--replica-s3', 'second'), '--replica-every', '2'])
  expect((await place.show()).replica).toMatchObject({ everyMs: 7_200_000, isDue: false })
  const elsewhere = ['vault', 'set', 'v', '--replica-local', join(cli.folder, 'replica')]
  expect((await cli.fails(elsewhere, 2)).code).toBe('replica.exists')
  expect((await place.show()).replica).toMatchObject({ kind: 's3', everyMs: 7_200_000 })
  await cli.json([...elsewhere, '--yes'])
  expect((await place.show()).replica).toMatchObject({ kind: 'local', completedAt: null, behind: { points: 1 } })
})
