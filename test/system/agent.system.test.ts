/** The agent where other users and other clocks are: what needs root, and faketime. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StatusFile } from '../../agent-core/contract/documents/overview.ts'
import type { JobDocument } from '../../agent-core/contract/index.ts'
import { CliHome } from '../support/cli-home.ts'
import { needs } from '../support/needs.ts'

const otherUid = 65_534

let cli: CliHome

beforeEach(() => {
  cli = new CliHome()
})

afterEach(() => {
  cli[Symbol.dispose]()
})

/** Runs a program of Node as another user of this machine; returns what it printed. */
function asOther(program: string): string {
  return execFileSync(process.execPath, ['-e', program], { uid: otherUid, gid: otherUid, encoding: 'utf8' }).trim()
}

const connecting = (socket: string): string => `
  const socket = require('node:net').connect(${JSON.stringify(socket)})
  socket.on('connect', () => { console.log('connected'); socket.destroy() })
  socket.on('error', (error) => console.log(error.code))`

test('another user of the machine reaches neither socket nor token, also where the home folder is open to all', async () => {
  chmodSync(cli.folder, 0o755)
  mkdirSync(cli.home, { mode: 0o755 })
  await cli.startAgent()
  chmodSync(cli.home, 0o755)
  const agent = join(cli.home, 'agent')
  expect(asOther(connecting(join(agent, 'socket')))).toBe('EACCES')
  expect(
    asOther(
      `try { require('node:fs').readFileSync(${JSON.stringify(join(agent, 'token'))}) } catch (error) { console.log(error.code) }`,
    ),
  ).toBe('EACCES')
  expect(
    asOther(
      `try { require('node:fs').readdirSync(${JSON.stringify(agent)}) } catch (error) { console.log(error.code) }`,
    ),
  ).toBe('EACCES')
  // It is the folder that keeps them out: root, whom no mode stops, connects.
  expect(execFileSync(process.execPath, ['-e', connecting(join(agent, 'socket'))], { encoding: 'utf8' }).trim()).toBe(
    'connected',
  )
  expect((await cli.run(['agent', 'status', '--output', 'json'])).status).toBe(0)
})

test('the files of the agent are private whatever the umask of who starts it', async () => {
  await cli.startAgent(['--web', '--port', '0'])
  const listing = spawnSync('find', [join(cli.home, 'agent'), '-printf', '%m %f\n'], { encoding: 'utf8' }).stdout
  const modes = listing.trim().split('\n')
  expect(modes.length).toBeGreaterThan(4)
  for (const mode of modes) expect(mode).toMatch(/^[67]00 /)
  expect(existsSync(join(cli.home, 'agent', 'web-key'))).toBe(true)
  expect(readFileSync(join(cli.home, 'agent', 'token'), 'utf8').trim()).toMatch(/^[\w-]{43}$/)
})

describe('a week in a minute and a half', needs('faketime'), () => {
  test('each run of a schedule comes once, over the end of summer time', async () => {
    writeFileSync(join(cli.source, 'file'), 'content')
    await cli.json(['vault', 'create', 'v', '--local', cli.vault])
    await cli.json(['policy', 'create', 'twice', '--daily', '02:30,14:00', '--time-zone', 'Europe/Berlin'])
    await cli.json(['item', 'enable', 'docs', '--vault', 'v', '--policy', 'twice', cli.source])
    await cli.startAgent([], { under: ['faketime', '-f', '@2026-10-22 06:00:00 x6000'], env: { TZ: 'UTC' } })
    const begunMs = Date.parse('2026-10-22T06:00:00Z')
    const endMs = begunMs + 7 * 86_400_000
    // Its sockets time out within milliseconds at this speed: what it writes tells how far it is.
    const isOver = (): boolean => {
      const { items } = JSON.parse(readFileSync(join(cli.home, 'agent', 'status.json'), 'utf8')) as StatusFile
      return Date.parse(items[0]?.nextRunAt ?? '') >= endMs
    }
    await expect.poll(isOver, { timeout: 240_000, interval: 1000 }).toBe(true)
    await cli.endAgent('SIGKILL')
    const jobs = await cli.json<readonly JobDocument[]>(['job', 'list', '--kind', 'backup', '--limit', '1000'])
    // 02:30 comes twice on the 25th; from then on Berlin is one hour from UTC, before that two.
    const wanted = ['22 12:00', '23 00:30', '23 12:00', '24 00:30', '24 12:00', '25 00:30', '25 13:00', '26 01:30']
    wanted.push('26 13:00', '27 01:30', '27 13:00', '28 01:30', '28 13:00', '29 01:30')
    const wantedMs = wanted
      .map((time) => Date.parse(`2026-10-${time.replace(' ', 'T')}:00Z`))
      .filter((ms) => ms < endMs)
    const foundMs = jobs
      .map(({ queuedAt }) => Date.parse(queuedAt))
      .filter((ms) => ms < endMs)
      .toReversed()
    // A job may come late on a busy machine, never before its time and never after the next run.
    const runOf = (ms: number): number => wantedMs.findLastIndex((wantedAt) => wantedAt <= ms)
    expect(foundMs.map(runOf)).toEqual(wantedMs.map((_, at) => at))
    expect(jobs.filter(({ state }) => state === 'failed' || state === 'skipped')).toEqual([])
  })
})
