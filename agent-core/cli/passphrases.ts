/**
 * Where passphrases come from, in this order: the environment, a file, a question on the terminal. Never an argument:
 * those are seen by every user of the machine. The environment is emptied of them first, so that no child of this
 * process inherits one.
 */
import { open } from 'node:fs/promises'
import { AgentError } from '../base/agent-error.ts'
import type { Random } from '../base/random.ts'
import { absolutePath, usageError } from './argument-values.ts'

export interface PassphraseSources {
  readonly environment: { readonly current: string | undefined; readonly next: string | undefined }
  readonly cwd: string
  /** Asks on the terminal; undefined: there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  readonly warn: (text: string) => void
}

export interface Passphrases {
  /** False where `current` has nowhere to get one from. */
  readonly canAnswer: boolean
  /** The passphrase of a vault that exists. */
  readonly current: (vault: string) => Promise<string>
  /** A passphrase for a new vault; a terminal asks twice. */
  fresh(vault: string): Promise<string>
  /** The passphrase that is to replace the one of a vault. */
  next(vault: string, file: string | undefined): Promise<string>
}

/** Takes both passphrases out of `env` and returns them. An empty one counts as none. */
export function takeEnvironment(env: NodeJS.ProcessEnv): PassphraseSources['environment'] {
  const take = (name: string): string | undefined => {
    const value = env[name]
    delete env[name]
    return value === '' ? undefined : value
  }
  return { current: take('THARSIS_PASSPHRASE'), next: take('THARSIS_NEW_PASSPHRASE') }
}

/** `file`: what `--passphrase-file` names. */
export function createPassphrases(sources: PassphraseSources, file: string | undefined): Passphrases {
  const find = async (given: string | undefined, path: string | undefined, ask: () => Promise<string>) => {
    if (given !== undefined) return given
    if (path !== undefined) return await readPassphraseFile(absolutePath(path, sources.cwd), sources.warn)
    return await ask()
  }
  const question = sources.ask ?? failToAsk
  const askTwice = async (words: string): Promise<string> => {
    const first = await question(`${words}: `)
    if ((await question(`${words}, once more: `)) !== first) {
      throw usageError('The two passphrases differ.', 'Run this again and type the same one twice.')
    }
    return first
  }
  const { environment } = sources
  return {
    canAnswer: environment.current !== undefined || file !== undefined || sources.ask !== undefined,
    current: async (vault) =>
      await find(environment.current, file, async () => await question(`Passphrase of vault "${vault}": `)),
    fresh: async (vault) =>
      await find(environment.current, file, async () => await askTwice(`New passphrase for vault "${vault}"`)),
    next: async (vault, nextFile) =>
      await find(environment.next, nextFile, async () => await askTwice(`New passphrase for vault "${vault}"`)),
  }
}

async function failToAsk(): Promise<string> {
  throw new AgentError('usage.interactive-needed', { what: 'passphrase' })
}

const largestFileBytes = 64 * 1024

/** The first line of the file, without its line end. Throws `usage.invalid`. */
async function readPassphraseFile(path: string, warn: (text: string) => void): Promise<string> {
  const text = await readStart(path, warn)
  const line = text.split(/\r?\n/, 1)[0] ?? ''
  if (line !== '') return line
  throw usageError(
    `The first line of the passphrase file ${path} is empty.`,
    'Write the passphrase into its first line.',
  )
}

async function readStart(path: string, warn: (text: string) => void): Promise<string> {
  try {
    await using file = await open(path, 'r')
    const stats = await file.stat()
    if (stats.isFile() && (stats.mode & 0o077) !== 0 && process.platform !== 'win32') {
      warn(`Other users of this machine may read the passphrase file ${path}; "chmod 600" keeps them out.`)
    }
    const buffer = Buffer.alloc(largestFileBytes)
    let sizeBytes = 0
    while (sizeBytes < buffer.length && !buffer.subarray(0, sizeBytes).includes(0x0a)) {
      const { bytesRead } = await file.read(buffer, sizeBytes, buffer.length - sizeBytes)
      if (bytesRead === 0) break
      sizeBytes += bytesRead
    }
    return buffer.toString('utf8', 0, sizeBytes)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new AgentError(
      'usage.invalid',
      {
        problem: `The passphrase file ${path} cannot be read (${reason}).`,
        advice: 'Check its path and its permissions.',
      },
      error,
    )
  }
}

/** Digits and letters that are not mistaken for each other (Crockford's base 32, lower case). */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const groups = 7
const groupLength = 4

/** A passphrase of 140 random bits: seven groups of four characters. */
export function generatePassphrase(random: Random): string {
  const bytes = random.bytes(groups * groupLength)
  // 256 is a multiple of 32, so the low five bits of a random byte are even.
  const letters = [...bytes].map((byte) => alphabet[byte % alphabet.length]).join('')
  return Array.from({ length: groups }, (_, at) => letters.slice(at * groupLength, (at + 1) * groupLength)).join('-')
}
