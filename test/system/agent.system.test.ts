/** The agent where other users and other clocks are: what needs root, and faketime. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CliHome } from '../support/cli-home.ts'

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
