/** Single objects that rotted, in the vault or here: work goes on, and nothing whole is given up for them. */
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome

beforeEach(async () => {
  cli = new CliHome()
  mkdirSync(join(cli.source, 'sub'))
  for (const name of ['one', 'two']) writeFileSync(join(cli.source, 'sub', name), name)
  await cli.setUp()
})

afterEach(() => {
  cli[Symbol.dispose]()
})

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] as number) ^ 1
  writeFileSync(path, bytes)
}

/** The newest point's manifest, or its confirmation. */
function newestObject(ending: '' | '.ok'): string {
  const names = readdirSync(cli.vault, { recursive: true, encoding: 'utf8' })
  const points = names.filter((name) => /points\/[0-9a-f]{32}\/[0-9a-f]{12}-[^/]*$/.test(name))
  const newest = points
    .filter((name) => (ending === '' ? !name.includes('.') : name.endsWith(ending)))
    .sort()
    .at(-1)
  if (newest === undefined) throw new Error(`no point among ${names.join()}`)
  return join(cli.vault, newest)
}

describe.each([
  ['manifest', ''],
  ['confirmation', '.ok'],
] as const)('the newest point has lost its %s', (_what, ending) => {
  beforeEach(async () => {
    await cli.backUp()
    writeFileSync(join(cli.source, 'sub', 'three'), 'three')
    await cli.backUp()
    flip(newestObject(ending), 100)
    writeFileSync(join(cli.source, 'sub', 'four'), 'four')
  })

  test('backups go on, and the next point is whole', async () => {
    expect(await cli.backUp()).toMatchObject({ point: { seq: 3, confirmed: true } })
    expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
    expect(await cli.backUp()).toMatchObject({ point: { seq: 4, confirmed: true } })
  })

  test('also from a home whose cache is gone', async () => {
    rmSync(join(cli.home, 'cache'), { recursive: true })
    expect(await cli.backUp()).toMatchObject({ point: { seq: 3, confirmed: true } })
    expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  })
})

describe('the newest point has gone from the vault', () => {
  const verify = async (status: number, ...more: readonly string[]) =>
    await cli.json<VerifyDocument>(['vault', 'verify', 'v', '--read-data', '100', ...more], status)

  beforeEach(async () => {
    await cli.backUp()
    writeFileSync(join(cli.source, 'sub', 'three'), 'three')
    await cli.backUp()
    expect((await verify(0)).damaged).toEqual([])
  })

  test('a lost confirmation is told, and healed', async () => {
    rmSync(newestObject('.ok'))
    const { damaged } = await verify(8)
    expect(damaged).toMatchObject([{ reason: expect.stringContaining('has seen the point confirmed') as string }])
    await verify(3, '--heal')
    expect(await cli.points()).toHaveLength(2)
    expect((await verify(0)).damaged).toEqual([])
  })

  test('a point that is gone as a whole is told, and put again from here', async () => {
    const manifest = newestObject('')
    for (const name of [manifest, `${manifest}.ok`]) rmSync(name)
    expect((await verify(8)).damaged).toHaveLength(1)
    await verify(3, '--heal')
    expect((await verify(0)).damaged).toEqual([])
    expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  })
})

describe('the key that is kept here', () => {
  const keyFile = (): string => {
    const folder = join(cli.home, 'secrets')
    const name = readdirSync(folder).find((each) => each.startsWith('master-key-'))
    if (name === undefined) throw new Error('no key')
    return join(folder, name)
  }
  const bare = () => writeFileSync(keyFile(), readFileSync(keyFile()).subarray(0, 32))
  /** As if nobody knew the right one. */
  const withoutPassphrase = async (work: () => Promise<unknown>): Promise<void> => {
    const { passphrase } = cli
    cli.passphrase = 'not the right one at all'
    await work()
    cli.passphrase = passphrase
  }

  test.each([
    ['rotten', () => flip(keyFile(), 7)],
    ['cut off', () => writeFileSync(keyFile(), 'short')],
  ])('%s: the passphrase is asked for, and the key kept anew', async (_what, spoil) => {
    await cli.backUp()
    spoil()
    await withoutPassphrase(async () => {
      expect((await cli.fails(['backup-now', 'docs'], 7)).code).toBe('vault.wrong-passphrase')
    })
    await cli.backUp()
    await withoutPassphrase(async () => await cli.backUp())
  })

  test('without a passphrase it is said to be damaged, not gone; where the vault is needed, that it must be there', async () => {
    await cli.backUp()
    const key = readFileSync(keyFile())
    const isUnasked = { env: { THARSIS_PASSPHRASE: '' } }
    flip(keyFile(), 7)
    for (const verb of [
      ['point', 'list', 'docs'],
      ['backup-now', 'docs'],
      ['vault', 'recovery-code', 'v', '--yes'],
    ]) {
      const { code, message, advice } = await cli.fails(verb, 7, isUnasked)
      expect([code, message]).toEqual([
        'vault.locked',
        'The key of vault "v" is stored on this machine, but it is damaged.',
      ])
      expect(advice).toMatch(/passphrase or the recovery code.*stored anew/)
    }
    renameSync(cli.vault, `${cli.vault}-away`)
    expect((await cli.fails(['point', 'list', 'docs'], 7)).advice).toContain('Make the vault reachable')
    renameSync(`${cli.vault}-away`, cli.vault)
    // A second vault gets the same key: from the first one.
    await cli.json(['vault', 'create', 'w', '--local', join(cli.folder, 'w')])
    expect(readFileSync(keyFile())).toEqual(key)
    rmSync(keyFile())
    expect((await cli.fails(['point', 'list', 'docs'], 7, isUnasked)).message).toContain(
      'is not stored on this machine',
    )
  })

  test('kept by an earlier build, and rotten: no other secret is made of it', async () => {
    await cli.backUp()
    bare()
    await withoutPassphrase(async () => await cli.backUp())
    flip(keyFile(), 7)
    await withoutPassphrase(async () => {
      expect((await cli.fails(['vault', 'recovery-code', 'v', '--yes'], 7)).code).toBe('vault.wrong-passphrase')
    })
    await cli.json(['vault', 'recovery-code', 'v', '--yes'])
    const changed = 'another good passphrase'
    await cli.json(['vault', 'set-passphrase', 'v'], 0, { env: { THARSIS_NEW_PASSPHRASE: changed } })
    const fresh = cli.secondHome('fresh')
    fresh.passphrase = changed
    await fresh.json(['vault', 'connect', 'v', '--local', cli.vault])
  })
})

test('a damaged key slot is put right by what the verification advises', async () => {
  using other = new CliHome()
  const { recoveryCode } = await other.setUp()
  for (const [kind, verb] of [
    ['passphrase', 'set-passphrase'],
    ['recovery-code', 'recovery-code'],
  ] as const) {
    const [slot] = globSync(`keyspaces/*/keys/*-${kind}`, { cwd: other.vault })
    flip(join(other.vault, slot as string), 60)
    for (const more of [[], ['--heal']]) {
      const { advice } = await other.json<VerifyDocument>(['vault', 'verify', 'v', ...more], 8)
      expect(advice).toEqual([expect.stringContaining(`"tharsis vault ${verb} v"`)])
    }
    const env = { THARSIS_PASSPHRASE: recoveryCode, THARSIS_NEW_PASSPHRASE: other.passphrase }
    await other.json(['vault', verb, 'v', '--yes'], 0, { env })
    expect(await other.json(['vault', 'verify', 'v'])).toMatchObject({ damaged: [], advice: [] })
  }
  const fresh = other.secondHome('fresh')
  await fresh.json(['vault', 'connect', 'v', '--local', other.vault])
})
