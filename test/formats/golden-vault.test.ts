/**
 * The golden vault of version 1 opens for ever: a second home connects to a copy of it with nothing but the passphrase,
 * lists its points and restores each of them as the source folder was (golden/vault-v1.json).
 */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listPoints } from '../../agent-core/api/point-verbs.ts'
import { restoreFiles } from '../../agent-core/api/restore-verbs.ts'
import { connectToVault } from '../../agent-core/api/vault-verbs.ts'
import { type DescribedFile, describeFiles } from '../support/describe-files.ts'
import { TestFolder, TestHome } from '../support/test-home.ts'

interface GoldenVault {
  readonly passphrase: string
  readonly recoveryCode: string
  readonly points: readonly {
    readonly item: string
    readonly point: string
    readonly entries: Record<string, DescribedFile>
  }[]
}

const golden = join(import.meta.dirname, 'golden')
const expected = JSON.parse(readFileSync(join(golden, 'vault-v1.json'), 'utf8')) as GoldenVault

function connected(secret: string) {
  const home = new TestHome()
  const folder = new TestFolder()
  cpSync(join(golden, 'vault-v1'), folder.at('vault'), { recursive: true })
  return { home, folder, document: connectToVault(home.deps, 'golden', folder.at('vault'), secret, {}) }
}

test('the recovery code opens it, in small letters too', async () => {
  const { home, folder, document } = connected(expected.recoveryCode.toLowerCase())
  using _ = home
  using __ = folder
  expect(await document).toMatchObject({ machine: 'golden machine', items: ['documents', 'texts'] })
})

test('every point is listed and restores as the source was', { timeout: 60_000 }, async () => {
  const { home, folder, document } = connected(expected.passphrase)
  using _ = home
  using __ = folder
  await document
  const listed = [...(await listPoints(home.deps, 'documents')), ...(await listPoints(home.deps, 'texts'))]
  expect(listed.map(({ id }) => id)).toEqual(expected.points.map(({ point }) => point))
  for (const { item, point, entries } of expected.points) {
    const target = folder.at(`restored ${point}`)
    const result = await restoreFiles(
      home.deps,
      { item, point, paths: [], target: { directory: target }, conflict: 'copy', metadata: true, special: false },
      {},
    )
    expect(result).toMatchObject({ failed: 0, verified: true })
    const label = item === 'documents' ? 'source' : 'texts'
    expect(describeFiles(target, label)).toEqual(entries)
  }
})
