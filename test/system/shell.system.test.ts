/** The desktop shell in a real Electron on a virtual screen, with a real agent behind it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PageShell } from '../../agent-core/contract/shell.ts'
import { needs, needsThat } from '../support/needs.ts'
import { TestFolder } from '../support/test-home.ts'
import { findElectron } from './old-electron.ts'

const projectFolder = join(import.meta.dirname, '..', '..')
const electron = findElectron()
const canRun = electron === undefined ? needsThat(false, 'no Electron on this machine') : needs('Xvfb')

declare global {
  var tharsisShell: PageShell | undefined
  var location: { href: string }
  var open: (address: string) => unknown
}

describe('the desktop shell', canRun, () => {
  const folder = new TestFolder('shell-')
  const home = folder.at('home')
  let screen: ChildProcess
  let display = ''
  let app: ElectronApplication
  let page: Page

  const environment = () => ({
    ...process.env,
    DISPLAY: display,
    THARSIS_HOME: home,
    XDG_CONFIG_HOME: folder.at('config'),
    SHELL_MAIN: join(projectFolder, 'dist', 'shell', 'main.cjs'),
  })
  const launch = async () =>
    await _electron.launch({
      executablePath: electron as string,
      args: ['--no-sandbox', '--disable-gpu'],
      env: environment(),
    })
  const agentPid = () => (JSON.parse(readFileSync(join(home, 'agent', 'status.json'), 'utf8')) as { pid: number }).pid

  beforeAll(async () => {
    for (const script of ['build:renderer', 'build:shell']) {
      const { status } = spawnSync('npm', ['run', '--silent', script], { cwd: projectFolder, stdio: 'inherit' })
      expect(status, script).toBe(0)
    }
    screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x800x24'], { stdio: ['ignore', 'pipe', 'ignore'] })
    display = await new Promise((resolve) => {
      screen.stdout?.once('data', (number: Buffer) => resolve(`:${number.toString().trim()}`))
    })
    app = await launch()
    page = await app.firstWindow()
  }, 120_000)

  afterAll(async () => {
    await app.close()
    const tharsis = join(projectFolder, 'agent-core', 'cli', 'tharsis.mjs')
    spawnSync(process.execPath, [tharsis, 'agent', 'stop', '--home', home], { stdio: 'ignore' })
    screen.kill()
    folder[Symbol.dispose]()
  })

  test('shows the pages, with the agent that it has started', async () => {
    expect(page.url()).toMatch(/^tharsis:\/\/app\//)
    await page.getByText('Protect this computer').first().waitFor()
    expect(agentPid()).toBeGreaterThan(0)
  })

  test('a page has the shell and nothing of Node; it is in the sandbox', async () => {
    const seen = await page.evaluate(() => ({
      shell: Object.keys(globalThis.tharsisShell ?? {}).sort(),
      node: [typeof globalThis.require, typeof globalThis.process],
    }))
    expect(seen).toEqual({
      shell: ['connectAgent', 'opensAtLogin', 'pickFolders', 'reveal', 'saveText', 'setOpensAtLogin'],
      node: ['undefined', 'undefined'],
    })
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
        getLastWebPreferences(): { sandbox: boolean; contextIsolation: boolean; nodeIntegration: boolean }
      }
      const { sandbox, contextIsolation, nodeIntegration } = contents.getLastWebPreferences()
      return { sandbox, contextIsolation, nodeIntegration }
    })
    expect(preferences).toEqual({ sandbox: true, contextIsolation: true, nodeIntegration: false })
  })

  test('a page goes nowhere else, opens no window, and asks the shell for nothing that it does not do', async () => {
    const before = page.url()
    const opened = await page.evaluate(() => {
      globalThis.location.href = 'https://example.invalid/'
      return globalThis.open('https://example.invalid/') === null
    })
    expect(opened).toBe(true)
    expect(page.url()).toBe(before)
    const refused = await page.evaluate(async () => {
      const shell = globalThis.tharsisShell as unknown as { reveal(path: unknown): Promise<unknown> }
      return await shell.reveal({ path: '/etc' }).catch((error: Error) => error.message)
    })
    expect(refused).toContain('the shell does not do that')
    expect(await page.evaluate(async () => await globalThis.tharsisShell?.reveal('/nowhere'))).toBe(false)
  })

  test('the picker gives the folders that were chosen', async () => {
    await app.evaluate(({ dialog }) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: ['/one', '/two'] })
    })
    expect(await page.evaluate(async () => await globalThis.tharsisShell?.pickFolders('Choose'))).toEqual([
      '/one',
      '/two',
    ])
  })

  test('an agent that was killed is started again, and the page comes back', async () => {
    const before = agentPid()
    process.kill(before, 'SIGKILL')
    await expect.poll(agentPid, { timeout: 60_000 }).not.toBe(before)
    await page.getByText('Protect this computer').first().waitFor()
  })

  test('closing hides the window, a second start shows it, and the agent outlives the shell', async () => {
    const isVisible = async () =>
      await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible())
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())
    await expect.poll(isVisible).toBe(false)
    spawnSync(electron as string, ['--no-sandbox', '--disable-gpu'], {
      env: environment(),
      stdio: 'ignore',
      timeout: 30_000,
    })
    await expect.poll(isVisible, { timeout: 20_000 }).toBe(true)
    const pid = agentPid()
    await app.close()
    expect(() => process.kill(pid, 0)).not.toThrow()
    app = await launch()
    await app.firstWindow()
    expect(agentPid()).toBe(pid)
  })
})

// What the test above takes for granted of the package.
test('the version of Electron that is packaged is pinned', () => {
  const { version } = createRequire(import.meta.url)('electron/package.json') as { version: string }
  const { devDependencies } = createRequire(import.meta.url)('../../package.json') as {
    devDependencies: Record<string, string>
  }
  expect(devDependencies['electron']).toBe(version)
})
