/** Runs the command line as a person would: a process of its own for each command, shown before it runs. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

const commandLine = join(import.meta.dirname, '..', '..', 'agent-core', 'cli', 'tharsis.mjs')

export interface Answer {
  readonly output: string
  readonly tookMs: number
}

/** What is read of the document of `backup-now`; see docs/cli.md. */
export interface BackupAnswer {
  readonly point: { readonly id: string; readonly seq: number; readonly confirmed: boolean } | null
  readonly files: { readonly seen: number; readonly read: number; readonly changed: number; readonly deleted: number }
  readonly bytes: { readonly total: number; readonly read: number; readonly new: number; readonly stored: number }
  readonly transferred: number
}

export class TharsisCommands {
  /** Only for the vault of this demo. */
  readonly passphrase = randomBytes(18).toString('base64url')
  readonly #workFolder: string
  readonly #signal: AbortSignal
  readonly #say: (line: string) => void

  constructor(workFolder: string, signal: AbortSignal, say: (line: string) => void) {
    this.#workFolder = workFolder
    this.#signal = signal
    this.#say = say
  }

  /** Runs one command in the demo's folder and answers its standard output. Throws when it does not exit with 0. */
  async run(...argv: readonly string[]): Promise<Answer> {
    this.#signal.throwIfAborted()
    this.#say(`   $ tharsis ${argv.map(quoted).join(' ')}`)
    const startedMs = performance.now()
    const child = spawn(process.execPath, [commandLine, ...argv], {
      cwd: this.#workFolder,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', process.stderr.isTTY ? 'inherit' : 'pipe'],
    })
    const onAbort = () => child.kill('SIGTERM')
    this.#signal.addEventListener('abort', onAbort, { once: true })
    const ended = new Promise<string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, signal) => resolve(signal ?? `status ${status}`))
    })
    try {
      const errors = textOf(child.stderr)
      const output = textOf(child.stdout)
      const end = await ended
      this.#signal.throwIfAborted()
      if (end !== 'status 0') {
        throw new Error(`"tharsis ${argv.join(' ')}" ended with ${end}.\n${await errors}${await output}`)
      }
      return { output: await output, tookMs: performance.now() - startedMs }
    } finally {
      this.#signal.removeEventListener('abort', onAbort)
    }
  }

  /** Backs up and answers what that took. */
  async backup(item: string): Promise<BackupAnswer & { readonly tookMs: number }> {
    const { output, tookMs } = await this.run('backup-now', item, '--output', 'json')
    return { ...(JSON.parse(output) as BackupAnswer), tookMs }
  }

  #environment(): NodeJS.ProcessEnv {
    const { DBUS_SESSION_BUS_ADDRESS: _keychain, THARSIS_HOME: _home, ...environment } = process.env
    return {
      ...environment,
      THARSIS_HOME: join(this.#workFolder, 'home'),
      THARSIS_PASSPHRASE: this.passphrase,
      // Nothing of the demo stays behind: neither a key in the keychain, whose bus is left out above, nor compiled code.
      XDG_CACHE_HOME: join(this.#workFolder, 'compiled'),
    }
  }
}

function quoted(argument: string): string {
  return /^[\w./:=@%+-]+$/.test(argument) ? argument : `'${argument}'`
}

/** Empty for a stream that goes straight to the terminal. */
async function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? '' : await text(stream)
}
