/** What a verb works with: the common options, the output, the agent (opened when first asked for), the wish to stop. */
import type { AgentApi, CallContext } from '../api/agent-api.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { RunAgent } from './command-line-deps.ts'
import type { Output } from './output.ts'
import type { Passphrases } from './passphrases.ts'
import type { Pins } from './pins.ts'

/** Options that every verb takes. */
export interface CommonOptions {
  readonly home?: string
  readonly output: 'table' | 'json'
  readonly quiet?: true
  readonly color: boolean
  readonly yes?: true
  readonly accept?: true
  readonly passphraseFile?: string
  readonly pinFile?: string
}

export interface Session {
  readonly options: CommonOptions
  readonly output: Output
  readonly passphrases: Passphrases
  readonly pins: Pins
  readonly clock: Clock
  readonly random: Random
  readonly cwd: string
  readonly signal: AbortSignal
  /** Signal and progress display of a long call. */
  readonly context: CallContext
  /**
   * From now on wishes that waiting shall end are heard (SIGUSR2). The answer waits for the next one, or has one that
   * came since the last time.
   */
  readonly hearWakes: () => () => Promise<void>
  /** Makes this process the agent of the home folder. */
  readonly runAgent: (options: Omit<Parameters<RunAgent>[0], 'home' | 's3Keys'>) => Promise<void>
  /** Opens the agent; the same one each time. */
  agent(): Promise<AgentApi>
  /** True at once with `--yes` or where there is no terminal to ask on. */
  confirm(question: string): Promise<boolean>
  /**
   * As `confirm`, for verbs that ask for the PIN: one that comes with the call says yes, and where there is no terminal to ask
   * on, so does one that is set, since the verb goes by it. Throws `usage.interactive-needed` there without `--yes` or PIN.
   * A question that takes work is made only where it is asked.
   */
  confirmRemoval(question: string | (() => Promise<string>)): Promise<boolean>
  /** Asks for a secret on the terminal; undefined: there is none. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined
  /** True when the environment holds keys of an S3 server. */
  readonly hasS3Keys: boolean
  /** True when a person sits at a terminal and may be asked. */
  readonly interactive: boolean
}

/** Runs a verb; resolves to its exit status. */
export type RunVerb<Input> = (input: Input, session: Session) => Promise<number>
