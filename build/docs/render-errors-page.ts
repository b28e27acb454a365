import { type ErrorSpec, errorTable } from '../../agent-core/contract/errors.ts'

type Entry = readonly [code: string, spec: ErrorSpec<unknown>]

const scopeWords: Readonly<Record<ErrorSpec<unknown>['scope'], string>> = {
  file: 'this file only',
  job: 'the job',
  agent: 'the whole call',
}

/** The text of `docs/errors.md`: one table an area, in the order of the error table. `{name}` marks what is filled in. */
export function renderErrorsPage(): string {
  const entries = Object.entries(errorTable) as unknown as readonly Entry[]
  const areas = Map.groupBy(entries, ([code]) => code.split('.')[0] ?? code)
  const sections = [...areas].map(([area, members]) => renderArea(area, members))
  return [
    '# Errors',
    '',
    'Generated from `agent-core/contract/errors.ts` by `npm run docs`; `npm run check` fails when it is stale.',
    'Words in braces are filled in when the error is shown. *Stops* says what ends with the error, *again* whether',
    'the same call may succeed later although nobody changed anything, *exit* the status of a verb that ends with it.',
    ...sections,
    '',
  ].join('\n')
}

function renderArea(area: string, members: readonly Entry[]): string {
  const rows = members.map(([code, spec]) => {
    const words = cell(spec.words(sampleData()))
    const advice = cell(spec.advice(sampleData()))
    return `| \`${code}\` | ${words} | ${advice} | ${scopeWords[spec.scope]} | ${spec.retry ? 'yes' : 'no'} | ${spec.exitCode} |`
  })
  return [
    '',
    `## ${area}`,
    '',
    '| code | what happened | what to do | stops | again | exit |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

/** Data in which every property reads as its own name in braces, whatever the error's schema is. */
function sampleData(): unknown {
  return new Proxy({}, { get: (_target, key) => new SampleValue(`{${String(key)}}`) })
}

/** A text that also answers as a list does. */
class SampleValue extends String {
  join(): string {
    return this.toString()
  }
}
