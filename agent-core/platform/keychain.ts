/**
 * The keychain of the person's session (Secret Service on Linux, the login keychain on macOS,
 * Credential Manager on Windows), asked through a process of its own with a time limit: a keychain
 * that hangs or crashes never takes the agent with it. Secrets travel over pipes, never in arguments.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { AgentError } from '../base/agent-error.ts'

interface KeychainEntry {
  readonly service: string
  readonly account: string
}

/** One question to `keychain-process.ts`. */
export type KeychainRequest = KeychainEntry &
  ({ readonly operation: 'get' | 'delete' } | { readonly operation: 'set' | 'probe'; readonly base64: string })

/** Its answer: `failure` when it did not work; `base64` for a secret that was found. */
export interface KeychainAnswer {
  readonly base64?: string
  readonly failure?: string
}

export interface Keychain {
  /** Words for people. */
  readonly place: string
  /** Why it cannot be used, or undefined after a probe entry was written, read back and deleted. Never throws. */
  probe(): Promise<string | undefined>
  /** The secret of `account`, or undefined. Throws AgentError `secrets.failed`, as the others do. */
  get(account: string): Promise<Buffer | undefined>
  set(account: string, bytes: Uint8Array): Promise<void>
  delete(account: string): Promise<void>
}

export interface KeychainOptions {
  /** The process's environment: where the session bus is. */
  readonly environment: NodeJS.ProcessEnv
  /** After that long a probe counts as failed. */
  readonly probeTimeoutMs?: number
  /** After that long a call counts as failed; people may have to unlock the keychain meanwhile. */
  readonly callTimeoutMs?: number
}

const service = 'tharsis'

const places: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'the keychain of this session (Secret Service)',
  darwin: 'the login keychain',
  win32: 'Windows Credential Manager',
}

/** The keychain; nothing is asked before the first call. */
export function createKeychain(options: KeychainOptions): Keychain {
  const { environment, probeTimeoutMs = 5_000, callTimeoutMs = 60_000 } = options
  const place = places[process.platform] ?? 'the keychain'
  const call = async (request: KeychainRequest): Promise<KeychainAnswer> => {
    const answer = await ask(request, environment, callTimeoutMs)
    if (answer.failure !== undefined) throw new AgentError('secrets.failed', { place, reason: answer.failure })
    return answer
  }
  return {
    place,
    probe: async () => {
      if (process.platform === 'linux' && !environment.DBUS_SESSION_BUS_ADDRESS) return 'there is no session bus'
      const account = `probe-${randomBytes(8).toString('hex')}`
      const base64 = randomBytes(8).toString('base64')
      return (await ask({ operation: 'probe', service, account, base64 }, environment, probeTimeoutMs)).failure
    },
    get: async (account) => {
      const { base64 } = await call({ operation: 'get', service, account })
      return base64 === undefined ? undefined : Buffer.from(base64, 'base64')
    },
    set: async (account, bytes) => {
      await call({ operation: 'set', service, account, base64: Buffer.from(bytes).toString('base64') })
    },
    delete: async (account) => {
      await call({ operation: 'delete', service, account })
    },
  }
}

/** One request to a fresh process; every way to fail comes back as `failure`. */
async function ask(
  request: KeychainRequest,
  environment: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<KeychainAnswer> {
  const script = fileURLToPath(new URL('./keychain-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script], {
    // In Electron's helper processes execPath is Electron; elsewhere the variable means nothing.
    env: { ...environment, ELECTRON_RUN_AS_NODE: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    windowsHide: true,
  })
  const ended = new Promise<KeychainAnswer | undefined>((resolve) => {
    child.once('error', (error) => resolve({ failure: error.message }))
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve({ failure: `it did not answer within ${timeoutMs / 1000} seconds` })
      else resolve(code === 0 ? undefined : { failure: `its process ended with ${signal ?? `status ${code}`}` })
    })
  })
  // A process that died before it read its request shows in `ended`, not as a broken pipe.
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify(request))
  const [failed, output] = await Promise.all([ended, text(child.stdout), buffer(child.stderr)])
  if (failed) return failed
  try {
    return JSON.parse(output) as KeychainAnswer
  } catch {
    return { failure: 'its process gave no answer' }
  }
}
