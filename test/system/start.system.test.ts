/** `npm start` where there is no display: the agent with its pages, at an address that is printed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { CliHome } from '../support/cli-home.ts'

const projectFolder = join(import.meta.dirname, '..', '..')
const cli = new CliHome()
let started: ChildProcess | undefined

afterAll(() => {
  started?.kill('SIGKILL')
  cli[Symbol.dispose]()
})

/** Starts it without a display; resolves with all that it printed, once it has told an address. */
async function start(...given: readonly string[]): Promise<string> {
  const {
    DISPLAY: _x11,
    WAYLAND_DISPLAY: _wayland,
    VITEST: _vitest,
    // Not the tests' own: React would be built for development.
    NODE_ENV: _mode,
    ...env
  } = process.env
  started = spawn(process.execPath, [join('build', 'start.ts'), ...given], {
    cwd: projectFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, THARSIS_HOME: cli.home, DBUS_SESSION_BUS_ADDRESS: 'disabled:' },
  })
  const told = Promise.withResolvers<string>()
  let said = ''
  for (const stream of [started.stdout, started.stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.includes('/login?token=')) told.resolve(said)
    })
  }
  started.once('exit', () => told.reject(new Error(`it ended: ${said}`)))
  return await told.promise
}

test('without a display it says so, runs the agent and prints an address that shows the pages', async () => {
  const said = await start('--port', '0')
  expect(said).toContain('No display: Tharsis runs for a browser.')
  const address = /http:\/\/127\.0\.0\.1:\d+\/login\?token=\S+/.exec(said)?.[0] ?? ''
  const login = await fetch(address, { redirect: 'manual' })
  const [cookie = ''] = (login.headers.get('set-cookie') ?? '').split(';')
  const page = await fetch(new URL('/', address), { headers: { cookie } })
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<div id="app">')])
  expect(await cli.json(['agent', 'status'])).toMatchObject({ running: true })
})

test('ended, it ends the agent that it has started', async () => {
  const ended = once(started as ChildProcess, 'exit')
  started?.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  expect(await cli.json(['agent', 'status'], 4)).toMatchObject({ running: false })
})
