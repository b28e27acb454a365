/** Holds, trash, stopped items and the PIN through the command line, as a person meets them. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ItemDocument, PinDocument, PointDocument, StoppedDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome

beforeEach(async () => {
  cli = new CliHome()
  mkdirSync(join(cli.source, 'sub'))
  writeFileSync(join(cli.source, 'sub', 'file'), 'content')
  await cli.setUp()
})

afterEach(() => {
  cli[Symbol.dispose]()
})

test('a point goes to the trash and comes back; without a PIN it takes --yes', { timeout: 60_000 }, async () => {
  const first = (await cli.backUp()).point?.id as string
  writeFileSync(join(cli.source, 'more'), 'later')
  const second = (await cli.backUp()).point?.id as string
  const before = snapshotTree(cli.source)
  expect((await cli.fails(['point', 'delete', 'docs', 'latest'], 2)).code).toBe('usage.interactive-needed')
  const deleted = await cli.json<PointDocument>(['point', 'delete', 'docs', 'latest', '--yes', '--reason', 'test'])
  expect(deleted).toMatchObject({ id: second, deleted: { reason: 'test' } })
  expect((await cli.points()).map(({ id }) => id)).toEqual([first])
  const all = await cli.json<readonly PointDocument[]>(['point', 'list', 'docs', '--deleted'])
  expect(all.map((point) => point.deleted === null)).toEqual([true, false])
  const table = await cli.run(['point', 'list', 'docs', '--deleted'])
  expect(table.stdout).toMatch(/in the trash until \d{4}-\d\d-\d\d/)
  expect((await cli.run(['point', 'list', 'docs'])).stderr).toContain('1 point in the trash')
  expect(snapshotTree(await cli.restore(second.slice(0, 8)))).toEqual(before)
  await cli.json(['point', 'undelete', 'docs', second])
  expect(snapshotTree(await cli.restore('latest'))).toEqual(before)
})

test('an item is stopped, refused and resumed; a second home sees it', { timeout: 60_000 }, async () => {
  await cli.backUp()
  expect((await cli.fails(['item', 'stop', 'docs'], 2)).message).toContain('what becomes of the points')
  await cli.json(['item', 'stop', 'docs', '--retain-data', '--reason', 'moved'])
  const refused = await cli.fails(['backup-now', 'docs'], 5)
  expect(refused).toMatchObject({ code: 'item.stopped', advice: 'Go on with "tharsis item resume docs".' })
  const second = cli.secondHome()
  await second.json(['vault', 'connect', 'mine', '--local', cli.vault])
  const [shown] = await second.json<readonly ItemDocument[]>(['item', 'list'])
  expect(shown?.stopped).toMatchObject({ data: 'retained', reason: 'moved' })
  const stopped = await cli.json<StoppedDocument>(['item', 'stop', 'docs', '--delete-data', '--yes'])
  expect(stopped).toMatchObject({ points: 1, stopped: { data: 'deleted' } })
  expect(await cli.points()).toEqual([])
  await cli.json(['item', 'undelete', 'docs'])
  await cli.json(['item', 'resume', 'docs'])
  await cli.backUp()
  expect(await cli.points()).toHaveLength(2)
})

test('the PIN is asked for, by environment and file, and stands nowhere', { timeout: 60_000 }, async () => {
  await cli.backUp()
  const pin = 'a phrase that is a PIN'
  await cli.json(['pin', 'set'], 0, { env: { THARSIS_NEW_PIN: pin } })
  expect((await cli.fails(['point', 'delete', 'docs', 'latest', '--yes'], 5)).code).toBe('pin.needed')
  const wrong = { env: { THARSIS_PIN: '0000' } }
  expect((await cli.fails(['point', 'delete', 'docs', 'latest'], 5, wrong)).code).toBe('pin.wrong')
  const file = join(cli.folder, 'pin')
  writeFileSync(file, `${pin}\n`)
  chmodSync(file, 0o600)
  await cli.json(['point', 'delete', 'docs', 'latest', '--pin-file', file])
  expect((await cli.json<PinDocument>(['pin', 'show'])).unlockedSeconds).toBeGreaterThan(200)
  // It was right a moment ago: now it is not asked for, nor is a yes; one that is given is checked all the same.
  expect((await cli.fails(['item', 'stop', 'docs', '--delete-data'], 5, wrong)).code).toBe('pin.wrong')
  await cli.json(['item', 'stop', 'docs', '--delete-data'])
  expect((await cli.fails(['pin', 'remove'], 5)).code).toBe('pin.needed')
  for (const name of readdirSync(cli.home)) {
    const path = join(cli.home, name)
    if (name.startsWith('state.db') || name.endsWith('.log')) expect(readFileSync(path, 'latin1')).not.toContain(pin)
  }
  await cli.json(['pin', 'remove', '--pin-file', file])
  expect(await cli.json(['pin', 'show'])).toEqual({ set: false, unlockedSeconds: 0, waitSeconds: 0 })
})
