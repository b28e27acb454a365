import type { AnyVerb, VerbOption } from '../../agent-core/cli/verb.ts'
import { commonOptions, exitStatusLines, verbGroups, verbs } from '../../agent-core/cli/verbs.ts'

/** The text of `docs/cli.md`: every verb with its arguments, options and examples, as `--help` tells them. */
export function renderCliPage(): string {
  const sections = verbGroups.flatMap(({ nouns }) =>
    nouns.flatMap(([noun]) => verbs.filter(({ name }) => name === noun || name.startsWith(`${noun} `)).map(renderVerb)),
  )
  return [
    '# The command line',
    '',
    'Generated from `agent-core/cli/verbs.ts` by `npm run docs`; `npm run check` fails when it is stale.',
    'In a checkout, `npx tharsis …` runs it. `tharsis VERB --help` shows the same.',
    '',
    '## Options of every verb',
    '',
    ...renderOptions(commonOptions),
    '',
    'A passphrase comes from `THARSIS_PASSPHRASE`, `--passphrase-file`, the key that is kept on this machine, or a',
    'question on the terminal; never from an argument. With `--output json`, standard output holds one JSON document',
    '(where the verb fails: `{"error": {"code", "message", "advice"}}`); everything else goes to standard error.',
    '',
    '## Exit status',
    '',
    ...exitStatusLines.map((line, at) => (at === exitStatusLines.length - 1 ? line : `${line} ·`)),
    ...sections,
    '',
  ].join('\n')
}

function renderVerb(verb: AnyVerb): string {
  const words = ['tharsis', verb.name, ...verb.arguments.map(([usage]) => usage)]
  const usage = [...words, ...(verb.options.length > 0 ? ['[options]'] : [])].join(' ')
  return [
    '',
    `## ${verb.name}`,
    '',
    `\`${usage}\``,
    '',
    `${verb.summary}.${verb.details === undefined ? '' : ` ${verb.details}`}`,
    ...(verb.arguments.length === 0 ? [] : ['', ...verb.arguments.map(([name, text]) => `- \`${name}\`: ${text}`)]),
    ...(verb.options.length === 0 ? [] : ['', ...renderOptions(verb.options)]),
    '',
    '```',
    ...verb.examples,
    '```',
  ].join('\n')
}

function renderOptions(options: readonly VerbOption[]): readonly string[] {
  const rows = options.map((option) => {
    const notes = [
      ...(option.mandatory ? ['required'] : []),
      ...(option.choices === undefined ? [] : [option.choices.join(', ')]),
      ...(option.default === undefined ? [] : [`default: ${option.default}`]),
    ]
    return `| \`${option.flags}\` | ${option.description} | ${notes.join('; ')} |`
  })
  return ['| option | meaning | values |', '|---|---|---|', ...rows]
}
