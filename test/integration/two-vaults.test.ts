/** An item in two vaults, by the command line: one is away for three runs and comes back. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BackupDocument, ItemDocument, VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome
let other: string

beforeEach(() => {
  cli = new CliHome()
  other = join(cli.folder, 'other vault')
  mkdirSync(join(cli.source, 'sub'))
  for (let number = 0; number < 20; number++) {
    writeFileSync(join(cli.source, 'sub', `${number}`), `${number} `.repeat(50))
  }
})

afterEach(() => {
  cli[Symbol.dispose]()
})

test('one of two vaults is away for three runs, catches up, and alone restores every point', {
  timeout: 240_000,
}, async () => {
  await cli.json(['vault', 'create', 'a', '--local', cli.vault])
  await cli.json(['vault', 'create', 'b', '--local', other])
  await cli.json(['item', 'enable', 'docs', '--vault', 'a', '--vault', 'b', cli.source])
  expect(await cli.backUp()).toMatchObject({ point: { confirmed: true }, vaults: [{ name: 'a' }, { name: 'b' }] })
  const states = [snapshotTree(cli.source)]
  renameSync(other, `${other} away`)
  for (const name of ['second', 'third', 'fourth']) {
    writeFileSync(join(cli.source, name), randomBytes(5000))
    const waiting: BackupDocument = await cli.backUp(3)
    expect(waiting).toMatchObject({
      job: { state: 'waiting' },
      point: { confirmed: false },
      vaults: [
        { name: 'a', confirmed: true },
        { name: 'b', confirmed: false, failure: { code: 'vault.unreachable' } },
      ],
    })
    expect(waiting.failure).toBeUndefined()
    states.push(snapshotTree(cli.source))
  }
  expect((await cli.json<ItemDocument>(['item', 'show', 'docs'])).vaults).toMatchObject([
    { name: 'a', confirmed: { seq: 4 }, behind: { points: 0, bytes: 0 } },
    { name: 'b', confirmed: { seq: 1 }, behind: { points: 3 } },
  ])
  renameSync(`${other} away`, other)
  const said = await cli.run(['backup-now', 'docs'])
  expect(said.stdout).toContain('confirmed in "a", "b"')
  states.push(snapshotTree(cli.source))
  for (const vault of ['a', 'b']) {
    expect((await cli.json<VerifyDocument>(['vault', 'verify', vault, '--read-data', '100'])).damaged).toEqual([])
  }
  rmSync(cli.vault, { recursive: true })
  rmSync(join(cli.home, 'cache'), { recursive: true })
  const points = await cli.points()
  expect(points.map(({ seq, vaults }) => [seq, vaults])).toEqual([1, 2, 3, 4, 5].map((seq) => [seq, ['b']]))
  for (const [index, { id }] of points.entries()) expect(snapshotTree(await cli.restore(id))).toEqual(states[index])
})

test('a vault that is added to an item gets its next point; one that is taken away keeps its own', {
  timeout: 240_000,
}, async () => {
  await cli.setUp()
  await cli.backUp()
  await cli.json(['vault', 'create', 'b', '--local', other])
  expect(await cli.json<ItemDocument>(['item', 'change', 'docs', '--add-vault', 'b'])).toMatchObject({
    vaults: [{ name: 'v' }, { name: 'b' }],
  })
  expect(await cli.backUp()).toMatchObject({ point: { seq: 2, confirmed: true } })
  await cli.json(['item', 'change', 'docs', '--remove-vault', 'v'])
  rmSync(join(cli.home, 'cache'), { recursive: true })
  writeFileSync(join(cli.source, 'more'), 'more')
  expect(await cli.backUp()).toMatchObject({ point: { seq: 3, confirmed: true }, vaults: [{ name: 'b' }] })
  expect((await cli.points()).map(({ vaults }) => vaults)).toEqual([['b'], ['b'], ['b']])
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})
