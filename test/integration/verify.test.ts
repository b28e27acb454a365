/** `vault verify` from the command line: its levels, and how it goes on where it stopped. */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DoctorDocument, VaultDetails, VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome

beforeEach(async () => {
  cli = new CliHome()
  writeFileSync(join(cli.source, 'small'), 'a small file')
  writeFileSync(join(cli.source, 'large'), randomBytes(70_000_000))
  await cli.setUp()
  await cli.backUp()
})

afterEach(() => cli[Symbol.dispose]())

const verify = async (status: number, ...more: string[]) =>
  await cli.json<VerifyDocument>(['vault', 'verify', 'v', ...more], status)

const show = async () => await cli.json<VaultDetails>(['vault', 'show', 'v'])

/** The first data chunk file of the vault, by its length. */
function someChunkFile(): string {
  const names = readdirSync(cli.vault, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tcf'))
  return join(cli.vault, names.find((name) => readFileSync(join(cli.vault, name)).length > 10_000_000) ?? '')
}

test('runs without numbers go on where the last one stopped, until every byte was read', {
  timeout: 180_000,
}, async () => {
  const shown = await show()
  expect(shown.oldestUnverified).toMatchObject({ days: 0, everVerified: false })
  await cli.json(['settings', 'set', 'verify-days', '3'])
  let found = await verify(0)
  expect(found.oldestUnverified).toMatchObject({ everVerified: false })
  expect(found.chunkFilesRead).toBeLessThan(found.chunkFiles)
  for (let run = 2; run <= 3; run++) found = await verify(0)
  expect(found.oldestUnverified).toMatchObject({ everVerified: true })
  rmSync(join(cli.home, 'proofs'), { recursive: true })
  expect((await verify(0)).oldestUnverified).toMatchObject({ everVerified: false })
  expect((await verify(0, '--read-data', '100')).oldestUnverified).toMatchObject({ days: 0, everVerified: true })
  expect((await show()).oldestUnverified).toMatchObject({ everVerified: true })
})

test('what is damaged is healed from the protected folders: 3, and no point needs the damaged file any more', {
  timeout: 180_000,
}, async () => {
  const before = snapshotTree(cli.source)
  const chunk = someChunkFile()
  const spoilt = Buffer.from(readFileSync(chunk))
  spoilt.fill(1, 1_000_000, 1_000_100)
  writeFileSync(chunk, spoilt)
  expect((await verify(8, '--read-data', '100')).damaged).toMatchObject([{ state: 'open' }])
  expect((await show()).damage).toMatchObject({ vault: 'v', objects: 1 })
  const remark = 'Vault "v" is damaged (objects that points need: 1'
  expect((await cli.run(['point', 'list', 'docs'])).stderr).toContain(remark)
  expect((await cli.run(['item', 'show', 'docs'])).stderr).toContain(remark)
  expect((await cli.json<DoctorDocument>(['doctor'], 8)).checks).toContainEqual(
    expect.objectContaining({ name: 'content of vault "v"', state: 'bad' }),
  )
  const { damaged, healed } = await verify(3, '--read-data', '100', '--heal')
  expect(damaged).toMatchObject([{ state: 'healed' }])
  expect(damaged[0]?.done).toContain('stored again in a new chunk file')
  expect(healed).toBe(1)
  expect((await show()).damage).toBeUndefined()
  expect((await cli.run(['point', 'list', 'docs'])).stderr).toBe('')
  await cli.json(['doctor'])
  // Nothing of the vault's index lies in the damaged file any more.
  expect((await verify(0, '--read-data', '100')).damaged).toEqual([])
  rmSync(join(cli.home, 'cache'), { recursive: true })
  expect(snapshotTree(await cli.restore('latest'))).toEqual(before)
  expect((await cli.backUp()).point?.confirmed).toBe(true)
})

test('what is lost for good makes its points partial: 8', { timeout: 180_000 }, async () => {
  rmSync(join(cli.source, 'large'))
  const chunk = someChunkFile()
  const spoilt = Buffer.from(readFileSync(chunk))
  spoilt.fill(1, 1_000_000, 1_000_100)
  writeFileSync(chunk, spoilt)
  const { damaged, markedPartial } = await verify(8, '--read-data', '100', '--heal')
  expect(damaged.find(({ state }) => state === 'open')?.files).toEqual([`docs:${join(cli.source, 'large')}`])
  expect(markedPartial).toBe(1)
})

test('each level finds what it is for', { timeout: 180_000 }, async () => {
  expect(await verify(0, '--level', 'listing')).toMatchObject({ level: 'listing', chunkFilesRead: 0, damaged: [] })
  const sampled = await verify(0, '--level', 'restore')
  expect(sampled.filesRestored).toBeGreaterThan(0)
  expect(readdirSync(join(cli.home, 'proofs')).filter((name) => name.startsWith('sample'))).toEqual([])
  const chunk = someChunkFile()
  const whole = readFileSync(chunk)
  const spoilt = Buffer.from(whole)
  spoilt[1_000_000] = (spoilt[1_000_000] as number) ^ 1
  writeFileSync(chunk, spoilt)
  expect((await verify(0, '--level', 'listing')).damaged).toEqual([])
  for (const level of ['hash', 'open']) {
    const { damaged, chunkFiles, chunkFilesRead } = await verify(8, '--level', level, '--read-data', '100')
    expect(chunkFilesRead).toBe(chunkFiles)
    expect(damaged).toMatchObject([{ files: [`docs:${join(cli.source, 'large')}`] }])
    expect(chunk.endsWith(damaged[0]?.object ?? '-')).toBe(true)
  }
  const files = [`docs:${join(cli.source, 'large')}`]
  expect((await verify(8, '--level', 'restore', '--read-data', '0')).damaged).toMatchObject([{ files }])
  rmSync(chunk)
  const [missing] = (await verify(8, '--level', 'listing')).damaged
  expect(missing?.reason).toBe('the chunk file is missing')
  expect(missing?.files).toContain(files[0])
  expect((await cli.fails(['vault', 'verify', 'v', '--level', 'listing', '--read-data', '5'], 2)).code).toBe(
    'usage.invalid',
  )
})
