/** The main job through the command line: back up, change, back up again, restore the first and the latest point. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PointDetails } from '../../agent-core/api/agent-api.ts'
import { fileTimeFromNs, setTimes, setXattr } from '../../agent-core/platform/posix.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome

beforeEach(() => {
  cli = new CliHome()
})

afterEach(() => {
  cli[Symbol.dispose]()
})

const at = (...names: readonly string[]): string => join(cli.source, ...names)
const rawAt = (...bytes: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from(`${cli.source}/`), Buffer.from(bytes)])

/** Entries of every kind that needs no root. */
function fillSource(): void {
  mkdirSync(at('deep', 'er', 'empty'), { recursive: true })
  mkdirSync(at('many'))
  for (let number = 0; number < 600; number++) writeFileSync(at('many', `file ${number}`), `content of ${number}\n`)
  writeFileSync(at('nothing'), '')
  writeFileSync(at('deep', 'text'), 'some words '.repeat(5000))
  writeFileSync(at('random'), randomBytes(3 * 1024 * 1024 + 17))
  writeFileSync(at('script'), '#!/bin/sh\n', { mode: 0o755 })
  chmodSync(at('script'), 0o750)
  writeFileSync(at('-leading dash'), 'x')
  writeFileSync(at('new\nline'), 'x')
  writeFileSync(at('trailing dot.'), 'x')
  writeFileSync(at('Case'), 'upper')
  writeFileSync(at('case'), 'lower')
  writeFileSync(at('n'.repeat(255)), 'long name')
  writeFileSync(at('caf\u00e9'), 'composed')
  writeFileSync(at('cafe\u0301'), 'decomposed')
  writeFileSync(rawAt(0x66, 0xff, 0xfe, 0x80), 'no UTF-8')
  symlinkSync('nowhere at all', at('dangling'))
  symlinkSync('deep', at('to a folder'))
  linkSync(at('random'), at('deep', 'same inode'))
  writeFileSync(at('holes'), '')
  truncateSync(at('holes'), 8 * 1024 * 1024)
  writeFileSync(at('holes'), 'data', { flag: 'r+' })
  execFileSync('mkfifo', [at('pipe')])
  setTimes(at('nothing'), fileTimeFromNs(1n), fileTimeFromNs(1_234_567_890_123_456_789n))
  setTimes(at('script'), fileTimeFromNs(1n), fileTimeFromNs(-86_400_000_000_001n))
  lutimesSync(at('dangling'), 5, 1_000_000_000.25)
  utimesSync(at('deep', 'er'), 5, 1_100_000_000.5)
  chmodSync(at('deep', 'er', 'empty'), 0o700)
  try {
    setXattr(at('deep', 'text'), 'user.note', Buffer.from('kept'))
  } catch (error) {
    // The folder for temporary files may lie where no attributes are; the system tier has them for sure.
    expect((error as NodeJS.ErrnoException).code).toMatch(/ENOTSUP|EOPNOTSUPP|EPERM/)
  }
}

test('every kind of entry comes back from the first and from the latest point', async () => {
  fillSource()
  await cli.setUp()
  const first = await cli.backUp()
  expect(first).toMatchObject({ job: { state: 'completed' }, point: { seq: 1, confirmed: true }, warnings: [] })
  expect(first.files.failed).toBe(0)
  const before = snapshotTree(cli.source)

  appendFileSync(at('many', 'file 500'), 'and more')
  rmSync(at('many', 'file 3'))
  renameSync(at('many', 'file 4'), at('deep', 'moved'))
  writeFileSync(at('many', 'added'), 'new here')
  chmodSync(at('many', 'file 5'), 0o600)
  rmSync(at('-leading dash'))
  mkdirSync(at('-leading dash'))
  rmSync(at('dangling'))
  symlinkSync('elsewhere', at('dangling'))
  const second = await cli.backUp()
  expect(second).toMatchObject({ point: { seq: 2, confirmed: true }, warnings: [] })
  expect(second.bytes.stored).toBeLessThan(40_000)
  const after = snapshotTree(cli.source)
  expect(after).not.toEqual(before)

  const points = await cli.points()
  expect(points.map(({ seq, tiers, partial }) => ({ seq, tiers, partial }))).toEqual([
    { seq: 1, tiers: ['instant', 'vault'], partial: false },
    { seq: 2, tiers: ['instant', 'vault'], partial: false },
  ])
  const restoredFirst = await cli.restore(points[0]?.id ?? '')
  expect(snapshotTree(restoredFirst)).toEqual(before)
  const restoredLatest = await cli.restore('latest')
  expect(snapshotTree(restoredLatest)).toEqual(after)
})

test('points are shown with their parents, folders and files', async () => {
  mkdirSync(at('sub'))
  writeFileSync(at('sub', 'one'), 'one')
  writeFileSync(rawAt(0xff), 'raw')
  await cli.setUp()
  const first = await cli.backUp()
  writeFileSync(at('two'), '22')
  const second = await cli.backUp(0, '--retain-days', '3')
  const shown = await cli.json<PointDetails>(['point', 'show', 'docs', 'latest'])
  expect(shown).toMatchObject({
    id: second.point?.id,
    parent: first.point?.id,
    item: 'docs',
    folders: [{ path: cli.source }],
    files: 3,
    directories: 2,
    warnings: [],
    missing: [],
  })
  expect(Date.parse(shown.keptUntil ?? '') - Date.parse(shown.time)).toBeGreaterThan(2.9 * 86_400_000)
  const files = await cli.files('latest')
  expect(files.map(({ path, type, size }) => `${path} ${type} ${size}`)).toEqual([
    'sub directory 0',
    'sub/one file 3',
    'two file 2',
    expect.stringMatching(/ file 3$/),
  ])
  expect(files[3]?.pathBytes).toBe(Buffer.from([0xff]).toString('base64'))
  expect((await cli.files('latest', 'sub')).map(({ path }) => path)).toEqual(['sub/one'])
  expect((await cli.files(first.point?.id.slice(0, 8) ?? '', '--depth', '1')).map(({ path }) => path)).toContain('sub')
})

test('nothing changed: no file is read and nothing but the point is stored', async () => {
  for (let number = 0; number < 200; number++) writeFileSync(at(`${number}`), `${number}`.repeat(100))
  await cli.setUp()
  await cli.backUp()
  for (const name of readdirSync(cli.source)) utimesSync(at(name), 1_600_000_000, 1_600_000_000)
  await cli.letTimesSettle()
  await cli.backUp()
  const again = await cli.backUp()
  expect(again.files).toMatchObject({ seen: 200, read: 0, changed: 0, deleted: 0 })
  expect(again.bytes).toMatchObject({ read: 0, new: 0, stored: 0 })
  expect(again.transferred).toBeLessThan(2000)
})

test('a second item with the same content stores almost nothing', async () => {
  writeFileSync(at('large'), randomBytes(5_000_000))
  for (let number = 0; number < 300; number++) writeFileSync(at(`${number}`), randomBytes(3000))
  await cli.setUp()
  const first = await cli.backUp()
  expect(first.bytes.stored).toBeGreaterThan(5_900_000)
  const copy = join(cli.folder, 'copy')
  cpSync(cli.source, copy, { recursive: true })
  await cli.json(['item', 'enable', 'again', '--vault', 'v', copy])
  const { bytes, transferred } = await cli.json<typeof first>(['backup-now', 'again'])
  // The content is stored once; the entries carry other inodes and times.
  expect(bytes.new).toBeLessThan(100_000)
  expect(transferred).toBeLessThan(60_000)
  expect(Object.keys(snapshotTree(await cli.restore('latest', { item: 'again' })))).toHaveLength(302)
})

test('several folders of one item are told apart, also with the same name', async () => {
  for (const name of ['a', 'b']) {
    mkdirSync(at(name, 'same'), { recursive: true })
    writeFileSync(at(name, 'same', 'file'), `of ${name}`)
  }
  await cli.json(['vault', 'create', 'v', '--local', cli.vault])
  await cli.json(['item', 'enable', 'docs', '--vault', 'v', at('a', 'same'), at('b', 'same')])
  await cli.backUp()
  const restored = await cli.restore('latest')
  expect(readdirSync(restored).sort()).toEqual(['same', 'same (2)'])
  expect(snapshotTree(join(restored, 'same (2)'))).toEqual(snapshotTree(at('b', 'same')))
  rmSync(at('a', 'same', 'file'))
  const only = await cli.restore('latest', { more: [at('a', 'same', 'file')] })
  expect(readdirSync(only)).toEqual(['file'])
})
