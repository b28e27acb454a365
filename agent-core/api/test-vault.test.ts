/** A bucket is tried before a vault is made in it, over the strict server. */
import { expect, test } from 'vitest'
import { startS3Stub } from '../../test/support/s3-stub/s3-stub.ts'
import { TestHome, testPassphrase } from '../../test/support/test-home.ts'
import type { S3PlaceRequest } from './agent-api.ts'
import { testBucket } from './test-vault.ts'
import { createNewVault } from './vault-verbs.ts'

const code = (expected: string) => expect.objectContaining({ code: expected }) as unknown

test('a bucket that can become a vault is told apart from one that cannot; nothing is remembered of either', async () => {
  await using stub = await startS3Stub()
  using home = new TestHome()
  const { accessKeyId, secretAccessKey } = stub.credentials
  const place = (keys = { accessKeyId, secretAccessKey }): S3PlaceRequest => ({
    url: `s3://${stub.bucketName}/laptop`,
    endpoint: stub.endpoint,
    pathStyle: true,
    credentials: { keys },
  })
  const tried = await testBucket(home.deps, place())
  expect(tried).toMatchObject({ address: 's3://vaults/laptop', capabilities: { remarks: [], s3: { mayDelete: true } } })
  await expect(testBucket(home.deps, place({ accessKeyId, secretAccessKey: 'another one' }))).rejects.toEqual(
    code('vault.credentials'),
  )
  stub.setAbsent(true)
  await expect(testBucket(home.deps, place())).rejects.toEqual(code('vault.unreachable'))
  stub.setAbsent(false)
  await expect(testBucket(home.deps, { ...place(), credentials: {}, endpoint: 'no address' })).rejects.toEqual(
    code('usage.invalid'),
  )
  expect(home.deps.state.vaults()).toEqual([])

  // It leaves nothing that would stand against a vault there, and a vault stands against it.
  await createNewVault(home.deps, 'v', place(), testPassphrase)
  await expect(testBucket(home.deps, place())).rejects.toEqual(code('vault.not-empty'))
})
