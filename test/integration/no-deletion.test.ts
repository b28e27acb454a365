/** A vault whose credentials may not delete: everything works but the clean-up, which says what waits and asks for nothing. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { PlaceRequest } from '../../agent-core/api/agent-api.ts'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { listPoints } from '../../agent-core/api/point-verbs.ts'
import { createPolicy } from '../../agent-core/api/policy-verbs.ts'
import { pruneVault } from '../../agent-core/api/prune-verbs.ts'
import { restoreFiles } from '../../agent-core/api/restore-verbs.ts'
import { testKnownVault } from '../../agent-core/api/test-vault.ts'
import { deletePoint, holdPoint, releasePoint, undeletePoint } from '../../agent-core/api/trash-verbs.ts'
import { changeVaultPassphrase, createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { type S3Stub, startS3Stub } from '../support/s3-stub/s3-stub.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'

const dayMs = 86_400_000
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

function bucketOf(stub: S3Stub): PlaceRequest {
  const { accessKeyId, secretAccessKey } = stub.credentials
  const keys = { accessKeyId, secretAccessKey }
  const url = `s3://${stub.bucketName}/laptop`
  return { url, endpoint: stub.endpoint, pathStyle: true, credentials: { keys } }
}

const contentOf = (count: number): Buffer => Buffer.alloc(200_000, `content ${count} `)

/** Operations that take something away. */
function deletionsOf(stub: S3Stub): string[] {
  return Object.keys(stub.counts()).filter((operation) => /Delete|Abort/.test(operation))
}

test('no deletion is asked for, whatever is done; what waits is told, and goes once it may', async () => {
  await using stub = await startS3Stub({ mayDelete: false })
  using folder = new TestFolder()
  const clock = { ...systemClock, offsetMs: 0, nowMs: () => systemClock.nowMs() + clock.offsetMs }
  using home = new TestHome({ clock })
  const { deps } = home
  mkdirSync(folder.at('docs'))
  await createNewVault(deps, 'v', bucketOf(stub), testPassphrase)
  await createPolicy(deps, 'week', { keep: { days: 7, atLeast: 1 } })
  await enableItem(deps, 'docs', ['v'], { ...plainSettings, folders: [folder.at('docs')], policy: 'week' })
  stub.journal.length = 0
  const backUp = async (content: number) => {
    writeFileSync(folder.at('docs', 'a'), contentOf(content))
    return (await backupNow(deps, 'docs', { accept: false, scheduled: true }, {})).point?.id as string
  }
  const first = await backUp(1)
  clock.offsetMs += dayMs
  const second = await backUp(2)
  clock.offsetMs += 20 * dayMs
  const third = await backUp(3)
  await deletePoint(deps, 'docs', second, undefined)
  await undeletePoint(deps, 'docs', second)
  await holdPoint(deps, 'docs', second, undefined)
  await releasePoint(deps, 'docs', second, undefined)

  const result = await pruneVault(deps, 'v', {}, {})
  expect(result.points.map(({ id }) => id).toSorted()).toEqual([first, second].toSorted())
  expect(result.refusal).toContain('may not delete')
  expect(result.waiting.files).toBeGreaterThan(0)
  expect(result.waiting.bytes).toBeGreaterThan(0)
  expect(result.bytes.afterGrace).toBe(result.bytes.before - result.waiting.bytes)
  expect([result.deleted.files, result.announced.files, result.merged.files]).toEqual([0, 0, 0])
  expect(await pruneVault(deps, 'v', { graceDays: 0 }, {})).toMatchObject({ deleted: { files: 0 } })
  await expect(changeVaultPassphrase(deps, 'v', 'another phrase for tests')).rejects.toEqual(code('vault.denied'))
  const directory = folder.at('restored')
  const request = { item: 'docs', point: first, paths: [], conflict: 'copy', metadata: true, special: false } as const
  await restoreFiles(deps, { ...request, target: { directory } }, {})
  expect(readFileSync(`${directory}/a`)).toEqual(contentOf(1))
  expect((await listPoints(deps, 'docs')).map(({ id }) => id)).toEqual([first, second, third])
  expect(deletionsOf(stub)).toEqual([])

  stub.setMayDelete(true)
  await testKnownVault(deps, 'v')
  const freed = await pruneVault(deps, 'v', { graceDays: 0 }, {})
  expect([freed.refusal, freed.points.length]).toEqual([null, 2])
  expect((await listPoints(deps, 'docs')).map(({ id }) => id)).toEqual([third])
  expect(deletionsOf(stub)).toContain('DeleteObject')
}, 120_000)
