/** The desktop shell in a real Electron on a virtual screen, with a real agent behind it. The tests are one story. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JobDocument } from '../../agent-core/contract/index.ts'
import { shellMethods } from '../../agent-core/contract/shell.ts'
import { CliHome } from '../support/cli-home.ts'
import { DesktopShell, killAgentsOf, type ShellStart, VirtualScreen } from '../support/desktop-shell.ts'
import { needs, needsThat } from '../support/needs.ts'
import { TrayWatch } from '../support/tray-watch.ts'
import { findElectron } from './old-electron.ts'

const projectFolder = join(import.meta.dirname, '..', '..')
const picturesFolder = join(projectFolder, '.tmp', 'screens')
const electron = findElectron()
const canRun = 'missing' in electron ? needsThat(false, electron.missing) : needs('Xvfb')
/** A machine with other work takes its time. */
const soon = { timeout: 120_000, interval: 100 }

describe('the desktop shell', canRun, () => {
  let cli: CliHome
  let screen: VirtualScreen
  let start: ShellStart
  let shell: DesktopShell

  const agentPid = (): number =>
    (JSON.parse(readFileSync(join(cli.home, 'agent', 'status.json'), 'utf8')) as { pid: number }).pid
  const isVisible = async () =>
    await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible())
  /** Evaluates in the page. */
  const inPage = async <Value>(expression: string) => await shell.page.evaluate<Value>(expression)
  // Playwright's own waits and its address of the page take a navigation that was denied for one that goes on.
  const shownPage = async () => await inPage<string>('location.hash')
  const shownText = async () => await inPage<string>('document.body.innerText')

  beforeAll(async () => {
    for (const script of ['build:agent', 'build:renderer', 'build:shell']) {
      const { status } = spawnSync('npm', ['run', '--silent', script], { cwd: projectFolder, timeout: 100_000 })
      expect(status, script).toBe(0)
    }
    mkdirSync(picturesFolder, { recursive: true })
    cli = new CliHome()
    screen = await VirtualScreen.open()
    const env = { DISPLAY: screen.display, THARSIS_HOME: cli.home, XDG_CONFIG_HOME: join(cli.folder, 'config') }
    start = { electron: 'path' in electron ? electron.path : '', env }
    shell = await DesktopShell.start(start)
  }, 240_000)

  afterAll(() => {
    shell?.kill()
    screen?.[Symbol.dispose]()
    if (cli === undefined) return
    killAgentsOf(cli.home)
    cli[Symbol.dispose]()
  })

  test('shows the pages, with the agent that it has started', async () => {
    expect(shell.page.url()).toMatch(/^tharsis:\/\/app\//)
    await expect.poll(shownText, soon).toContain('Protect this computer')
    expect(agentPid()).toBeGreaterThan(0)
    const status = await cli.json<{ running: boolean; pid: number }>(['agent', 'status'])
    expect(status).toMatchObject({ running: true, pid: agentPid() })
    await shell.page.screenshot({ path: join(picturesFolder, 'shell-first-run.png') })
  })

  test('a page has the named functions of the shell and nothing of Node; it is in the sandbox', async () => {
    expect(await inPage('Object.keys(tharsisShell).sort()')).toEqual([...shellMethods, 'connectAgent'].sort())
    expect(await inPage('Object.values(tharsisShell).map((each) => typeof each)')).toEqual(
      Array.from({ length: shellMethods.length + 1 }, () => 'function'),
    )
    const ofNode = ['require', 'process', 'module', 'Buffer', 'global', 'electron', 'ipcRenderer']
    expect(await inPage(`${JSON.stringify(ofNode)}.filter((name) => name in globalThis)`)).toEqual([])
    const preferences = await shell.app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>
      }
      const { sandbox, contextIsolation, nodeIntegration, webSecurity } = contents.getLastWebPreferences()
      return { sandbox, contextIsolation, nodeIntegration, webSecurity }
    })
    expect(preferences).toEqual({ sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true })
  })

  test('a page goes nowhere else, opens no window and gets no permission', async () => {
    const before = await inPage('location.href')
    expect(await inPage("open('https://example.invalid/') === null")).toBe(true)
    for (const elsewhere of ['https://example.invalid/', 'file:///etc/passwd']) {
      await inPage(`void (location.href = ${JSON.stringify(elsewhere)})`)
    }
    expect(await inPage('Notification.requestPermission()')).toBe('denied')
    expect(await inPage("navigator.permissions.query({ name: 'geolocation' }).then(({ state }) => state)")).toBe(
      'denied',
    )
    expect(
      await inPage('navigator.mediaDevices.getUserMedia({ audio: true }).then(() => "given", ({ name }) => name)'),
    ).toMatch(/^Not(Allowed|Found)Error$/)
    expect(await inPage('location.href')).toBe(before)
    const windows = await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)
    expect(windows).toBe(1)
  })

  test('the content policy lets a page neither fetch from elsewhere nor run what is not of the app', async () => {
    expect(await inPage("fetch('https://example.invalid/').then(() => 'fetched', () => 'refused')")).toBe('refused')
    const ran = `new Promise((resolve) => {
      globalThis.injected = false
      const script = document.createElement('script')
      script.textContent = 'globalThis.injected = true'
      document.body.append(script)
      setTimeout(() => resolve(globalThis.injected), 0)
    })`
    expect(await inPage(ran)).toBe(false)
  })

  test('the shell does what it knows, for its own pages', async () => {
    const refusal = async (call: string) => await inPage<string>(`${call}.then(() => 'done', ({ message }) => message)`)
    expect(await refusal("tharsisShell.reveal({ path: '/etc' })")).toContain('the shell does not do that')
    expect(await refusal('tharsisShell.setOpensAtLogin("yes")')).toContain('the shell does not do that')
    expect(await inPage("tharsisShell.reveal('/nowhere')")).toBe(false)
    const opensAfter = async (opens: boolean) =>
      await inPage(`tharsisShell.setOpensAtLogin(${opens}).then(() => tharsisShell.opensAtLogin())`)
    expect(await opensAfter(true)).toBe(true)
    expect(await opensAfter(false)).toBe(false)
    const asked = await shell.app.evaluate(
      async ({ BrowserWindow }, preload) => {
        const foreign = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } })
        try {
          await foreign.loadURL('data:text/html,foreign')
          const call = "tharsisShell.reveal('/etc').then(() => 'done', ({ message }) => message)"
          return (await foreign.webContents.executeJavaScript(call)) as string
        } finally {
          foreign.destroy()
        }
      },
      join(projectFolder, 'dist', 'shell', 'preload.cjs'),
    )
    expect(asked).toContain('not a page of this app')
  })

  test('the picker gives the folders that were chosen, and none when it was left', async () => {
    const answer = async (canceled: boolean) =>
      await shell.app.evaluate(({ dialog }, isCancelled) => {
        dialog.showOpenDialog = () => Promise.resolve({ canceled: isCancelled, filePaths: ['/one', '/two'] })
      }, canceled)
    await answer(false)
    expect(await inPage("tharsisShell.pickFolders('Choose')")).toEqual(['/one', '/two'])
    await answer(true)
    expect(await inPage("tharsisShell.pickFolders('Choose')")).toEqual([])
  })

  test('the tray tells how things are, backs up, pauses and opens pages', async () => {
    const tray = await TrayWatch.begin(shell.app)
    const labels = async () => (await tray.entries()).map(({ label }) => label)
    writeFileSync(join(cli.source, 'letter.txt'), 'content')
    await cli.setUp()
    await expect.poll(labels, soon).toContain('docs was never backed up')
    expect(await labels()).toEqual([
      'docs was never backed up',
      'Back up now',
      'Pause',
      ...(await labels()).filter((label) => label.startsWith('Next: ')),
      'Restore files…',
      'Open Tharsis',
      'Settings',
      'Quit',
    ])

    await tray.press('Back up now', 'docs')
    await expect.poll(async () => (await labels())[0], soon).toMatch(/^Last good backup/)
    const [job] = await cli.json<readonly JobDocument[]>(['job', 'list', '--kind', 'backup'])
    expect(job).toMatchObject({ item: 'docs', state: 'completed', trigger: 'person' })
    expect(await cli.points()).toHaveLength(1)

    await tray.press('Pause', 'For 4 hours')
    await expect.poll(labels, soon).toContain('Resume')
    expect((await labels())[0]).toMatch(/^Schedules are paused until/)
    await tray.press('Resume')
    await expect.poll(labels, soon).toContain('Pause')

    for (const [label, page] of [
      ['Settings', '#/settings'],
      ['Restore files…', '#/restore'],
      ['Open Tharsis', '#/'],
    ] as const) {
      await tray.press(label)
      await expect.poll(shownPage, soon).toBe(page)
    }
    await expect.poll(shownText, soon).toContain('docs')
    await shell.page.screenshot({ path: join(picturesFolder, 'shell-overview.png') })
  })

  test('an agent that was killed is shown gone, started again, and the page comes back', async () => {
    const tray = await TrayWatch.begin(shell.app)
    const before = agentPid()
    process.kill(before, 'SIGKILL')
    await expect.poll(shownText, soon).toContain('The agent does not answer')
    await expect.poll(agentPid, soon).not.toBe(before)
    await expect.poll(async () => (await tray.statuses()).at(-1), soon).toMatch(/^Last good backup/)
    expect(await tray.statuses()).toContain('The backup agent does not run')
    await expect.poll(shownText, soon).not.toContain('The agent does not answer')
    await expect.poll(shownText, soon).toContain('docs')
  })

  test('closing hides the window, and a second start shows that of the first', async () => {
    await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())
    await expect.poll(isVisible, soon).toBe(false)
    expect(await DesktopShell.startAgain(start)).toBe(0)
    await expect.poll(isVisible, soon).toBe(true)
    const windows = await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)
    expect(windows).toBe(1)
  })

  test('the window comes back where it was, and the agent outlives the shell', async () => {
    const bounds = { x: 120, y: 64, width: 903, height: 611 }
    const boundsNow = async () =>
      await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds())
    await shell.app.evaluate(({ BrowserWindow }, wanted) => {
      BrowserWindow.getAllWindows()[0]?.setBounds(wanted)
    }, bounds)
    await expect.poll(boundsNow, soon).toEqual(bounds)
    const pid = agentPid()
    expect(await shell.quit()).toBe(0)
    expect(() => process.kill(pid, 0)).not.toThrow()
    shell = await DesktopShell.start(start)
    await expect.poll(boundsNow, soon).toEqual(bounds)
    await expect.poll(shownText, soon).toContain('docs')
    expect(agentPid()).toBe(pid)
  })

  test('Quit in the tray ends the shell and leaves the agent', async () => {
    const tray = await TrayWatch.begin(shell.app)
    const pid = agentPid()
    await cli.json(['pause', '4h'])
    await expect.poll(async () => (await tray.entries()).map(({ label }) => label), soon).toContain('Quit')
    // The program goes away under the press.
    void tray.press('Quit').catch(() => undefined)
    expect(await shell.ended()).toBe(0)
    const status = await cli.json<{ running: boolean; pid: number }>(['agent', 'status'])
    expect(status).toMatchObject({ running: true, pid })
  })
})

// What the tests above take for granted of the package.
test('the version of Electron that is packaged is pinned', () => {
  const require = createRequire(import.meta.url)
  const { version } = require('electron/package.json') as { version: string }
  const { devDependencies } = require('../../package.json') as { devDependencies: Record<string, string> }
  expect(devDependencies['electron']).toBe(version)
})
