/** The vault is away, comes back, or comes back older; the cache is lost or damaged: only time is lost. */
import { randomBytes } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CacheDocument, VerifyDocument } from '../../agent-core/api/agent-api.ts'
import type { JobDetails, JobDocument } from '../../agent-core/contract/documents/job.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome

beforeEach(() => {
  cli = new CliHome()
  mkdirSync(join(cli.source, 'sub'))
  for (let number = 0; number < 100; number++) writeOld(join('sub', `${number}`), `${number} `.repeat(50))
  writeOld('large', randomBytes(2_000_000))
})

afterEach(() => {
  cli[Symbol.dispose]()
})

/** Writes a file that has stood there for years, so that its times prove it unchanged. */
function writeOld(name: string, content: string | Buffer): void {
  const path = join(cli.source, name)
  writeFileSync(path, content)
  utimesSync(path, 1_600_000_000, 1_600_000_000)
}

const chunksInCache = (): string[] => readdirSync(join(cli.home, 'cache', 'chunks'))

async function assertWhole(): Promise<void> {
  const verified = await cli.json<VerifyDocument>(['vault', 'verify', 'v', '--read-data', '100'])
  expect(verified.damaged).toEqual([])
}

/** The last backup brought what had waited into the vault first, then captured: each phase tells its own time and bytes. */
async function assertPhases(): Promise<void> {
  const [{ id } = { id: '' }] = await cli.json<readonly JobDocument[]>(['job', 'list', '--kind', 'backup'])
  const { phases } = await cli.json<JobDetails>(['job', 'show', id])
  expect(phases.map(({ phase }) => phase)).toEqual([
    'estimate',
    'transfer',
    'estimate',
    'capture',
    'transfer',
    'commit',
    'merge',
  ])
  expect(phases[1]?.bytes).toBeGreaterThan(10_000)
  // With the agent's change journal only those of the folder in which something has changed are looked at.
  expect([3, 103]).toContain(phases[3]?.files)
  const times = phases.flatMap(({ startedAt, finishedAt }) => [startedAt, finishedAt])
  expect(times).toEqual(times.toSorted((a, b) => (a ?? '').localeCompare(b ?? '')))
  expect(times).not.toContain(null)
}

test('a point captured while the vault is away restores from the cache and is confirmed later', async () => {
  await cli.setUp()
  await cli.backUp()
  const first = snapshotTree(cli.source)
  const away = `${cli.vault} away`
  renameSync(cli.vault, away)
  const states = []
  for (const name of ['second', 'third']) {
    writeFileSync(join(cli.source, name), randomBytes(5000))
    const captured = await cli.backUp(6)
    expect(captured).toMatchObject({
      job: { state: 'waiting' },
      point: { confirmed: false },
      failure: { code: 'vault.unreachable', exitCode: 6 },
    })
    states.push(snapshotTree(cli.source))
  }
  const jobs = async () =>
    (await cli.json<readonly JobDocument[]>(['job', 'list', '--kind', 'backup'])).map((job) => job.state)
  expect(await jobs()).toEqual(['waiting', 'waiting', 'completed'])
  const here = await cli.points()
  expect(here.map(({ seq, tiers }) => ({ seq, tiers }))).toEqual([
    { seq: 1, tiers: ['instant', 'vault'] },
    { seq: 2, tiers: ['instant'] },
    { seq: 3, tiers: ['instant'] },
  ])
  // The vault may have it: nobody says that it does not.
  expect((await cli.run(['point', 'files', 'docs', 'f'.repeat(32)])).status).toBe(6)
  expect(snapshotTree(await cli.restore(here[0]?.id ?? ''))).toEqual(first)
  const restored = await cli.restore('latest', { more: [join(cli.source, 'second'), join(cli.source, 'third')] })
  expect(readFileSync(join(restored, 'third'))).toEqual(readFileSync(join(cli.source, 'third')))
  renameSync(away, cli.vault)
  expect(await cli.backUp()).toMatchObject({ point: { seq: 4, confirmed: true } })
  expect(await jobs()).toEqual(['completed', 'completed', 'completed', 'completed'])
  await assertPhases()
  const points = await cli.points()
  expect(points.map(({ seq, tiers }) => ({ seq, tiers }))).toEqual(
    [1, 2, 3, 4].map((seq) => ({ seq, tiers: ['instant', 'vault'] })),
  )
  for (const [index, state] of states.entries()) {
    expect(snapshotTree(await cli.restore(points[index + 1]?.id ?? ''))).toEqual(state)
  }
  await assertWhole()
  expect((await cli.json<CacheDocument>(['cache', 'show'])).waiting.files).toBe(0)
})

test('the newest confirmed point restores from the cache while the vault is away, as long as all of it is there', async () => {
  await cli.setUp()
  await cli.backUp()
  renameSync(cli.vault, `${cli.vault} away`)
  expect(await cli.points()).toMatchObject([{ seq: 1, tiers: ['instant', 'vault'], vaults: ['v'] }])
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  rmSync(join(cli.home, 'cache', 'chunks', chunksInCache()[0] ?? ''))
  expect((await cli.fails(['point', 'list', 'docs'], 6)).code).toBe('vault.unreachable')
  expect((await cli.fails(['restore', 'files', 'docs', 'latest', '--to', join(cli.folder, 'to')], 6)).code).toBe(
    'vault.unreachable',
  )
})

test('a first backup while the vault is away restores whole from the cache', async () => {
  await cli.setUp()
  renameSync(cli.vault, `${cli.vault} away`)
  expect(await cli.backUp(6)).toMatchObject({ point: { seq: 1, confirmed: false } })
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

test('captured payload that was lost before any transfer is read again', async () => {
  await cli.setUp()
  await cli.backUp()
  const away = `${cli.vault} away`
  renameSync(cli.vault, away)
  writeOld('new', randomBytes(700_000))
  await cli.backUp(6)
  for (const name of chunksInCache()) rmSync(join(cli.home, 'cache', 'chunks', name))
  renameSync(away, cli.vault)
  expect(await cli.backUp()).toMatchObject({ point: { confirmed: true } })
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  await assertWhole()
})

test('a lost base costs a look, not an upload', async () => {
  await cli.setUp()
  await cli.letTimesSettle()
  await cli.backUp()
  rmSync(join(cli.home, 'cache'), { recursive: true })
  writeOld('more', 'later')
  const next = await cli.backUp()
  expect(next).toMatchObject({ point: { seq: 2, confirmed: true }, files: { seen: 102, read: 1 } })
  expect(next.transferred).toBeLessThan(20_000)
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

test.each(['whole file', 'one page'])('a damaged base (%s) is set aside', async (part) => {
  await cli.setUp()
  await cli.backUp()
  const base = join(cli.home, 'cache', 'base.db')
  const bytes = readFileSync(base)
  if (part === 'whole file') bytes.fill(0x5a)
  else bytes.fill(0x5a, 4096, 3 * 4096)
  writeFileSync(base, bytes)
  const next = await cli.backUp()
  expect(next.point).toMatchObject({ seq: 2, confirmed: true })
  expect(next.transferred).toBeLessThan(20_000)
  expect(readdirSync(join(cli.home, 'cache')).some((name) => name.includes('damaged'))).toBe(true)
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

test('reading goes on beside a damaged base', async () => {
  await cli.setUp()
  await cli.backUp()
  writeFileSync(join(cli.home, 'cache', 'base.db'), Buffer.alloc(100_000, 0x5a))
  expect(await cli.points()).toHaveLength(1)
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

test('a vault that was put back from an older copy gets a complete point', async () => {
  await cli.setUp()
  await cli.backUp()
  const older = join(cli.folder, 'older')
  cpSync(cli.vault, older, { recursive: true })
  writeOld('second', randomBytes(900_000))
  await cli.backUp()
  rmSync(cli.vault, { recursive: true })
  renameSync(older, cli.vault)
  writeOld('third', 'third')
  expect(await cli.backUp()).toMatchObject({ point: { confirmed: true } })
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  await assertWhole()
})

test('a point captured over what an older copy of the vault lacks is not confirmed as it is', async () => {
  await cli.setUp()
  await cli.backUp()
  const older = join(cli.folder, 'older')
  cpSync(cli.vault, older, { recursive: true })
  writeOld('second', randomBytes(900_000))
  await cli.backUp()
  rmSync(cli.vault, { recursive: true })
  writeOld('third', 'third')
  expect(await cli.backUp(6)).toMatchObject({ point: { seq: 3, confirmed: false } })
  renameSync(older, cli.vault)
  expect(await cli.backUp()).toMatchObject({ point: { confirmed: true } })
  await assertWhole()
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

test('two backups at once on one home: the second is refused, or waits in an agent; both leave whole points', async () => {
  for (let number = 0; number < 3000; number++) writeOld(join('sub', `more ${number}`), `${number}`)
  await cli.setUp()
  let second: Promise<Awaited<ReturnType<CliHome['run']>>> | undefined
  const first = cli.run(['backup-now', 'docs'], {
    onStart: (child) => {
      child.stderr?.once('data', () => {
        second ??= cli.run(['backup-now', 'docs'])
      })
    },
  })
  expect((await first).status).toBe(0)
  const late = await second
  if (process.env['THARSIS_TEST_AGENT'] === '1') {
    expect(late?.status).toBe(0)
  } else {
    expect(late?.status).not.toBe(0)
    expect(late?.stderr).toMatch(/another|in use|running|locked/i)
  }
  expect(existsSync(join(cli.home, 'lock'))).toBe(true)
  await cli.backUp()
  await assertWhole()
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})
