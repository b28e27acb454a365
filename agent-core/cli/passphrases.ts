/**
 * Where passphrases come from, in this order: a file that was named, the environment, a question on the terminal. Never an argument:
 * those are seen by every user of the machine. The environment is emptied of them first, so that no child of this
 * process inherits one.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { Random } from '../base/random.ts'
import { absolutePath, usageError } from './argument-values.ts'
import { readSecretFile } from './passphrase-file.ts'

export interface PassphraseSources {
  readonly environment: {
    readonly current: string | undefined
    readonly next: string | undefined
    readonly pin: string | undefined
    readonly nextPin: string | undefined
  }
  readonly cwd: string
  /** Asks on the terminal; undefined: there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  readonly warn: (text: string) => void
}

export interface Passphrases {
  /** False where `current` has nowhere to get one from. */
  readonly canAnswer: boolean
  /** The one that came with the call, by file or environment; undefined: none did. */
  readonly given: (() => Promise<string>) | undefined
  /** The passphrase of a vault that exists. */
  readonly current: (vault: string) => Promise<string>
  /** A passphrase for a new vault; a terminal asks twice. */
  fresh(vault: string): Promise<string>
  /** The passphrase that is to replace the one of a vault. */
  next(vault: string, file: string | undefined): Promise<string>
}

/** Takes passphrases and PINs out of `env` and returns them. An empty one counts as none. */
export function takeEnvironment(env: NodeJS.ProcessEnv): PassphraseSources['environment'] {
  const take = (name: string): string | undefined => {
    const value = env[name]
    delete env[name]
    return value === '' ? undefined : value
  }
  return {
    current: take('THARSIS_PASSPHRASE'),
    next: take('THARSIS_NEW_PASSPHRASE'),
    pin: take('THARSIS_PIN'),
    nextPin: take('THARSIS_NEW_PIN'),
  }
}

/** `file`: what `--passphrase-file` names. */
export function createPassphrases(sources: PassphraseSources, file: string | undefined): Passphrases {
  const find = async (given: string | undefined, path: string | undefined, ask: () => Promise<string>) => {
    if (path !== undefined) return await readSecretFile(absolutePath(path, sources.cwd), 'passphrase', sources.warn)
    return given ?? (await ask())
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
  const isGiven = environment.current !== undefined || file !== undefined
  return {
    canAnswer: isGiven || sources.ask !== undefined,
    given: isGiven ? async () => await find(environment.current, file, failToAsk) : undefined,
    current: async (vault) =>
      await find(environment.current, file, async () => await question(`Passphrase of vault "${vault}": `)),
    fresh: async (vault) =>
      await find(environment.current, file, async () => await askTwice(`New passphrase for vault "${vault}"`)),
    next: async (vault, nextFile) =>
      await find(environment.next, nextFile, async () => {
        try {
          return await askTwice(`New passphrase for vault "${vault}"`)
        } catch (error) {
          if (!isAgentError(error, 'usage.interactive-needed')) throw error
          throw new AgentError('usage.interactive-needed', { what: 'new passphrase' }, error)
        }
      }),
  }
}

async function failToAsk(): Promise<string> {
  throw new AgentError('usage.interactive-needed', { what: 'passphrase' })
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
