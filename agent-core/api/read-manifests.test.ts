/** Manifests of points are read from a vault once. */
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startS3Stub } from '../../test/support/s3-stub/s3-stub.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { backupNow } from './backup-verbs.ts'
import { enableItem } from './item-verbs.ts'
import { removeKnownVault } from './key-verbs.ts'
import { listPoints } from './point-verbs.ts'
import { createNewVault } from './vault-verbs.ts'

async function make() {
  const stub = await startS3Stub()
  const home = new TestHome()
  const folder = new TestFolder()
  mkdirSync(folder.at('docs'))
  const { deps } = home
  const place = {
    url: `s3://${stub.bucketName}/vault`,
    endpoint: stub.endpoint,
    pathStyle: true,
    credentials: { keys: stub.credentials },
  }
  await createNewVault(deps, 'v', place, testPassphrase)
  await enableItem(deps, 'mine', ['v'], { ...plainSettings, folders: [folder.at('docs')] })
  const backUp = async (name: string): Promise<string> => {
    writeFileSync(folder.at('docs', name), name)
    return (await backupNow(deps, 'mine', { accept: false }, {})).point?.id as string
  }
  const ids = [await backUp('one'), await backUp('two'), await backUp('three')]
  /** Ids of the points as they are listed, and how many of their objects were read for it. */
  const list = async () => {
    stub.journal.length = 0
    const listed = (await listPoints(deps, 'mine')).map(({ id }) => id)
    const reads = stub.journal.filter(({ operation, key }) => operation === 'GetObject' && key.includes('/points/'))
    return [listed, reads.length]
  }
  const kept = () => globSync('*/*', { cwd: deps.paths.manifests }).map((name) => join(deps.paths.manifests, name))
  return {
    stub,
    deps,
    ids,
    backUp,
    list,
    kept,
    [Symbol.asyncDispose]: async () => {
      home[Symbol.dispose]()
      folder[Symbol.dispose]()
      await stub[Symbol.asyncDispose]()
    },
  }
}

test('a manifest and its confirmation are read once; after that a listing tells all', async () => {
  await using place = await make()
  const { ids, list } = place
  expect(await list()).toEqual([ids, 6])
  expect(await list()).toEqual([ids, 0])
  const next = await place.backUp('four')
  expect(await list()).toEqual([[...ids, next], 2])
})

test('what is kept and has rotted is read again', async () => {
  await using place = await make()
  const { ids, list } = place
  await list()
  const [file] = place.kept() as [string]
  const bytes = readFileSync(file)
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
  writeFileSync(file, bytes)
  expect(await list()).toEqual([ids, 2])
  writeFileSync(file, bytes.subarray(0, 40))
  expect(await list()).toEqual([ids, 6])
})

test('an object that was put anew is read anew, and told when it is damaged', async () => {
  await using place = await make()
  const { ids, list, stub } = place
  await list()
  const [first, second, third] = ids as [string, string, string]
  const name = stub.bucket.keys().find((key) => key.endsWith(`${second}.ok`)) as string
  const bytes = Buffer.alloc(100)
  const digest = createHash('sha256').update(bytes).digest()
  const modifiedMs = (stub.bucket.current(name)?.modifiedMs as number) + 1000
  stub.bucket.add(name, {
    body: { bytes },
    etag: `"${digest.toString('hex').slice(0, 32)}"`,
    checksum: digest.toString('base64'),
    modifiedMs,
    retainUntilMs: undefined,
  })
  // Its confirmation is read once more: what was kept of the manifest counts only when that names it.
  expect(await list()).toEqual([[first, third], 3])
})

test('with the vault all that was read of it is forgotten', async () => {
  await using place = await make()
  await place.list()
  expect(place.kept()).toHaveLength(1)
  await removeKnownVault(place.deps, 'v')
  expect(place.kept()).toEqual([])
})
