/**
 * What stands against a job is told, and what only a person knows is asked for, before it begins: no job is left behind
 * that failed for that.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AgentApi } from '../../agent-core/api/agent-api.ts'
import type { JobDocument } from '../../agent-core/contract/index.ts'
import { connectToAgent } from '../../agent-core/transport/connect-agent.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome
let agent: AgentApi

const jobs = async (): Promise<string[]> =>
  (await cli.json<readonly JobDocument[]>(['job', 'list'])).map(({ kind, state }) => `${kind} ${state}`)
const forgetKeys = (): void => rmSync(join(cli.home, 'secrets'), { recursive: true })

beforeAll(async () => {
  cli = new CliHome()
  mkdirSync(join(cli.source, 'sub'))
  writeFileSync(join(cli.source, 'sub', 'letter'), 'Dear reader, '.repeat(1000))
  await cli.setUp()
  await cli.startAgent()
  const connected = await connectToAgent(cli.home, () => Promise.reject(new Error('nothing is done here')))
  if (connected === undefined) throw new Error('no agent answers')
  agent = connected
})

afterAll(async () => {
  await agent[Symbol.asyncDispose]()
  await cli.endAgent()
  cli[Symbol.dispose]()
})

test('a job that the pages start asks for the key that is missing, and is one job then', {
  timeout: 120_000,
}, async () => {
  forgetKeys()
  await expect(agent.startBackup('docs', { accept: false })).rejects.toMatchObject({ code: 'vault.locked' })
  await expect(agent.startBackup('nobody', { accept: false })).rejects.toMatchObject({ code: 'item.not-found' })
  expect(await jobs()).toEqual([])
  const asked: string[] = []
  agent.onPassphraseNeeded = async (vault) => {
    asked.push(vault)
    return cli.passphrase
  }
  await agent.startBackup('docs', { accept: false })
  await expect.poll(jobs, { timeout: 60_000 }).toEqual(['backup completed'])
  expect(asked).toEqual(['v'])
})

test('a passphrase that is wrong leaves no job; the next one does what was asked', { timeout: 120_000 }, async () => {
  forgetKeys()
  const wrong = { env: { THARSIS_PASSPHRASE: 'not this one, surely' } }
  expect((await cli.fails(['vault', 'verify', 'v'], 7, wrong)).code).toBe('vault.wrong-passphrase')
  await cli.json(['vault', 'verify', 'v'])
  expect(await jobs()).toEqual(['verify completed', 'backup completed'])
})

test('a clean-up without grace asks for the PIN before it is a job', { timeout: 120_000 }, async () => {
  const pin = { env: { THARSIS_PIN: '4711', THARSIS_NEW_PIN: '4711' } }
  await cli.json(['pin', 'set'], 0, pin)
  const prune = ['vault', 'prune', 'v', '--grace', '0', '--yes']
  expect((await cli.fails(prune, 5)).code).toBe('pin.needed')
  await cli.json(prune, 0, pin)
  await cli.json(['pin', 'remove'], 0, pin)
  expect(await jobs()).toEqual(['prune completed', 'verify completed', 'backup completed'])
})

test('the replica of a vault that is away unlocks it', { timeout: 120_000 }, async () => {
  await cli.json(['vault', 'set', 'v', '--replica-local', join(cli.folder, 'replica')])
  await cli.json(['vault', 'replicate', 'v'])
  renameSync(cli.vault, `${cli.vault}-away`)
  forgetKeys()
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  renameSync(`${cli.vault}-away`, cli.vault)
  expect((await jobs()).slice(0, 2)).toEqual(['restore completed', 'replicate completed'])
})

describe.each(['in its own process', 'through an agent'])('refused without a job, %s:', (way) => {
  test('a backup of a stopped item, so that its last one stays the good one', { timeout: 120_000 }, async () => {
    using other = new CliHome()
    writeFileSync(join(other.source, 'letter'), 'content')
    await other.setUp()
    if (way === 'through an agent') await other.startAgent()
    await other.backUp()
    await other.json(['item', 'stop', 'docs', '--retain-data'])
    expect((await other.fails(['backup-now', 'docs'], 5)).code).toBe('item.stopped')
    expect(await other.json(['job', 'list'])).toMatchObject([{ kind: 'backup', state: 'completed' }])
  })

  test('a restore of what is not there, and to where nothing is restored', { timeout: 120_000 }, async () => {
    using other = new CliHome()
    writeFileSync(join(other.source, 'letter'), 'content')
    await other.setUp()
    if (way === 'through an agent') await other.startAgent()
    await other.backUp()
    const refused = async (status: number, point: string, path: string, target: string) =>
      (await other.fails(['restore', 'files', 'docs', point, path, '--to', target], status)).code
    const target = join(other.folder, 'out')
    expect(await refused(4, 'ffff', 'letter', target)).toBe('point.not-found')
    expect(await refused(4, 'latest', 'leter', target)).toBe('point.path-not-found')
    expect(await refused(2, 'latest', 'letter', join(other.vault, 'out'))).toBe('restore.target')
    expect(await refused(2, 'latest', 'letter', join(other.home, 'out'))).toBe('restore.target')
    expect(await refused(2, 'latest', 'letter', join(other.source, 'letter'))).toBe('restore.target')
    expect(await other.json(['job', 'list'])).toMatchObject([{ kind: 'backup', state: 'completed' }])
    // What ails the vault is no slip of the hand: it stays to be seen among the jobs.
    renameSync(other.vault, `${other.vault}-away`)
    rmSync(join(other.home, 'cache', 'chunks'), { recursive: true })
    await other.fails(['restore', 'files', 'docs', 'latest', '--to', target], 6)
    expect(await other.json(['job', 'list'])).toMatchObject([{ kind: 'restore', state: 'failed' }, { kind: 'backup' }])
  })
})
