/**
 * `npm start [-- --web [--port N]]`: Tharsis as a person uses it.
 *
 *   1. builds agent, pages and shell, which takes seconds
 *   2. the desktop app where an Electron and a display are there; the agent is started by it
 *   3. else, and with --web, the agent with its page for a browser on this machine; the address is printed
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const projectFolder = join(import.meta.dirname, '..')
const { values } = parseArgs({ options: { web: { type: 'boolean', default: false }, port: { type: 'string' } } })

for (const script of ['build:agent', 'build:renderer', 'build:shell']) build(script)
const electron = values.web ? undefined : findElectron()
if (electron === undefined) runForBrowser()
else runDesktop(electron)

function build(script: string): void {
  const run = spawnSync('npm', ['run', '--silent', script], {
    cwd: projectFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (run.status !== 0) process.exit(run.status ?? 1)
}

/** Electron's executable; undefined, with the reason printed, where it cannot run. */
function findElectron(): string | undefined {
  const needsDisplay = process.platform === 'linux'
  if (needsDisplay && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) {
    console.log('No display: Tharsis runs for a browser.')
    return undefined
  }
  const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'))
  const overriding = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' } as Record<string, string>
  const path = join(overriding ?? join(folder, 'dist'), names[process.platform] ?? 'electron')
  if (existsSync(path)) return path
  if (overriding !== undefined) {
    console.log(`There is no Electron at ${path}: Tharsis runs for a browser.`)
    return undefined
  }
  // Its package brings the binary when it is asked for it.
  const installed = spawnSync(process.execPath, [join(folder, 'install.js')], { stdio: 'ignore', timeout: 120_000 })
  if (installed.status === 0 && existsSync(path)) return path
  console.log('Electron could not be fetched: Tharsis runs for a browser.')
  return undefined
}

function runDesktop(electron: string): void {
  const child = spawn(electron, [projectFolder], { stdio: 'inherit' })
  child.on('exit', (status) => {
    process.exitCode = status ?? 1
  })
}

function runForBrowser(): void {
  const tharsis = join(projectFolder, 'dist', 'agent-core', 'tharsis.mjs')
  const port = values.port === undefined ? [] : ['--port', values.port]
  const child = spawn(process.execPath, [tharsis, 'agent', 'run', '--web', ...port], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  child.on('exit', (status) => {
    process.exitCode = status ?? 1
  })
}
