/** A vault in a bucket, by the command line: made, backed up into, restored from, on a second machine too. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { VaultTest } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { type S3Stub, startS3Stub } from '../support/s3-stub/s3-stub.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

function placeOptions(stub: S3Stub): string[] {
  return ['--s3', `s3://${stub.bucketName}/laptop`, '--endpoint', stub.endpoint, '--path-style']
}

function environmentOf({ credentials }: S3Stub): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

function fill(folder: string): void {
  mkdirSync(join(folder, 'deep', 'er'), { recursive: true })
  for (let number = 0; number < 40; number++) {
    writeFileSync(
      join(folder, number % 2 === 0 ? 'deep' : 'deep/er', `file ${number}`),
      `text ${number}\n`.repeat(number * 50),
    )
  }
  writeFileSync(join(folder, 'large'), Buffer.alloc(3_000_000, 'not much in it'))
}

test('backup and restore over a bucket, with keys from the environment and from a file', async () => {
  await using stub = await startS3Stub()
  using cli = new CliHome()
  fill(cli.source)
  const env = environmentOf(stub)
  const made = await cli.json<{ address: string; remarks: string[] }>(
    ['vault', 'create', 'v', ...placeOptions(stub)],
    0,
    { env },
  )
  expect(made).toMatchObject({ address: 's3://vaults/laptop', kind: 's3', remarks: [] })
  await cli.json(['item', 'enable', 'docs', '--vault', 'v', cli.source], 0, { env })

  // Without the environment nothing opens it; stored keys do.
  const refused = await cli.fails(['vault', 'test', 'v'], 6, { env: { ...env, AWS_ACCESS_KEY_ID: 'SOMEBODYELSE' } })
  expect(refused.code).toBe('vault.credentials')
  const keys = join(cli.folder, 'keys')
  const { accessKeyId, secretAccessKey } = stub.credentials
  writeFileSync(keys, `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`, {
    mode: 0o600,
  })
  await cli.json(['vault', 'set-credentials', 'v', '--credentials-file', keys])
  const tried = await cli.json<VaultTest>(['vault', 'test', 'v'])
  expect(tried.capabilities.s3).toEqual({
    conditionalPut: true,
    checksums: true,
    checksPayload: true,
    versions: false,
    objectLock: false,
    mayDelete: true,
  })

  stub.journal.length = 0
  const first = await cli.backUp()
  expect(first).toMatchObject({ job: { state: 'completed' }, point: { confirmed: true } })
  // What is not there yet may be looked for; all else succeeds at once.
  const failed = stub.journal.filter(({ operation, status = 500 }) => status >= 400 && operation !== 'HeadObject')
  expect(failed).toEqual([])
  expect(stub.counts().DeleteObject).toBeUndefined()
  writeFileSync(join(cli.source, 'more'), 'more')
  await cli.backUp()
  expect(await cli.points()).toHaveLength(2)

  const restored = await cli.restore('latest')
  expect(snapshotTree(restored)).toEqual(snapshotTree(cli.source))
  expect((await cli.json<{ damaged: unknown[] }>(['vault', 'verify', 'v', '--read-data', '100'])).damaged).toEqual([])

  const second = cli.secondHome()
  await second.json(['vault', 'connect', 'w', ...placeOptions(stub), '--credentials-file', keys])
  const again = await second.restore('latest')
  expect(snapshotTree(again)).toEqual(snapshotTree(cli.source))
  const shown = await second.json<{ points: number; freeBytes?: number }>(['vault', 'show', 'w'])
  expect(shown).toMatchObject({ points: 2 })
  expect(shown.freeBytes).toBeUndefined()
  expect(existsSync(join(cli.home, 'agent.log'))).toBe(true)
  expect(readFileSync(join(cli.home, 'agent.log'), 'utf8')).not.toContain(secretAccessKey)
})

test('with credentials that may not delete, a backup asks for no deletion and the verb says what waits', async () => {
  await using stub = await startS3Stub({ mayDelete: false })
  using cli = new CliHome()
  fill(cli.source)
  const env = environmentOf(stub)
  const made = await cli.json<{ remarks: string[] }>(['vault', 'create', 'v', ...placeOptions(stub)], 0, { env })
  expect(made.remarks.join()).toContain('may not delete')
  await cli.json(['item', 'enable', 'docs', '--vault', 'v', cli.source], 0, { env })
  stub.journal.length = 0
  expect(await cli.json(['backup-now', 'docs'], 0, { env })).toMatchObject({ point: { confirmed: true } })
  await cli.json(['vault', 'verify', 'v', '--read-data', '100'], 0, { env })
  expect(Object.keys(stub.counts()).filter((operation) => /Delete|Abort/.test(operation))).toEqual([])
})

test('a server that is not there: exit 6, the point waits, and goes on when it is back', async () => {
  await using stub = await startS3Stub()
  using cli = new CliHome()
  fill(cli.source)
  const env = environmentOf(stub)
  await cli.json(['vault', 'create', 'v', ...placeOptions(stub)], 0, { env })
  await cli.json(['item', 'enable', 'docs', '--vault', 'v', cli.source], 0, { env })
  stub.setAbsent(true)
  const waiting = await cli.json<{ failure: { code: string } }>(['backup-now', 'docs'], 6, { env })
  expect(waiting.failure.code).toBe('vault.unreachable')
  stub.setAbsent(false)
  expect(await cli.json(['backup-now', 'docs'], 0, { env })).toMatchObject({ point: { confirmed: true } })
  expect(await cli.json<unknown[]>(['point', 'list', 'docs'], 0, { env })).toHaveLength(2)
})

test('what somebody else deleted and overwrote in a bucket with versions is seen through by a second machine', async () => {
  await using stub = await startS3Stub({ versions: true })
  using cli = new CliHome()
  fill(cli.source)
  const env = environmentOf(stub)
  await cli.json(['vault', 'create', 'v', ...placeOptions(stub)], 0, { env })
  await cli.json(['item', 'enable', 'docs', '--vault', 'v', cli.source], 0, { env })
  await cli.json(['backup-now', 'docs'], 0, { env })
  const names = stub.bucket.keys().filter((key) => /\/(?:chunks|points|index|defs)\//.test(key))
  for (const [at, key] of names.entries()) {
    const lie = { body: { bytes: Buffer.from('a lie') }, etag: '"e"', checksum: undefined, retainUntilMs: undefined }
    if (at % 2 === 0) stub.bucket.delete(key, null, Date.now() + 1000)
    else stub.bucket.add(key, { ...lie, modifiedMs: Date.now() + 1000 })
  }
  const before = names.map((key) => stub.bucket.versionsOf(key))
  const second = cli.secondHome()
  const connect = ['vault', 'connect', 'w', ...placeOptions(stub), '--repair-versions']
  const { remarks } = await second.json<{ remarks: string[] }>(connect, 0, { env })
  expect(remarks.join()).toContain(`right again (${names.length})`)
  // The true version lies on top of all that was there, the lies and the markers included.
  expect(names.map((key) => stub.bucket.versionsOf(key).slice(1))).toEqual(before)
  const target = join(cli.folder, 'restored')
  await second.json(['restore', 'files', 'docs', 'latest', '--to', target], 0, { env })
  expect(snapshotTree(target)).toEqual(snapshotTree(cli.source))
})
