/** Every verb with arguments that cannot be meant: clear words with advice, the right exit status, nothing changed. */
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome

beforeAll(async () => {
  cli = new CliHome()
  mkdirSync(join(cli.source, 'inner'))
  writeFileSync(join(cli.source, 'file'), 'content')
  symlinkSync(cli.vault, join(cli.folder, 'link'))
  await cli.setUp()
  await cli.backUp()
}, 30_000)

afterAll(() => {
  cli[Symbol.dispose]()
})

const huge = 'x'.repeat(100_000)

/** [what, arguments, exit status, error code] */
type Case = [what: string, parameters: () => readonly string[], status: number, code?: string]
const cases: Case[] = [
  ['no such verb', () => ['frobnicate'], 2],
  ['no arguments where some are needed', () => ['item', 'enable'], 2],
  ['an unknown option', () => ['backup-now', 'docs', '--frobnicate'], 2],
  ['an option without its value', () => ['vault', 'create', 'w', '--local'], 2],
  ['too many arguments', () => ['backup-now', 'docs', 'more'], 2],
  ['an item name with a slash', () => ['item', 'enable', 'a/b', '--vault', 'v', cli.source], 2, 'usage.invalid'],
  ['an empty item name', () => ['item', 'enable', '', '--vault', 'v', cli.source], 2, 'usage.invalid'],
  ['a huge item name', () => ['item', 'enable', huge, '--vault', 'v', cli.source], 2, 'usage.invalid'],
  [
    'an item name of control characters',
    () => ['item', 'enable', 'a\u001b[31m', '--vault', 'v', cli.source],
    2,
    'usage.invalid',
  ],
  ['an item that is there', () => ['item', 'enable', 'docs', '--vault', 'v', cli.source], 2, 'item.exists'],
  ['an unknown vault', () => ['item', 'enable', 'x', '--vault', 'none', cli.source], 4, 'vault.not-found'],
  ['a folder that is not there', () => ['item', 'enable', 'x', '--vault', 'v', '/no/such/folder'], 2, 'usage.invalid'],
  [
    'a file instead of a folder',
    () => ['item', 'enable', 'x', '--vault', 'v', join(cli.source, 'file')],
    2,
    'usage.invalid',
  ],
  ['an empty folder name', () => ['item', 'enable', 'x', '--vault', 'v', ''], 2],
  ['a huge folder name', () => ['item', 'enable', 'x', '--vault', 'v', `/${huge}`], 2, 'usage.invalid'],
  [
    'a folder in the vault',
    () => ['item', 'enable', 'x', '--vault', 'v', join(cli.vault, 'keyspaces')],
    2,
    'usage.invalid',
  ],
  ['a folder in the home', () => ['item', 'enable', 'x', '--vault', 'v', join(cli.home, 'cache')], 2, 'usage.invalid'],
  ['the vault by a link', () => ['item', 'enable', 'x', '--vault', 'v', join(cli.folder, 'link')], 2, 'usage.invalid'],
  [
    'overlapping folders',
    () => ['item', 'enable', 'x', '--vault', 'v', cli.source, join(cli.source, 'inner')],
    2,
    'usage.invalid',
  ],
  [
    'the same folder twice',
    () => ['item', 'enable', 'x', '--vault', 'v', cli.source, `${cli.source}/.`],
    2,
    'usage.invalid',
  ],
  ['an exclusion that is no pattern', () => ['item', 'enable', 'x', '--vault', 'v', cli.source, '--exclude', ''], 2],
  ['an unknown compression', () => ['item', 'enable', 'x', '--vault', 'v', cli.source, '--compression', 'rar'], 2],
  ['a change of an unknown item', () => ['item', 'change', 'none', '--exclude', '*.x'], 4, 'item.not-found'],
  ['a removal of the only folder', () => ['item', 'change', 'docs', '--remove-folder', cli.source], 2, 'usage.invalid'],
  ['a removal of a folder that is not its', () => ['item', 'change', 'docs', '--remove-folder', '/no/such'], 2],
  ['an unknown item to show', () => ['item', 'show', 'none'], 4, 'item.not-found'],
  ['an unknown item to back up', () => ['backup-now', 'none'], 4, 'item.not-found'],
  ['zero days to retain', () => ['backup-now', 'docs', '--retain-days', '0'], 2],
  ['days that are no number', () => ['backup-now', 'docs', '--retain-days', 'many'], 2],
  ['a date that is none', () => ['backup-now', 'docs', '--retain-until', '2027-02-31'], 2],
  ['a date in the past', () => ['backup-now', 'docs', '--retain-until', '1999-01-01'], 2],
  ['points of an unknown item', () => ['point', 'list', 'none'], 4, 'item.not-found'],
  ['an unknown point', () => ['point', 'show', 'docs', 'ffffffff'], 4, 'point.not-found'],
  ['a huge point', () => ['point', 'show', 'docs', huge], 2, 'usage.invalid'],
  ['a long point', () => ['point', 'show', 'docs', 'f'.repeat(3000)], 4, 'point.not-found'],
  ['an empty point', () => ['point', 'show', 'docs', ''], 2, 'usage.invalid'],
  ['a point of a day that is none', () => ['point', 'show', 'docs', '2026-13-45'], 2, 'usage.invalid'],
  ['a point before all points', () => ['point', 'files', 'docs', '1999-01-01'], 4, 'point.not-found'],
  ['an unknown path in a point', () => ['point', 'files', 'docs', 'latest', 'no/such'], 4, 'point.path-not-found'],
  ['a path that goes up', () => ['point', 'files', 'docs', 'latest', '../../etc'], 4],
  ['a depth that is no number', () => ['point', 'files', 'docs', 'latest', '--depth', '-1'], 2],
  ['a restore without a target', () => ['restore', 'files', 'docs', 'latest'], 2],
  ['a restore with two targets', () => ['restore', 'files', 'docs', 'latest', '--to', '/tmp/x', '--original'], 2],
  [
    'a restore of an unknown point',
    () => ['restore', 'files', 'docs', '0000', '--to', join(cli.folder, 'o')],
    4,
    'point.not-found',
  ],
  [
    'a restore of an unknown path',
    () => ['restore', 'files', 'docs', 'latest', 'none', '--to', join(cli.folder, 'o')],
    4,
    'point.path-not-found',
  ],
  [
    'a restore into the vault',
    () => ['restore', 'files', 'docs', 'latest', '--to', join(cli.vault, 'o')],
    2,
    'restore.target',
  ],
  [
    'a restore into the home',
    () => ['restore', 'files', 'docs', 'latest', '--to', join(cli.home, 'o')],
    2,
    'restore.target',
  ],
  [
    'a restore into a file',
    () => ['restore', 'files', 'docs', 'latest', '--to', join(cli.source, 'file')],
    2,
    'restore.target',
  ],
  [
    'an unknown conflict rule',
    () => ['restore', 'files', 'docs', 'latest', '--to', '/tmp/x', '--conflict', 'guess'],
    2,
  ],
  ['a vault name with a slash', () => ['vault', 'create', 'a/b', '--local', join(cli.folder, 'w')], 2, 'usage.invalid'],
  ['a vault name that is there', () => ['vault', 'create', 'v', '--local', join(cli.folder, 'w')], 2, 'vault.exists'],
  ['a vault in a folder in use', () => ['vault', 'create', 'w', '--local', cli.source], 2, 'vault.not-empty'],
  ['a vault in another vault', () => ['vault', 'create', 'w', '--local', join(cli.vault, 'inner')], 2, 'usage.invalid'],
  ['a vault around another vault', () => ['vault', 'create', 'w', '--local', cli.folder], 2, 'usage.invalid'],
  ['a vault in the home', () => ['vault', 'create', 'w', '--local', join(cli.home, 'w')], 2, 'usage.invalid'],
  ['a vault over a file', () => ['vault', 'create', 'w', '--local', join(cli.source, 'file')], 2, 'usage.invalid'],
  [
    'a vault below a file',
    () => ['vault', 'create', 'w', '--local', join(cli.source, 'file', 'w')],
    2,
    'usage.invalid',
  ],
  ['a vault with a huge folder name', () => ['vault', 'create', 'w', '--local', `/tmp/${huge}`], 2, 'usage.invalid'],
  ['a vault where nothing can be made', () => ['vault', 'create', 'w', '--local', '/proc/x'], 2, 'usage.invalid'],
  ['an unknown vault to show', () => ['vault', 'show', 'none'], 4, 'vault.not-found'],
  ['an unknown vault to verify', () => ['vault', 'verify', 'none'], 4, 'vault.not-found'],
  ['a share above 100', () => ['vault', 'verify', 'v', '--read-data', '101'], 2],
  ['no vault to connect', () => ['vault', 'connect', 'w', '--local', cli.source], 6, 'vault.none'],
  ['no vault to join', () => ['vault', 'join', 'w', '--local', cli.source], 6, 'vault.none'],
  ['a file to connect', () => ['vault', 'connect', 'w', '--local', join(cli.source, 'file')], 6, 'vault.none'],
  ['no folder to connect', () => ['vault', 'connect', 'w', '--local', join(cli.folder, 'w')], 6, 'vault.unreachable'],
  ['a chunk file that is not there', () => ['chunk', 'info', '/no/such.tcf'], 4],
  ['a folder as a chunk file', () => ['chunk', 'verify', cli.source], 2, 'usage.invalid'],
  ['a chunk file that is none', () => ['chunk', 'info', join(cli.source, 'file')], 8],
  [
    'a passphrase file that is not there',
    () => ['vault', 'create', 'w', '--local', join(cli.folder, 'w'), '--passphrase-file', '/no/such'],
    2,
    'usage.invalid',
  ],
]

test.each(cases)('%s', async (_what, parameters, status, code) => {
  const before = stateOf()
  const env = parameters().includes('--passphrase-file') ? { THARSIS_PASSPHRASE: '' } : {}
  const result = await cli.run([...parameters(), '--output', 'json'], { env })
  expect(`${result.status} ${result.stderr.slice(0, 500)}`).toMatch(new RegExp(`^${status} `))
  expect(result.stderr).not.toMatch(/fault in Tharsis|at .*\.ts:\d+/)
  expect(result.stderr.length).toBeLessThan(20_000)
  const { error } = JSON.parse(result.stdout) as { error: { code: string; message: string; advice: string } }
  if (code !== undefined) expect(error.code).toBe(code)
  expect(error.message).toMatch(/\S.*\.$/s)
  expect(error.advice).toMatch(/\S/)
  expect(stateOf()).toEqual(before)
})

/** Everything that a verb could have changed; the lock file and the log may be touched, and what is read of a vault be kept. */
function stateOf(): unknown {
  const isTouched = (path: string) => /^(lock|agent\.log|logs|state\.db-.*|cache\/base\.db-.*|manifests.*)$/.test(path)
  return [
    snapshotTree(cli.vault),
    readdirSync(cli.folder).sort(),
    Object.keys(snapshotTree(cli.home, isTouched)),
    snapshotTree(cli.source),
  ]
}

test('where no vault is or can be, the advice speaks of the folder of a vault', async () => {
  const file = join(cli.source, 'file')
  const adviceOf = async (status: number, ...verb: string[]) => (await cli.fails(['vault', ...verb], status)).advice
  expect(await adviceOf(6, 'connect', 'w', '--local', cli.source)).toMatch(/vault.json.*tharsis vault create/s)
  for (const folder of [file, join(file, 'w')]) {
    expect(await adviceOf(2, 'create', 'w', '--local', folder)).toMatch(/empty or new folder for the vault/)
  }
})

test('a home folder that is a file, or below one, is told', async () => {
  for (const home of [join(cli.source, 'file'), join(cli.source, 'file', 'home'), '/proc/x']) {
    const second = Object.assign(cli.secondHome(), { home })
    const { code, message } = await second.fails(['vault', 'list'], 1)
    expect(code).toBe('home.unusable')
    expect(message).not.toMatch(/E[A-Z]{4}|mkdir/)
  }
})

test('relative folders are taken from the current folder', async () => {
  mkdirSync(join(cli.folder, 'relative'))
  await cli.json(['item', 'enable', 'relative', '--vault', 'v', 'relative'])
  expect(await cli.json(['item', 'show', 'relative'])).toMatchObject({
    folders: [{ path: join(cli.folder, 'relative') }],
  })
  rmSync(join(cli.folder, 'relative'), { recursive: true })
})
