/** A replica of a vault, by the command line: restores come from it when the vault is gone or damaged, here and elsewhere. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ReplicationDocument, VaultDetails } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome
let replica: string

beforeEach(async () => {
  cli = new CliHome()
  replica = join(cli.folder, 'replica')
  mkdirSync(join(cli.source, 'sub'))
  for (let number = 0; number < 20; number++) {
    writeFileSync(join(cli.source, 'sub', `${number}`), `${number} `.repeat(50))
  }
  writeFileSync(join(cli.source, 'large'), randomBytes(1_500_000))
  await cli.setUp()
  await cli.json(['vault', 'set', 'v', '--replica-local', replica])
  await cli.backUp()
})

afterEach(() => {
  cli[Symbol.dispose]()
})

const replicate = async (status = 0) => await cli.json<ReplicationDocument>(['vault', 'replicate', 'v'], status)
const objectsIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .toSorted()

/** Nothing may come from the cache. */
function dropCache(): void {
  rmSync(join(cli.home, 'cache'), { recursive: true })
}

test('a replica tells its lag, and restores when the vault is gone, here and elsewhere', {
  timeout: 180_000,
}, async () => {
  expect((await cli.json<VaultDetails>(['vault', 'show', 'v'])).replica).toMatchObject({
    state: 'reachable',
    behind: { points: 1 },
    completedAt: null,
    isDue: true,
  })
  expect(await replicate()).toMatchObject({ copied: { points: 1 }, damaged: [], lost: 0, heldBack: 0 })
  // A replica has no claims of names.
  expect(objectsIn(replica)).toEqual(objectsIn(cli.vault).filter((name) => !name.startsWith('/machines/')))
  writeFileSync(join(cli.source, 'more'), 'more')
  await cli.backUp()
  const shown = (await cli.json<VaultDetails>(['vault', 'show', 'v'])).replica
  expect(shown).toMatchObject({ behind: { points: 1 }, isDue: false })
  expect(await replicate()).toMatchObject({ copied: { points: 1 } })
  expect(await replicate()).toMatchObject({ copied: { objects: 0, points: 0, bytes: 0 } })
  const state = snapshotTree(cli.source)
  rmSync(cli.vault, { recursive: true })
  dropCache()
  const listed = await cli.run(['point', 'list', 'docs', '--output', 'json'])
  expect(listed.status, listed.stderr).toBe(0)
  expect(JSON.parse(listed.stdout)).toHaveLength(2)
  expect(listed.stderr).toContain('Its replica is read instead')
  expect(snapshotTree(await cli.restore('latest'))).toEqual(state)
  const second = cli.secondHome()
  await second.json(['vault', 'connect', 'r', '--local', replica])
  expect(snapshotTree(await second.restore('latest'))).toEqual(state)
  expect(existsSync(cli.vault)).toBe(false)
})

test('what is damaged or missing in the vault is read from the replica, which is told', {
  timeout: 180_000,
}, async () => {
  await replicate()
  const state = snapshotTree(cli.source)
  dropCache()
  const files = objectsIn(cli.vault)
  const chunk = files.find((name) => name.endsWith('.tcf')) ?? ''
  const path = join(cli.vault, chunk)
  const bytes = readFileSync(path)
  rmSync(path)
  writeFileSync(path, bytes.fill(0x5a, 600, 1500))
  for (const name of files.filter((file) => file.endsWith('.tcf') && file !== chunk)) rmSync(join(cli.vault, name))
  for (const name of files.filter((file) => file.includes('/index/'))) writeFileSync(join(cli.vault, name), 'spoilt')
  const point = files.find((name) => /points\/.*[0-9a-f]$/.test(name)) ?? ''
  writeFileSync(join(cli.vault, point), 'spoilt')
  const target = join(cli.folder, 'back')
  const restored = await cli.run(['restore', 'files', 'docs', 'latest', '--to', target])
  expect(restored.status, restored.stderr).toBe(0)
  expect(restored.stderr).toContain('was read from its replica')
  expect(snapshotTree(target)).toEqual(state)
})

test('a vault that was emptied, and a disk that is not there, leave the replica as it is', {
  timeout: 180_000,
}, async () => {
  await replicate()
  const before = objectsIn(replica)
  const [keyspace] = readdirSync(join(cli.vault, 'keyspaces'))
  for (const folder of ['chunks', 'index', 'points']) {
    rmSync(join(cli.vault, 'keyspaces', keyspace ?? '', folder), { recursive: true })
  }
  const emptied = await replicate(8)
  expect(emptied.lost).toBe(1)
  expect(objectsIn(replica)).toEqual(before)
  renameSync(replica, `${replica} away`)
  mkdirSync(replica)
  expect((await cli.fails(['vault', 'replicate', 'v'], 6)).code).toBe('vault.unreachable')
  expect(objectsIn(replica)).toEqual([])
})

test('a place that holds something else, or that went its own way, is left alone', { timeout: 180_000 }, async () => {
  const other = join(cli.folder, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'letter'), 'dear')
  expect((await cli.fails(['vault', 'set', 'v', '--replica-local', other], 2)).code).toBe('replica.other')
  await replicate()
  const second = cli.secondHome()
  const machine = (await cli.json<VaultDetails>(['vault', 'show', 'v'])).machine
  await second.json(['vault', 'connect', 'r', '--local', replica, '--take-over', machine, '--yes'])
  writeFileSync(join(cli.source, 'more'), 'more')
  await cli.backUp()
  await second.backUp()
  expect((await cli.fails(['vault', 'replicate', 'v'], 8)).code).toBe('replica.diverged')
})

test('a new passphrase opens the replica too, and the old one no more', { timeout: 180_000 }, async () => {
  await replicate()
  await cli.json(['vault', 'set-passphrase', 'v'], 0, {
    env: { THARSIS_NEW_PASSPHRASE: 'another passphrase for tests' },
  })
  const second = cli.secondHome()
  expect((await second.fails(['vault', 'connect', 'r', '--local', replica], 7)).code).toBe('vault.wrong-passphrase')
  second.passphrase = 'another passphrase for tests'
  await second.json(['vault', 'connect', 'r', '--local', replica])
})
