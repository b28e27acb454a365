/**
 * The desktop shell on a virtual screen, driven by Playwright. Nothing here waits for ever: each wait has a deadline, and
 * what did not end by itself is killed by its process id.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { _electron, type ElectronApplication, type Page } from 'playwright'

const projectFolder = join(import.meta.dirname, '..', '..')
const oldPage = join(import.meta.dirname, 'fixtures', 'old-page.js')
/** Seconds would do; a machine with other work takes its time. */
const slowMs = 100_000
const flags = ['--no-sandbox', '--disable-gpu']

/** As `promise`; rejects after `ms`, and says what did not come. */
async function within<Value>(ms: number, what: string, promise: Promise<Value>): Promise<Value> {
  const over = new AbortController()
  const late = setTimeout(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${what}: not within ${ms} ms`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    over.abort()
    await late.catch(() => undefined)
  }
}

/** A screen without a monitor. */
export class VirtualScreen implements Disposable {
  readonly #server: ChildProcess
  display = ''

  private constructor(server: ChildProcess) {
    this.#server = server
  }

  static async open(): Promise<VirtualScreen> {
    const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x800x24'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const screen = new VirtualScreen(server)
    try {
      const [number] = (await within(slowMs, 'a screen', once(server.stdout, 'data'))) as [Buffer]
      screen.display = `:${number.toString().trim()}`
      return screen
    } catch (error) {
      screen[Symbol.dispose]()
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.#server.kill()
  }
}

export interface ShellStart {
  readonly electron: string
  readonly env: Readonly<Record<string, string>>
}

/** A running shell with its window. */
export class DesktopShell {
  readonly app: ElectronApplication
  readonly page: Page
  readonly #process: ChildProcess
  readonly #exit: Promise<number | null>

  private constructor(app: ElectronApplication, page: Page) {
    this.app = app
    this.page = page
    this.#process = app.process()
    this.#exit = once(this.#process, 'exit').then(([status]) => status as number | null)
  }

  static async start({ electron, env }: ShellStart): Promise<DesktopShell> {
    const app = await _electron.launch({
      executablePath: electron,
      args: [...flags, projectFolder],
      env: environment(env),
      timeout: slowMs,
    })
    try {
      app.context().setDefaultTimeout(slowMs)
      const page = await app.firstWindow({ timeout: slowMs })
      await app.context().addInitScript({ path: oldPage })
      await page.reload()
      return new DesktopShell(app, page)
    } catch (error) {
      killGroup(app.process().pid)
      throw error
    }
  }

  /** Starts the program once more, as a person does who cannot see its window; resolves with its exit status. */
  static async startAgain({ electron, env }: ShellStart): Promise<number | null> {
    const child = spawn(electron, [...flags, projectFolder], {
      env: environment(env),
      stdio: 'ignore',
      detached: true,
    })
    try {
      const [status] = (await within(slowMs, 'the end of the second start', once(child, 'exit'))) as [number | null]
      return status
    } finally {
      killGroup(child.pid)
    }
  }

  /** Resolves with the exit status once the shell has ended, which something else must have asked for. */
  async ended(): Promise<number | null> {
    return await within(slowMs, 'the end of the shell', this.#exit)
  }

  async quit(): Promise<number | null> {
    // Its answer may be lost with the process.
    void this.app.close().catch(() => undefined)
    return await this.ended()
  }

  /** Ends it and what it has left of itself, whatever state it is in. */
  kill(): void {
    killGroup(this.#process.pid)
  }
}

function environment(more: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(THARSIS_|VITEST|NODE_OPTIONS|ELECTRON_)/.test(entry[0]),
  )
  return { ...Object.fromEntries(inherited), DBUS_SESSION_BUS_ADDRESS: 'disabled:', ...more }
}

/** Kills the agents of a home folder, also one that a shell has started just now and that answers nobody yet. */
export function killAgentsOf(home: string): void {
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      if (words.includes('run') && words.includes(home)) process.kill(Number(name), 'SIGKILL')
    } catch {
      // It has ended since the folder was read.
    }
  }
}

/** A process that leads a group of its own, with all of the group. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
