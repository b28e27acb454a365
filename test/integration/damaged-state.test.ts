/** A home folder whose state.db has rotted: every verb says so, and what it advises brings all back but settings. */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliHome } from '../support/cli-home.ts'

test('is told by every verb, and the home goes on as its machine from the vault', { timeout: 120_000 }, async () => {
  using cli = new CliHome()
  writeFileSync(join(cli.source, 'file'), 'content')
  await cli.setUp()
  await cli.backUp()
  const away = `${cli.vault}-away`
  renameSync(cli.vault, away)
  writeFileSync(join(cli.source, 'later'), 'waits for the vault')
  await cli.backUp(6)
  renameSync(away, cli.vault)

  const path = join(cli.home, 'state.db')
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 2 * 4096)
  writeFileSync(path, bytes)
  for (const verb of [
    ['vault', 'list'],
    ['point', 'list', 'docs'],
    ['backup-now', 'docs'],
    ['doctor'],
    ['settings', 'get'],
  ]) {
    const { code, advice } = await cli.fails(verb, 1)
    expect([verb, code]).toEqual([verb, 'home.damaged'])
    expect(advice).toContain('--take-over MACHINE')
  }

  for (const name of readdirSync(cli.home).filter((each) => each.startsWith('state.db'))) {
    renameSync(join(cli.home, name), join(cli.folder, name))
  }
  const connect = ['vault', 'connect', 'v', '--local', cli.vault]
  const { machine } = await cli.json<{ machine: string }>(connect)
  expect(await cli.json([...connect, '--take-over', machine])).toMatchObject({ access: 'owner', items: ['docs'] })
  expect(await cli.json(['point', 'list', 'docs'])).toMatchObject([
    { tiers: ['instant', 'vault'] },
    { tiers: ['instant'] },
  ])
  await cli.backUp()
  const points = await cli.json<{ tiers: readonly string[] }[]>(['point', 'list', 'docs'])
  expect(points.map(({ tiers }) => tiers.includes('vault'))).toEqual([true, true, true])
  expect(await cli.json(['vault', 'verify', 'v', '--read-data', '100'])).toMatchObject({ damaged: [] })
})
