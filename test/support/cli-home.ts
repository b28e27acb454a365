/**
 * A home folder, a place for a vault and a source folder of their own, and the real command line over them as child
 * processes: JSON in, JSON out. The keychain of the machine is kept out of it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { BackupDocument, PointDocument, PointFile, RestoreDocument } from '../../agent-core/api/agent-api.ts'

const commandLine = join(import.meta.dirname, '..', '..', 'agent-core', 'cli', 'tharsis.mjs')

const testPassphrase = 'a passphrase for the tests only'

export interface CliResult {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliError {
  readonly code: string
  readonly message: string
  readonly advice: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A program and its parameters to run the command line under, such as strace. */
  readonly under?: readonly string[]
  /** Called with the process once it has started. */
  readonly onStart?: (child: ChildProcess) => void
  readonly uid?: number
}

export class CliHome implements Disposable {
  /** Holds everything; removed at the end. */
  readonly folder: string
  readonly home: string
  readonly vault: string
  readonly source: string
  passphrase = testPassphrase
  /** The agent of this home, once it was started. */
  agent: ChildProcess | undefined = undefined

  constructor(parent = tmpdir()) {
    this.folder = realpathSync(mkdtempSync(join(parent, 'tharsis-cli-')))
    this.home = join(this.folder, 'home')
    this.vault = join(this.folder, 'vault')
    this.source = join(this.folder, 'source')
    mkdirSync(this.source)
  }

  /** Runs a verb to its end. `--home` is added; the passphrase comes by the environment. */
  async run(parameters: readonly string[], options: RunOptions = {}): Promise<CliResult> {
    if (process.env['THARSIS_TEST_AGENT'] === '1' && this.agent === undefined) await this.startAgent()
    return await this.#run(parameters, options)
  }

  /** Starts the agent of this home; resolves with what it said once it takes verbs. It ends with this home. */
  async startAgent(more: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    const ready = Promise.withResolvers<string>()
    const onStart = (child: ChildProcess): void => {
      this.agent = child
      let said = ''
      child.stderr?.on('data', (bytes: Buffer) => {
        said += bytes.toString()
        if (said.includes('The agent runs')) ready.resolve(said)
      })
    }
    const ended = this.#run(['agent', 'run', ...more], { ...options, onStart })
    void ended.then(({ stderr }) => ready.reject(new Error(`the agent ended: ${stderr}`)), ready.reject)
    return await ready.promise
  }

  /** Ends the agent as `signal` does; resolves with its exit status. */
  async endAgent(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { agent } = this
    if (agent === undefined) throw new Error('no agent was started')
    this.agent = undefined
    const ended = once(agent, 'exit') as Promise<[number | null]>
    agent.kill(signal)
    return (await ended)[0]
  }

  async #run(parameters: readonly string[], options: RunOptions): Promise<CliResult> {
    const [program, ...under] = [...(options.under ?? []), process.execPath]
    const inherited = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('THARSIS_') && !name.startsWith('VITEST') && name !== 'NODE_OPTIONS',
    )
    const child = spawn(program, [...under, commandLine, ...parameters, '--home', this.home], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(inherited),
        DBUS_SESSION_BUS_ADDRESS: 'disabled:',
        NO_COLOR: '1',
        THARSIS_PASSPHRASE: this.passphrase,
        ...options.env,
      },
      ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    })
    options.onStart?.(child)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes))
    child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes))
    return await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status, signal) =>
        resolve({
          status,
          signal,
          stdout: Buffer.concat(stdout).toString(),
          stderr: Buffer.concat(stderr).toString(),
        }),
      )
    })
  }

  /** Runs a verb that must end with exit status `status` and returns its JSON document. */
  async json<Document>(parameters: readonly string[], status = 0, options: RunOptions = {}): Promise<Document> {
    const result = await this.run([...parameters, '--output', 'json', '--quiet'], options)
    if (result.status !== status) throw new Error(describe(parameters, status, result))
    return JSON.parse(result.stdout) as Document
  }

  /** Runs a verb that must fail with `status`; returns the error that it told. */
  async fails(parameters: readonly string[], status: number, options: RunOptions = {}): Promise<CliError> {
    const { error } = await this.json<{ error?: CliError }>(parameters, status, options)
    if (error === undefined) throw new Error(`tharsis ${parameters.join(' ')} told no error`)
    return error
  }

  /** Makes the vault and an item `docs` over the source folder. */
  async setUp(...more: readonly string[]): Promise<{ readonly recoveryCode: string }> {
    const created = await this.json<{ recoveryCode: string }>(['vault', 'create', 'v', '--local', this.vault])
    await this.json(['item', 'enable', 'docs', '--vault', 'v', this.source, ...more])
    return created
  }

  async backUp(status = 0, ...more: readonly string[]): Promise<BackupDocument> {
    return await this.json<BackupDocument>(['backup-now', 'docs', ...more], status)
  }

  /** Waits until what was written by now is older than the tick below which times prove nothing (2 s). */
  async letTimesSettle(): Promise<void> {
    await setTimeout(2100)
  }

  async points(item = 'docs'): Promise<readonly PointDocument[]> {
    return await this.json<readonly PointDocument[]>(['point', 'list', item])
  }

  async files(point: string, ...more: readonly string[]): Promise<readonly PointFile[]> {
    return await this.json<readonly PointFile[]>(['point', 'files', 'docs', point, ...more])
  }

  /** Restores a point into a new folder and returns that. */
  async restore(point: string, options: { readonly item?: string; readonly more?: readonly string[] } = {}) {
    const target = mkdtempSync(join(this.folder, 'restored-'))
    await this.json<RestoreDocument>([
      'restore',
      'files',
      options.item ?? 'docs',
      point,
      '--to',
      target,
      ...(options.more ?? []),
    ])
    return target
  }

  /** Another home folder beside this one, for the same vault and source; it goes with this one. */
  secondHome(name = 'second'): CliHome {
    const home = new CliHome(this.folder)
    rmSync(home.folder, { recursive: true })
    return Object.assign(home, this, { home: join(this.folder, name), agent: undefined })
  }

  [Symbol.dispose](): void {
    this.agent?.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function describe(parameters: readonly string[], expected: number, result: CliResult): string {
  const { status, signal, stdout, stderr } = result
  const ended = signal === null ? `exit status ${status}` : signal
  return `tharsis ${parameters.join(' ')} ended with ${ended} instead of ${expected}\n${stdout.slice(0, 2000)}\n${stderr.slice(0, 2000)}`
}
