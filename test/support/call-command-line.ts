/** Runs the command line in this process, on streams that only remember. */
import { tmpdir } from 'node:os'
import { PassThrough, Writable } from 'node:stream'
import type { AgentApi } from '../../agent-core/api/agent-api.ts'
import { runCommandLine } from '../../agent-core/cli/command-line.ts'
import type { CommandLineDeps } from '../../agent-core/cli/command-line-deps.ts'
import { createFakeAgent, type FakeAgent } from './fake-agent.ts'

export interface CallOptions {
  readonly answers?: Partial<AgentApi>
  readonly env?: Record<string, string>
  /** Standard input and error are a terminal; these keys are typed, one chunk a question. */
  readonly typed?: readonly string[]
  /** Standard output is a terminal of so many cells. */
  readonly columns?: number
  /** Standard output fails with this code from the first write on. */
  readonly stdoutError?: string
  readonly home?: string
  /** Hears how to stop the call, as a signal does. */
  readonly onStart?: (stop: () => void) => void
}

export interface Call {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** Standard output as JSON. */
  readonly document: unknown
  readonly calls: FakeAgent['calls']
  readonly agent: AgentApi
  readonly env: NodeJS.ProcessEnv
  /** Exit statuses with which the process would have ended at once. */
  readonly exits: readonly number[]
}

export const nowMs = Date.parse('2026-11-22T12:00:00Z')

export async function callCommandLine(argv: readonly string[], options: CallOptions = {}): Promise<Call> {
  const { agent, calls } = createFakeAgent(options.answers)
  const stdout = rememberingStream(options.stdoutError)
  const stdin = new PassThrough()
  const typed = [...(options.typed ?? [])]
  // A question is what ends in ": " or "[y/N] "; each is answered by the next keys.
  const stderr = rememberingStream(undefined, (text) => {
    if (/(: |\] )$/.test(text)) queueMicrotask(() => stdin.write(typed.shift() ?? '\u0004'))
  })
  const env: NodeJS.ProcessEnv = { ...options.env }
  const exits: number[] = []
  const isTerminal = options.typed !== undefined
  const deps: CommandLineDeps = {
    openAgent: async ({ home }) => {
      calls.push(['open', home])
      return agent
    },
    runAgent: async ({ home, web }) => {
      calls.push(['runAgent', home, web])
    },
    stdin: Object.assign(stdin, { isTTY: isTerminal, setRawMode: () => {} }),
    stdout: Object.assign(stdout.stream, columnsOf(options.columns)),
    stderr: Object.assign(stderr.stream, columnsOf(isTerminal ? 100 : undefined)),
    env,
    cwd: '/some/folder',
    platform: 'linux',
    userHome: options.home ?? tmpdir(),
    clock: { nowMs: () => nowMs, delay: async () => {} },
    random: { bytes: (sizeBytes) => Buffer.from(Array.from({ length: sizeBytes }, (_, at) => at)) },
    version: '1.2.3',
    onStop: (stop) => {
      options.onStart?.(stop)
      return { [Symbol.dispose]: () => {} }
    },
    onWake: () => ({ [Symbol.dispose]: () => {} }),
    exitNow: (exitStatus) => exits.push(exitStatus),
  }
  const status = await runCommandLine(argv, deps)
  return {
    status,
    stdout: stdout.text(),
    stderr: stderr.text(),
    get document() {
      return JSON.parse(stdout.text()) as unknown
    },
    calls,
    agent,
    env,
    exits,
  }
}

function columnsOf(columns: number | undefined): { isTTY: boolean; columns?: number } {
  return columns === undefined ? { isTTY: false } : { isTTY: true, columns }
}

function rememberingStream(errorCode?: string, onText?: (text: string) => void) {
  let text = ''
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      if (errorCode !== undefined) {
        done(Object.assign(new Error(errorCode), { code: errorCode }))
        return
      }
      text += chunk
      onText?.(chunk)
      done()
    },
  })
  return { stream, text: () => text }
}
