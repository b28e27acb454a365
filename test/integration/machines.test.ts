/** Several machines in one vault, by the command line: joining, reading another one, removal, and a copied home folder. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type {
  BackupDocument,
  CreatedVault,
  MachineDocument,
  PointDocument,
  VaultDocument,
  VerifyDocument,
} from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'

let cli: CliHome

beforeEach(async () => {
  cli = new CliHome()
  writeFileSync(join(cli.source, 'file'), 'of the first')
  await cli.setUp()
  await cli.backUp()
})

afterEach(() => {
  cli[Symbol.dispose]()
})

test('a second machine joins; the first restores its point, removes it and brings it back', {
  timeout: 240_000,
}, async () => {
  const second = cli.secondHome()
  second.passphrase = 'the passphrase of the second'
  const joining = ['vault', 'join', 'v', '--local', cli.vault]
  const taken = await second.fails(joining, 2)
  expect(taken.code).toBe('vault.machine-taken')
  const [, free] = /--machine-name "(.+)" is free/.exec(taken.advice) ?? []
  const joined = await second.json<CreatedVault>([...joining, '--machine-name', free ?? ''])
  expect(joined).toMatchObject({ machine: free, access: 'owner' })
  writeFileSync(join(cli.source, 'file'), 'of the second')
  await second.json(['item', 'enable', 'docs', '--vault', 'v', cli.source])
  await second.backUp()
  const machines = await cli.json<MachineDocument[]>(['vault', 'machines', 'v'])
  expect(machines.map(({ isThis, state, points }) => [isThis, state, points])).toEqual([
    [true, 'active', 1],
    [false, 'locked', 1],
  ])
  expect((await cli.run(['vault', 'machines', 'v'])).stdout).toMatch(/active, this one.*\n.*\(locked\)/)
  const ofSecond = { env: { THARSIS_PASSPHRASE: second.passphrase } }
  const reading = ['vault', 'connect', 'other', '--local', cli.vault, '--read', free ?? '']
  expect((await cli.fails(reading, 7, { env: { THARSIS_PASSPHRASE: 'not this one, surely' } })).code).toBe(
    'vault.wrong-passphrase',
  )
  expect(await cli.json<VaultDocument>(reading, 0, ofSecond)).toMatchObject({ access: 'read-only', items: ['docs 2'] })
  expect(readFileSync(join(await cli.restore('latest', { item: 'docs 2' }), 'file'), 'utf8')).toBe('of the second')
  expect(await cli.json<VerifyDocument>(['vault', 'verify', 'v', '--keyspace', free ?? ''], 0, ofSecond)).toMatchObject(
    {
      points: 1,
      damaged: [],
    },
  )
  const removal = ['vault', 'remove-machine', 'v', free ?? '']
  expect((await cli.fails(removal, 2, ofSecond)).code).toBe('usage.interactive-needed')
  await cli.json([...removal, '--yes'], 0, ofSecond)
  expect((await second.fails(['backup-now', 'docs'], 5)).code).toBe('vault.machine-removed')
  await cli.json(['vault', 'undelete-machine', 'v', free ?? ''], 0, ofSecond)
  expect((await second.backUp()).point).toMatchObject({ seq: 2, confirmed: true })
  expect((await cli.backUp()).point).toMatchObject({ seq: 2, confirmed: true })
})

test('a running agent takes the passphrase of another machine, and a PIN with each call', {
  timeout: 240_000,
}, async () => {
  const second = cli.secondHome()
  second.passphrase = 'the passphrase of the second'
  await second.json(['vault', 'join', 'v', '--local', cli.vault, '--machine-name', 'second'])
  await second.json(['item', 'enable', 'docs', '--vault', 'v', cli.source])
  await second.backUp()
  await cli.startAgent()
  const pin = { THARSIS_PIN: '4711' }
  await cli.json(['pin', 'set'], 0, { env: { THARSIS_NEW_PIN: '4711' } })
  const removal = ['vault', 'remove-machine', 'v', 'second']
  const secrets = { ...pin, THARSIS_PASSPHRASE: second.passphrase }
  expect((await cli.fails(removal, 4, { env: pin })).code).toBe('vault.no-machine')
  expect((await cli.fails(removal, 5, { env: { ...secrets, THARSIS_PIN: '0000' } })).code).toBe('pin.wrong')
  expect((await cli.fails(removal, 7, { env: { ...pin, THARSIS_PASSPHRASE: '' } })).code).toBe('vault.locked')
  await cli.json(removal, 0, { env: secrets })
  const ofSecond = { env: { THARSIS_PASSPHRASE: second.passphrase } }
  await cli.json(['vault', 'undelete-machine', 'v', 'second'], 0, ofSecond)
  const verify = ['vault', 'verify', 'v', '--keyspace', 'second']
  expect(await cli.json<VerifyDocument>(verify, 0, ofSecond)).toMatchObject({ points: 1, damaged: [] })
})

test('a copied home folder stops, and becomes a machine of its own when it is told to', {
  timeout: 240_000,
}, async () => {
  const copy = cli.secondHome('copy')
  cpSync(cli.home, copy.home, { recursive: true })
  await cli.backUp()
  const refused = await copy.fails(['backup-now', 'docs'], 5)
  expect(refused.code).toBe('vault.cloned')
  expect(refused.advice).toContain('tharsis vault fork')
  const said = await copy.run(['vault', 'fork', 'v', '--yes'])
  expect(said.status, said.stderr).toBe(0)
  expect(said.stderr).toContain('copy of another one')
  expect((await copy.backUp()).point).toMatchObject({ seq: 1, confirmed: true })
  expect((await copy.json<PointDocument[]>(['point', 'list', 'docs'])).map(({ seq }) => seq)).toEqual([1])
  expect((await cli.json<BackupDocument>(['backup-now', 'docs'])).point).toMatchObject({ seq: 3, confirmed: true })
  const machines = await copy.json<MachineDocument[]>(['vault', 'machines', 'v', '--unlock'])
  expect(machines.map(({ isThis, points }) => [isThis, points])).toEqual([
    [true, 1],
    [false, 3],
  ])
})
