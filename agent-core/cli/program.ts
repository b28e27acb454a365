/** The declared verbs as a commander program, and what it makes of the arguments. */
import { Command, type CommanderError, type HelpConfiguration, Option } from 'commander'
import type { AgentError } from '../base/agent-error.ts'
import { usageError } from './argument-values.ts'
import type { CommonOptions } from './session.ts'
import type { AnyVerb, VerbOption } from './verb.ts'
import { commonOptions, exitStatusLines, verbGroups, verbs } from './verbs.ts'

/** What the arguments ask for: a text to print (help, version), or a verb with its input. */
export type Parsed =
  | { readonly text: string }
  | { readonly verb: AnyVerb; readonly input: Readonly<Record<string, unknown>>; readonly common: CommonOptions }

export interface ParseContext {
  readonly version: string
  /** Cells of the terminal that help is shown on. */
  readonly width: number
}

/** Reads the arguments (without the program's own name). Throws `usage.invalid` with advice. */
export function parseArguments(argv: readonly string[], context: ParseContext): Parsed {
  // `tharsis help vault create` is what people try who know git.
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
  let text = ''
  const chosen: { verb?: AnyVerb; input?: Readonly<Record<string, unknown>> } = {}
  const program = buildProgram(context, (verb, input) => Object.assign(chosen, { verb, input }))
  program.configureOutput({
    writeOut: (part) => {
      text += part
    },
    writeErr: () => {},
    outputError: () => {},
    getOutHelpWidth: () => context.width,
    getErrHelpWidth: () => context.width,
  })
  const silence = program.configureOutput()
  for (const command of descendants(program)) {
    command.configureOutput(silence).exitOverride((error) => {
      throw new StoppedParsing(error, command)
    })
  }
  try {
    program.parse(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof StoppedParsing)) throw error
    if (error.reason.exitCode === 0) return { text }
    throw toUsageError(error)
  }
  const { verb, input } = chosen
  if (verb === undefined || input === undefined) throw new Error('commander neither ran a verb nor failed')
  const common = program.opts<Record<string, unknown>>()
  refuseOptionsAsValues([...commonOptions, ...verb.options], { ...common, ...input })
  return { verb, input, common: common as unknown as CommonOptions }
}

class StoppedParsing extends Error {
  readonly reason: CommanderError
  readonly command: Command

  constructor(reason: CommanderError, command: Command) {
    super(reason.message)
    this.reason = reason
    this.command = command
  }
}

function toUsageError({ reason, command }: StoppedParsing): AgentError {
  const path = commandPath(command)
  const help = `See "${path} --help".`
  if (reason.code === 'commander.help') {
    const names = command.commands.map((verb) => verb.name()).join(', ')
    return usageError(`"${path}" needs a verb: ${names}.`, help)
  }
  const [problem = '', suggestion] = reason.message.replace(/^error: /, '').split('\n')
  const didYouMean = suggestion === undefined ? '' : `${suggestion.replace(/^\((.*)\)$/, '$1')} `
  const sentence = problem.endsWith('.') ? problem : `${problem}.`
  return usageError(sentence.charAt(0).toUpperCase() + sentence.slice(1), `${didYouMean}${help}`)
}

/** `--to --plan` means a forgotten folder, not a folder of that name. */
function refuseOptionsAsValues(options: readonly VerbOption[], values: Readonly<Record<string, unknown>>): void {
  for (const { flags, repeatable } of options) {
    const option = new Option(flags)
    const value = values[option.attributeName()]
    if (repeatable || typeof value !== 'string' || !value.startsWith('--')) continue
    throw usageError(`${option.long} was given no value, but "${value}" follows.`, `Write ${flags}.`)
  }
}

type Choose = (verb: AnyVerb, input: Readonly<Record<string, unknown>>) => void

/** The whole program; `choose` hears which verb the arguments ask for. */
function buildProgram(context: ParseContext, choose: Choose): Command {
  const program = new Command('tharsis')
    .description('Tharsis backs up folders into encrypted vaults and restores them.')
    .usage('VERB [options]')
    .version(`tharsis ${context.version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .configureHelp(helpForm)
    .showSuggestionAfterError(true)
    .optionsGroup('Common options:')
    .addHelpText('after', `\nExit status:\n${exitStatusLines.map((line) => `  ${line}`).join('\n')}\n`)
  for (const option of commonOptions) program.addOption(toOption(option))
  for (const group of verbGroups) {
    for (const [noun, summary] of group.nouns) {
      const own = verbs.find((verb) => verb.name === noun)
      const command = program.command(noun).description(summary).helpGroup(group.title).helpCommand(false)
      if (own !== undefined) addVerb(command, own, choose)
      for (const verb of verbs.filter((each) => each.name.startsWith(`${noun} `))) {
        addVerb(command.command(verb.name.slice(noun.length + 1)), verb, choose)
      }
    }
  }
  return program
}

function addVerb(command: Command, verb: AnyVerb, choose: Choose): void {
  command
    .summary(verb.summary)
    .description(verb.details === undefined ? `${verb.summary}.` : `${verb.summary}.\n\n${verb.details}`)
  for (const [usage, description] of verb.arguments) command.argument(usage, description)
  for (const option of verb.options) command.addOption(toOption(option))
  command.addHelpText(
    'after',
    `\nExample${verb.examples.length === 1 ? '' : 's'}:\n${verb.examples.map((line) => `  ${line}`).join('\n')}`,
  )
  command.action(() => {
    const given = command.processedArgs as readonly unknown[]
    const input = Object.fromEntries(command.registeredArguments.map((each, at) => [each.name(), given[at]]))
    choose(verb, { ...command.opts<Record<string, unknown>>(), ...input })
  })
}

function toOption(spec: VerbOption): Option {
  const option = new Option(spec.flags, spec.description)
  if (spec.choices !== undefined) option.choices(spec.choices)
  if (spec.default !== undefined) option.default(spec.default)
  if (spec.mandatory) option.makeOptionMandatory()
  if (spec.repeatable) {
    option.argParser<readonly string[] | undefined>((value, previous) => [...(previous ?? []), value])
  }
  return option
}

const helpForm: HelpConfiguration = {
  showGlobalOptions: true,
  subcommandTerm: (command) =>
    [command.name(), ...command.registeredArguments.map((each) => argumentTerm(each))].join(' '),
}

function argumentTerm(argument: Command['registeredArguments'][number]): string {
  const name = `${argument.name().toUpperCase()}${argument.variadic ? '…' : ''}`
  return argument.required ? name : `[${name}]`
}

function commandPath(command: Command): string {
  return command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`
}

function descendants(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap((child) => descendants(child))]
}
