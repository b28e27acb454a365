/**
 * Where PINs come from, in the order of passphrases: a file that was named, the environment, a question on the terminal.
 * Never an argument.
 */
import { AgentError } from '../base/agent-error.ts'
import { absolutePath, usageError } from './argument-values.ts'
import { readSecretFile } from './passphrase-file.ts'
import type { PassphraseSources } from './passphrases.ts'

export interface Pins {
  /** False where `current` has nowhere to get one from. */
  readonly canAnswer: boolean
  /** The PIN that came with the call, by file or environment; undefined: none did. */
  readonly given: (() => Promise<string>) | undefined
  /** The PIN that is set. */
  readonly current: () => Promise<string>
  /** The PIN that is to be set; a terminal asks twice. */
  next(file: string | undefined): Promise<string>
}

/** `file`: what `--pin-file` names. */
export function createPins(sources: PassphraseSources, file: string | undefined): Pins {
  const { environment, ask, cwd, warn } = sources
  const find = async (given: string | undefined, path: string | undefined, question: () => Promise<string>) => {
    if (path !== undefined) return await readSecretFile(absolutePath(path, cwd), 'PIN', warn)
    return given ?? (await question())
  }
  let found: Promise<string> | undefined
  const current = async () =>
    await (found ??= find(environment.pin, file, async () => {
      if (ask === undefined) throw new AgentError('usage.interactive-needed', { what: 'PIN' })
      return await ask('PIN: ')
    }))
  const isGiven = environment.pin !== undefined || file !== undefined
  return {
    canAnswer: isGiven || ask !== undefined,
    given: isGiven ? current : undefined,
    current,
    next: async (nextFile) =>
      await find(environment.nextPin, nextFile, async () => {
        if (ask === undefined) throw new AgentError('usage.interactive-needed', { what: 'new PIN' })
        const first = await ask('New PIN: ')
        if ((await ask('New PIN, once more: ')) === first) return first
        throw usageError('The two PINs differ.', 'Run this again and type the same one twice.')
      }),
  }
}
