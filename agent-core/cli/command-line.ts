/**
 * Runs one call of the command line: takes the secrets out of the environment, reads the arguments, loads the verb,
 * opens the agent when the verb asks for it, and turns whatever happens into an exit status. Standard output carries
 * the result alone. The first wish to stop aborts the verb (exit 130), the second ends the process.
 */
import type { CallContext } from '../api/agent-api.ts'
import { AgentError } from '../base/agent-error.ts'
import type { S3Keys } from '../contract/s3-server.ts'
import { checkArguments } from './argument-values.ts'
import type { CommandLineDeps } from './command-line-deps.ts'
import { exitStatus } from './exit-status.ts'
import { findHomeFolder } from './home-folder.ts'
import { createOutput, type Output, terminalWidth } from './output.ts'
import { createPassphrases, type PassphraseSources, takeEnvironment } from './passphrases.ts'
import { createPins } from './pins.ts'
import { type Parsed, parseArguments } from './program.ts'
import { createProgressDisplay, type ProgressDisplay, silentDisplay } from './progress-display.ts'
import { reportFailure } from './report-failure.ts'
import { takeS3Keys } from './s3-credentials.ts'
import { askSecret, askYes, type PromptOptions } from './secret-prompt.ts'
import type { CommonOptions, RunVerb, Session } from './session.ts'

type VerbCall = Extract<Parsed, { readonly common: CommonOptions }>

/** Runs the arguments (without node and the script); resolves to the exit status, never rejects for what a verb does. */
export async function runCommandLine(argv: readonly string[], deps: CommandLineDeps): Promise<number> {
  const environment = takeEnvironment(deps.env)
  const s3Keys = takeS3Keys(deps.env)
  const parsed = tryParse(argv, deps)
  if ('text' in parsed) {
    const output = openOutput(guessOptions(argv), deps, silentDisplay)
    output.print(parsed.text)
    return exitStatus.done
  }
  const common = 'error' in parsed ? guessOptions(argv) : parsed.common
  const home = findHomeFolder(common.home, deps)
  const display = openDisplay(common, deps)
  const output = openOutput(common, deps, display)
  const stopper = createStopper(deps, output)
  using _stopper = stopper
  try {
    if ('error' in parsed) throw parsed.error
    const status = await runVerb(parsed, { deps, home, output, display, environment, s3Keys, stopper })
    return output.failure === undefined ? status : sayLostOutput(output)
  } catch (error) {
    const { clock, random, env } = deps
    const showStack = (env['THARSIS_DEBUG'] ?? '') !== ''
    return await reportFailure(error, { output, clock, random, home, wasStopped: stopper.signal.aborted, showStack })
  } finally {
    display[Symbol.dispose]()
  }
}

function tryParse(argv: readonly string[], deps: CommandLineDeps): Parsed | { readonly error: unknown } {
  try {
    checkArguments(argv)
    return parseArguments(argv, { version: deps.version, width: Math.min(terminalWidth(deps.stdout) ?? 100, 100) })
  } catch (error) {
    return { error }
  }
}

/** The form of the output where the arguments could not be read as a whole. */
function guessOptions(argv: readonly string[]): CommonOptions {
  const at = argv.lastIndexOf('--output')
  const json = argv.includes('--output=json') || (at >= 0 && argv[at + 1] === 'json')
  return { output: json ? 'json' : 'table', color: !argv.includes('--no-color') }
}

interface VerbSurroundings {
  readonly deps: CommandLineDeps
  readonly home: string
  readonly output: Output
  readonly display: ProgressDisplay
  readonly environment: PassphraseSources['environment']
  readonly s3Keys: S3Keys | undefined
  readonly stopper: Stopper
}

async function runVerb(call: VerbCall, surroundings: VerbSurroundings): Promise<number> {
  // The input was built from this verb's own declaration.
  const run = (await call.verb.load()) as RunVerb<unknown>
  await using held = new AsyncDisposableStack()
  const session = createSession(call.common, surroundings, held)
  return await run(call.input, session)
}

function createSession(
  options: CommonOptions,
  { deps, home, output, display, environment, s3Keys, stopper }: VerbSurroundings,
  held: AsyncDisposableStack,
): Session {
  const { signal } = stopper
  const interactive = deps.stdin.isTTY === true && deps.stderr.isTTY === true
  const prompt: PromptOptions = { stdin: deps.stdin, write: output.raw, stop: stopper.stop, signal }
  const ask = interactive ? async (question: string) => await askSecret(question, prompt) : undefined
  const sources = { environment, cwd: deps.cwd, ask, warn: output.warning }
  const passphrases = createPassphrases(sources, options.passphraseFile)
  const pins = createPins(sources, options.pinFile)
  const context: CallContext = { signal, onProgress: display.show }
  let agent: ReturnType<Session['agent']> | undefined
  const openAgent: Session['agent'] = async () => {
    const opened = held.use(await deps.openAgent({ home, ...(s3Keys && { s3Keys }) }))
    if (passphrases.canAnswer) opened.onPassphraseNeeded = passphrases.current
    if (pins.given !== undefined) opened.givenPin = pins.given
    if (pins.canAnswer) opened.onPinNeeded = pins.current
    opened.onRemark = (remark) => output.note(`Note: ${remark}`)
    return opened
  }
  const getAgent: Session['agent'] = () => (agent ??= openAgent())
  return {
    options,
    output,
    passphrases,
    pins,
    clock: deps.clock,
    random: deps.random,
    cwd: deps.cwd,
    signal,
    context,
    hearWakes: () => hearWakes(deps, held),
    runAgent: async (given) => await deps.runAgent({ ...given, home, ...(s3Keys && { s3Keys }) }),
    agent: getAgent,
    confirm: async (question) => !interactive || options.yes === true || (await askYes(question, prompt)),
    confirmRemoval: async (question) => {
      if (options.yes === true) return true
      const asked = async () => await askYes(typeof question === 'string' ? question : await question(), prompt)
      if (interactive && pins.given === undefined) return await asked()
      // The verb asks for the PIN: one that came with the call, or was given a moment ago, says yes.
      if ((await (await getAgent()).showPin()).set) return true
      if (!interactive) throw new AgentError('usage.interactive-needed', { what: 'confirmation' })
      return await asked()
    },
    askSecret: ask,
    hasS3Keys: s3Keys !== undefined,
    interactive,
  }
}

function hearWakes(deps: CommandLineDeps, held: AsyncDisposableStack): () => Promise<void> {
  let next = Promise.withResolvers<void>()
  held.use(deps.onWake(() => next.resolve()))
  return async () => {
    await next.promise
    next = Promise.withResolvers()
  }
}

interface Stopper extends Disposable {
  readonly signal: AbortSignal
  readonly stop: () => void
}

function createStopper(deps: CommandLineDeps, output: Output): Stopper {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) {
      deps.exitNow(exitStatus.cancelled)
      return
    }
    output.note('Stopping; once more to stop at once.')
    controller.abort(new Error('cancelled'))
  }
  const watch = deps.onStop(stop)
  return { signal: controller.signal, stop, [Symbol.dispose]: () => watch[Symbol.dispose]() }
}

function openDisplay(options: CommonOptions, { stderr, clock }: CommandLineDeps): ProgressDisplay {
  if (options.quiet) return silentDisplay
  return createProgressDisplay({ write: (text) => void stderr.write(text), width: terminalWidth(stderr), clock })
}

function openOutput(options: CommonOptions, deps: CommandLineDeps, display: ProgressDisplay): Output {
  const { stdout, stderr, env } = deps
  const colours = options.color && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  const json = options.output === 'json'
  return createOutput({ stdout, stderr, json, quiet: options.quiet === true, colours, beforeText: display.clear })
}

function sayLostOutput(output: Output): number {
  output.error(`The result could not be written: ${output.failure?.message ?? 'unknown reason'}`)
  output.problemDetail('What the verb did stays done; make room where the result goes and look again.')
  return exitStatus.failed
}
