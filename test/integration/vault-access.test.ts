/** Who opens a vault, and what happens where none is: passphrases, recovery code, second homes, take-over, absent vaults. */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PointDocument, VaultDetails, VaultDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome

beforeEach(() => {
  cli = new CliHome()
  mkdirSync(join(cli.source, 'sub'))
  writeFileSync(join(cli.source, 'sub', 'file'), 'content')
})

afterEach(() => {
  cli[Symbol.dispose]()
})

const connect = (second: CliHome, ...more: readonly string[]) =>
  second.json<VaultDocument & { items: string[] }>(['vault', 'connect', 'mine', '--local', cli.vault, ...more])

test('vault and passphrase alone are enough to list and restore on another home', async () => {
  await cli.setUp()
  await cli.backUp()
  writeFileSync(join(cli.source, 'more'), 'later')
  await cli.backUp()
  const before = snapshotTree(cli.source)
  rmSync(cli.home, { recursive: true })
  const second = cli.secondHome()
  expect(await connect(second)).toMatchObject({ access: 'read-only', items: ['docs'] })
  expect((await second.points()).map(({ seq }) => seq)).toEqual([1, 2])
  expect(snapshotTree(await second.restore('latest'))).toEqual(before)
  expect((await second.fails(['backup-now', 'docs'], 5)).code).toBe('item.read-only')
})

test('the recovery code opens the vault, a wrong passphrase ends with 7 and changes nothing', async () => {
  const { recoveryCode } = await cli.setUp()
  await cli.backUp()
  const second = cli.secondHome()
  second.passphrase = 'this is the wrong one'
  const connecting = ['vault', 'connect', 'mine', '--local', cli.vault]
  expect((await second.fails(connecting, 7)).code).toBe('vault.wrong-passphrase')
  expect(await second.json(['vault', 'list'])).toEqual([])
  second.passphrase = recoveryCode.toLowerCase().replaceAll('-', ' ')
  expect((await connect(second)).items).toEqual(['docs'])
  expect(await second.points()).toHaveLength(1)
})

test('a new passphrase replaces the old one; the key that is kept here goes on', async () => {
  const { recoveryCode } = await cli.setUp()
  await cli.backUp()
  const next = 'quite another passphrase'
  const slots = () => readdirSync(join(cli.vault, 'keyspaces', keyspace(), 'keys'))
  const keyspace = () => readdirSync(join(cli.vault, 'keyspaces'))[0] as string
  const before = slots()
  const env = { THARSIS_NEW_PASSPHRASE: next }
  expect(
    (await cli.fails(['vault', 'set-passphrase', 'v'], 2, { env: { THARSIS_NEW_PASSPHRASE: 'short' } })).code,
  ).toBe('vault.weak-passphrase')
  const wrong = { env: { ...env, THARSIS_PASSPHRASE: 'not the passphrase of it' } }
  expect((await cli.fails(['vault', 'set-passphrase', 'v'], 7, wrong)).code).toBe('vault.wrong-passphrase')
  expect(slots()).toEqual(before)
  await cli.json(['vault', 'set-passphrase', 'v'], 0, { env })
  expect(slots()).toHaveLength(2)
  expect(slots()).not.toEqual(before)
  await cli.backUp()
  const second = cli.secondHome()
  expect((await second.fails(['vault', 'connect', 'mine', '--local', cli.vault], 7)).code).toBe(
    'vault.wrong-passphrase',
  )
  second.passphrase = next
  expect((await connect(second)).items).toEqual(['docs'])
  const third = cli.secondHome('third')
  third.passphrase = recoveryCode
  expect((await connect(third)).items).toEqual(['docs'])
})

test('a change of the passphrase that was cut off leaves both in force', async () => {
  await cli.setUp()
  const keyspace = readdirSync(join(cli.vault, 'keyspaces'))[0] as string
  const keys = join(cli.vault, 'keyspaces', keyspace, 'keys')
  const kept = join(cli.folder, 'kept')
  cpSync(keys, kept, { recursive: true })
  await cli.json(['vault', 'set-passphrase', 'v'], 0, { env: { THARSIS_NEW_PASSPHRASE: 'quite another passphrase' } })
  // What is left where the process ends after the new slot and before the deletion of the old one.
  for (const name of readdirSync(kept)) if (!existsSync(join(keys, name))) cpSync(join(kept, name), join(keys, name))
  expect(readdirSync(keys)).toHaveLength(3)
  const second = cli.secondHome()
  expect((await connect(second)).access).toBe('read-only')
  const third = cli.secondHome('third')
  third.passphrase = 'quite another passphrase'
  expect((await connect(third)).access).toBe('read-only')
})

test('a vault folder that is missing or empty ends with 6, and no vault is made there', async () => {
  await cli.setUp()
  renameSync(cli.vault, `${cli.vault} away`)
  for (const verb of [
    ['vault', 'test', 'v'],
    ['vault', 'verify', 'v'],
    ['point', 'list', 'docs'],
    ['restore', 'files', 'docs', 'latest', '--to', join(cli.folder, 'out')],
    ['item', 'enable', 'other', '--vault', 'v', cli.source],
    ['backup-now', 'docs'],
  ]) {
    expect(await cli.json(verb, 6)).toMatchObject(
      verb[0] === 'backup-now' ? { failure: { code: 'vault.unreachable' } } : { error: { code: 'vault.unreachable' } },
    )
    expect(existsSync(cli.vault)).toBe(false)
  }
  mkdirSync(cli.vault)
  const known = await cli.json<VaultDetails>(['vault', 'show', 'v'], 6)
  expect(known).toMatchObject({ state: 'unreachable', items: ['docs'], points: null, waitingPoints: 1 })
  const shown = await cli.run(['vault', 'show', 'v'])
  expect(shown.stdout).toMatch(/State +unreachable: .*\n/)
  expect(shown.stdout).toMatch(/Waiting for it +1 point\n/)
  expect(shown.stdout).not.toContain('Stored')
  expect(await cli.backUp(6)).toMatchObject({ failure: { code: 'vault.unreachable' }, point: { confirmed: false } })
  expect((await cli.fails(['vault', 'connect', 'again', '--local', cli.vault], 6)).code).toBe('vault.none')
  expect(readdirSync(cli.vault)).toEqual([])
  expect(await cli.json(['vault', 'list'])).toMatchObject([{ name: 'v', state: 'unreachable' }])
})

test('another vault in the place of the known one is not written to', async () => {
  await cli.setUp()
  await cli.backUp()
  renameSync(cli.vault, `${cli.vault} away`)
  const stranger = cli.secondHome('stranger')
  await stranger.json(['vault', 'create', 'other', '--local', cli.vault])
  const before = snapshotTree(cli.vault)
  expect(await cli.backUp(6)).toMatchObject({ failure: { code: 'vault.replaced' } })
  expect(snapshotTree(cli.vault)).toEqual(before)
})

test('after a take-over the old home backs up no more, and the new one goes on where it was', async () => {
  await cli.setUp()
  await cli.backUp()
  const { machine } = await cli.json<VaultDocument>(['vault', 'show', 'v'])
  const second = cli.secondHome()
  expect(await connect(second, '--take-over', machine)).toMatchObject({ access: 'owner', items: ['docs'] })
  expect((await cli.fails(['backup-now', 'docs'], 5)).code).toBe('vault.taken-over')
  expect((await cli.fails(['item', 'enable', 'other', '--vault', 'v', cli.source], 5)).code).toBe('vault.taken-over')
  writeFileSync(join(cli.source, 'more'), 'later')
  const next = await second.backUp()
  expect(next.point).toMatchObject({ seq: 2, confirmed: true })
  expect(next.bytes.stored).toBeLessThan(20_000)
  expect(snapshotTree(await second.restore('latest'))).toEqual(snapshotTree(cli.source))
  const points = await cli.json<PointDocument[]>(['point', 'list', 'docs'])
  expect(points.map(({ seq }) => seq)).toEqual([1, 2])
  const third = cli.secondHome('third')
  expect(
    (await third.fails(['vault', 'connect', 'x', '--local', cli.vault, '--take-over', 'no such machine'], 4)).code,
  ).toBe('vault.no-machine')
})
