/** The cache as a place of its own: lost, damaged, moved, rebuilt; what it keeps and what it says of itself. */
import { randomBytes, randomInt } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CacheDocument, CacheMoved, CacheRebuilt, VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

/** A point without new content is this much: point, confirmation, and the pages of a root. */
const smallObjectsBytes = 20_000

let cli: CliHome

beforeEach(async () => {
  cli = new CliHome()
  mkdirSync(join(cli.source, 'sub'))
  for (let number = 0; number < 100; number++) writeOld(join('sub', `${number}`), `${number} `.repeat(50))
  writeOld('large', randomBytes(2_000_000))
  await cli.setUp()
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

const show = async () => await cli.json<CacheDocument>(['cache', 'show'])
const cacheFolder = (): string => join(cli.home, 'cache')
const chunkNames = (folder: string): string[] => readdirSync(join(folder, 'chunks'))

async function assertWhole(): Promise<void> {
  expect((await cli.json<VerifyDocument>(['vault', 'verify', 'v', '--read-data', '100'])).damaged).toEqual([])
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
}

async function tiers(): Promise<string[]> {
  return (await cli.points()).map((point) => point.tiers.join('+'))
}

test('payload stays for its days, as one copy with a vault on the same file system', async () => {
  await cli.backUp()
  const cache = await show()
  expect(cache).toMatchObject({ folder: cacheFolder(), budgetIsDefault: true, used: 0, waiting: { files: 0 } })
  expect(cache.instant).toMatchObject({ files: 2, days: 2 })
  expect(cache.linked).toEqual({ files: 2, bytes: cache.instant.bytes })
  expect(cache.base.bytes).toBeGreaterThan(4096)
  expect(cache.budget).toBeGreaterThanOrEqual(64 * 1024 * 1024)
  expect(await tiers()).toEqual(['instant+vault'])
  const old = Date.now() / 1000 - 3 * 86_400
  for (const name of chunkNames(cacheFolder())) utimesSync(join(cacheFolder(), 'chunks', name), old, old)
  await cli.json(['settings', 'set', 'instant-days', '4'])
  await cli.backUp()
  expect((await show()).instant.files).toBe(2)
  await cli.json(['settings', 'set', 'instant-days', 'default'])
  await cli.backUp()
  expect((await show()).instant.files).toBe(0)
  expect(await tiers()).toEqual(['vault', 'vault', 'vault'])
  await assertWhole()
})

test('points restore from the instant tier while the vault is away', async () => {
  await cli.backUp()
  renameSync(cli.vault, `${cli.vault} away`)
  writeOld('new', 'new')
  await cli.backUp(6)
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

test('settings are kept, and refused where they make no sense', async () => {
  const usual = await cli.json(['settings', 'get'])
  expect(usual).toEqual({
    cacheBudget: null,
    instantDays: 2,
    gentle: false,
    trashDays: 14,
    uploadLimit: null,
    verifyDays: 30,
    workUploadLimit: null,
    workHours: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' },
  })
  expect(await cli.json(['settings', 'set', 'cache-budget', '20GiB'])).toEqual({
    ...(usual as object),
    cacheBudget: 20 * 1024 ** 3,
  })
  expect(await show()).toMatchObject({ budget: 20 * 1024 ** 3, budgetIsDefault: false })
  for (const [name, value] of [
    ['cache-budget', '1MiB'],
    ['cache-budget', 'much'],
    ['instant-days', '0'],
    ['instant-days', '31'],
    ['gentle', 'maybe'],
    ['colour', 'red'],
    ['upload-limit', '511kbit'],
    ['work-upload-limit', '2Gbit'],
    ['work-hours', 'mon-fri'],
    ['work-hours', '09:00-17:00'],
    ['work-hours', 'mon@09:00-24:00'],
    ['work-hours', 'someday@09:00-17:00'],
  ] as const) {
    expect((await cli.fails(['settings', 'set', name, value], 2)).code).toBe('usage.invalid')
  }
  expect(await cli.json(['settings', 'get'])).toEqual({ ...(usual as object), cacheBudget: 20 * 1024 ** 3 })
})

test('a cache that was deleted is rebuilt: nothing is uploaded but the point itself', async () => {
  await cli.letTimesSettle()
  await cli.backUp()
  rmSync(cacheFolder(), { recursive: true })
  const next = await cli.backUp()
  expect(next).toMatchObject({ point: { seq: 2, confirmed: true }, files: { read: 0 }, bytes: { new: 0 } })
  expect(next.transferred).toBeLessThan(smallObjectsBytes)
  await assertWhole()
})

test('a base with flipped bytes costs time only', { timeout: 120_000 }, async () => {
  const seed = Number(process.env['THARSIS_TEST_SEED'] ?? randomInt(2 ** 31))
  console.log(`seed ${seed} (THARSIS_TEST_SEED)`)
  const random = seededRandom(seed)
  await cli.backUp()
  const base = join(cacheFolder(), 'base.db')
  for (let round = 1; round <= 2; round++) {
    const bytes = readFileSync(base)
    for (let flip = 0; flip < 30; flip++) {
      const at = Math.floor(random() * bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))
    }
    writeFileSync(base, bytes)
    const next = await cli.backUp()
    expect(next.point, `round ${round}`).toMatchObject({ confirmed: true })
  }
  // What the vault holds is whole for whoever comes to it afresh; the base here may still miss a block.
  await cli.json(['cache', 'rebuild'])
  await assertWhole()
})

/** Changes the base behind the program's back, in a way that SQLite finds nothing wrong with. */
function rot(statements: string): void {
  const base = new Database(join(cacheFolder(), 'base.db'))
  base.exec(statements)
  base.close()
}

const leadsNowhere = 'DELETE FROM tree_page; DELETE FROM block_level; DELETE FROM block_leaf; DELETE FROM block_filter'

test('a base that names no whole copy of the last tree is set aside, and nothing is uploaded twice', async () => {
  await cli.letTimesSettle()
  await cli.backUp()
  rot(leadsNowhere)
  const next = await cli.backUp()
  expect(next).toMatchObject({ point: { seq: 2, confirmed: true }, files: { read: 0 }, remarks: [] })
  expect(next.transferred).toBeLessThan(smallObjectsBytes)
  expect((await show()).base.setAside).toHaveLength(1)
  await assertWhole()
})

test('a base that knows of a point which waits for a vault gets a new index of blocks', async () => {
  const other = join(cli.source, 'sub')
  const away = `${cli.vault}-2`
  await cli.json(['vault', 'create', 'v2', '--local', away])
  await cli.json(['item', 'enable', 'other', '--vault', 'v2', other])
  await cli.json(['backup-now', 'other'])
  await cli.letTimesSettle()
  await cli.backUp()
  renameSync(away, `${away} away`)
  writeOld(join('sub', 'new'), 'new')
  await cli.json(['backup-now', 'other'], 6)
  rot(leadsNowhere)
  expect(await cli.backUp()).toMatchObject({ point: { seq: 2, confirmed: true }, files: { read: 1 } })
  expect((await show()).base.setAside).toEqual([])
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  renameSync(`${away} away`, away)
  await cli.json(['backup-now', 'other'])
  expect((await cli.points('other')).map(({ seq }) => seq)).toEqual([1, 2, 3])
})

/** Takes the last tree from base, cache and vault: nobody has it any more. */
function loseLastTree(spoil: (path: string) => void): void {
  rot('DELETE FROM tree_page')
  for (const folder of [cacheFolder(), cli.vault]) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.tcf')) spoil(join(folder, name))
    }
  }
}

test('where the last tree is gone everywhere, everything is read and stored again', async () => {
  await cli.letTimesSettle()
  await cli.backUp()
  loseLastTree((path) => rmSync(path))
  const next = await cli.backUp()
  expect(next).toMatchObject({ point: { seq: 2, confirmed: true }, files: { read: 101 } })
  expect(next.remarks).toEqual([expect.stringContaining('Everything was read again')])
  // It was not to blame.
  expect((await show()).base.setAside).toEqual([])
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  expect(await cli.backUp()).toMatchObject({ point: { seq: 3 }, files: { read: 0 }, remarks: [] })
})

const spoil = (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size, 0x5a))

test('where every chunk file is spoilt, the next point needs none of them', async () => {
  await cli.letTimesSettle()
  await cli.backUp()
  loseLastTree(spoil)
  const next = await cli.backUp()
  expect(next).toMatchObject({ point: { seq: 2, confirmed: true }, files: { read: 101 } })
  expect(next.remarks).toEqual([expect.stringContaining('Everything was read and stored again')])
  expect((await show()).base.setAside).toEqual([])
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  expect(await cli.backUp()).toMatchObject({ files: { read: 0 }, bytes: { new: 0 }, remarks: [] })
  // The tree of the first point is lost for good.
  await cli.json(['vault', 'verify', 'v', '--read-data', '100', '--heal'], 8)
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

test('a spoilt vault is told by the next backup of an item that has a point in it, not by a first one', async () => {
  await cli.letTimesSettle()
  await cli.backUp()
  loseLastTree(spoil)
  await cli.backUp()
  const other = join(cli.folder, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'x'), 'x')
  await cli.json(['item', 'enable', 'other', '--vault', 'v', other])
  expect(await cli.json(['backup-now', 'other'])).toMatchObject({ point: { seq: 1 }, remarks: [] })
})

test('where the root of the last tree is lost, an emptied source is refused all the same', async () => {
  await cli.letTimesSettle()
  await cli.backUp()
  loseLastTree(spoil)
  rmSync(join(cli.source, 'sub'), { recursive: true })
  expect((await cli.fails(['backup-now', 'docs'], 1)).code).toBe('source.emptied')
  expect(await cli.points()).toHaveLength(1)
  await cli.json(['backup-now', 'docs', '--accept'])
  expect(await cli.points()).toHaveLength(2)
})

test('what only another vault holds stays out of the one whose tree is lost', async () => {
  const other = join(cli.folder, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'private'), randomBytes(3_000_000))
  const second = `${cli.vault}-2`
  await cli.json(['vault', 'create', 'v2', '--local', second])
  await cli.json(['item', 'enable', 'other', '--vault', 'v2', other])
  await cli.json(['backup-now', 'other'])
  await cli.letTimesSettle()
  await cli.backUp()
  const chunkFilesIn = (folder: string) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.tcf'))
      .map((name) => basename(name))
  const own = new Set(chunkFilesIn(cli.vault))
  loseLastTree((path) => {
    if (own.has(basename(path))) spoil(path)
  })
  await cli.backUp()
  expect(chunkFilesIn(cli.vault).filter((name) => chunkFilesIn(second).includes(name))).toEqual([])
})

test('a damaged base is set aside, and nothing is uploaded twice', async () => {
  await cli.letTimesSettle()
  await cli.backUp()
  const base = join(cacheFolder(), 'base.db')
  const bytes = readFileSync(base)
  bytes.fill(0x5a, Math.floor(bytes.length / 2 / 4096) * 4096, bytes.length - 8192)
  writeFileSync(base, bytes)
  const next = await cli.backUp()
  expect(next).toMatchObject({ point: { seq: 2, confirmed: true }, files: { read: 0 } })
  expect(next.transferred).toBeLessThan(smallObjectsBytes)
  expect((await show()).base.setAside).toHaveLength(1)
  await assertWhole()
})

test('a rebuild brings into the vault what waits, and reads everything again', async () => {
  await cli.letTimesSettle()
  await cli.backUp()
  const away = `${cli.vault} away`
  renameSync(cli.vault, away)
  writeOld('new', randomBytes(100_000))
  await cli.backUp(6)
  expect((await cli.fails(['cache', 'rebuild'], 6)).code).toBe('vault.unreachable')
  expect((await show()).waiting.files).toBeGreaterThan(0)
  renameSync(away, cli.vault)
  const rebuilt = await cli.json<CacheRebuilt>(['cache', 'rebuild'])
  expect(rebuilt).toMatchObject({ vaults: [{ name: 'v', points: 1 }], remarks: [] })
  expect(existsSync(rebuilt.setAside ?? '')).toBe(true)
  expect((await cli.points()).map(({ seq }) => seq)).toEqual([1, 2])
  const next = await cli.backUp()
  expect(next).toMatchObject({ point: { seq: 3 }, bytes: { new: 0 } })
  expect(next.transferred).toBeLessThan(smallObjectsBytes)
  await assertWhole()
})

test('a chunk file that the vault lost comes back from the cache', async () => {
  await cli.backUp()
  const lost = readdirSync(cli.vault, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tcf'))
  for (const name of lost) rmSync(join(cli.vault, name))
  const next = await cli.backUp()
  expect(next.remarks).toEqual([])
  await assertWhole()
})

test('the cache is moved, with what waits and what is kept, and back', async () => {
  await cli.letTimesSettle()
  await cli.backUp()
  renameSync(cli.vault, `${cli.vault} away`)
  writeOld('new', randomBytes(100_000))
  await cli.backUp(6)
  const before = await show()
  const ages = chunkNames(cacheFolder()).map((name) => statSync(join(cacheFolder(), 'chunks', name)).mtimeMs)
  const place = join(cli.folder, 'moved cache')
  const moved = await cli.json<CacheMoved>(['cache', 'move', place])
  expect(moved).toMatchObject({ from: cacheFolder(), folder: place, files: ages.length, remarks: [] })
  expect(existsSync(cacheFolder())).toBe(false)
  expect(await show()).toMatchObject({ folder: place, waiting: before.waiting, instant: before.instant })
  expect(chunkNames(place).map((name) => statSync(join(place, 'chunks', name)).mtimeMs)).toEqual(ages)
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  renameSync(`${cli.vault} away`, cli.vault)
  expect(await cli.backUp()).toMatchObject({ point: { confirmed: true }, bytes: { new: 0 } })
  expect(existsSync(cacheFolder())).toBe(false)
  await cli.json(['cache', 'move', cacheFolder()])
  expect(existsSync(place)).toBe(false)
  expect(await cli.backUp()).toMatchObject({ bytes: { new: 0 } })
  await assertWhole()
})

test('the cache is not moved to where it cannot be', async () => {
  await cli.backUp()
  const full = join(cli.folder, 'full')
  mkdirSync(full)
  writeFileSync(join(full, 'mine'), 'mine')
  for (const folder of [
    full,
    join(full, 'mine'),
    join(cli.source, 'sub', 'cache'),
    join(cli.vault, 'cache'),
    cli.folder,
    cacheFolder(),
    join(cacheFolder(), 'inside'),
  ]) {
    expect((await cli.fails(['cache', 'move', folder], 2)).code, folder).toBe('usage.invalid')
  }
  expect(readFileSync(join(full, 'mine'), 'utf8')).toBe('mine')
  expect((await show()).folder).toBe(cacheFolder())
  // A moved cache is protected by no item, and holds no vault.
  const place = join(cli.folder, 'moved')
  await cli.json(['cache', 'move', place])
  expect((await cli.fails(['item', 'enable', 'x', '--vault', 'v', place], 2)).code).toBe('usage.invalid')
  expect((await cli.fails(['vault', 'create', 'w', '--local', join(place, 'w')], 2)).code).toBe('usage.invalid')
})

test('a move that is killed at any moment leaves one whole cache', { timeout: 120_000 }, async () => {
  const seed = Number(process.env['THARSIS_TEST_SEED'] ?? randomInt(2 ** 31))
  console.log(`seed ${seed} (THARSIS_TEST_SEED)`)
  const random = seededRandom(seed)
  await cli.letTimesSettle()
  await cli.backUp()
  const started = performance.now()
  await cli.json(['cache', 'move', join(cli.folder, 'place 0')])
  const longest = performance.now() - started
  for (let attempt = 1; attempt <= 4; attempt++) {
    const place = join(cli.folder, `place ${attempt}`)
    const delayMs = longest * (0.3 + random() * 0.8)
    let timer: NodeJS.Timeout | undefined
    await cli.run(['cache', 'move', place], {
      onStart: (child) => {
        timer = setTimeout(() => child.kill('SIGKILL'), delayMs)
      },
    })
    clearTimeout(timer)
    const used = (await show()).folder
    const next = await cli.backUp()
    expect(next, `after ${attempt} kills`).toMatchObject({
      point: { seq: attempt + 1, confirmed: true },
      files: { read: 0 },
    })
    const left = readdirSync(cli.folder).filter((name) => name.startsWith('place '))
    expect(
      left.map((name) => join(cli.folder, name)),
      `after ${attempt} kills`,
    ).toEqual([used])
  }
  await assertWhole()
})
