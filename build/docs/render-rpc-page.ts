import { z } from 'zod'
import { isJobVerb, jobSpecs } from '../../agent-core/contract/job-specs.ts'
import type { AnyVerbSpec } from '../../agent-core/contract/verb.ts'
import { verbs } from '../../agent-core/contract/verbs/verbs.ts'

const kindWords: Readonly<Record<AnyVerbSpec['kind'], string>> = {
  call: 'answers once',
  task: 'tells progress, can be stopped, answers at the end',
  listing: 'gives many entries',
  feed: 'gives the state, then changes',
}

/** The text of `docs/rpc.md`: each verb with its parameters and its answer as TypeScript would write them. */
export function renderRpcPage(): string {
  const entries = Object.entries<AnyVerbSpec>(verbs)
  return [
    '# The agent over a wire',
    '',
    'Generated from `agent-core/contract/verbs/` by `npm run docs`; `npm run check` fails when it is stale. The verbs are',
    'procedures of an [oRPC](https://orpc.unnoq.com) contract (`agent-core/contract/agent-contract.ts`, which says what',
    'goes over the wire); `createAgentClient` makes methods of them, with the parameters in the order below. Errors are',
    'those of [errors.md](errors.md).',
    '',
    '| verb | kind | what it does |',
    '|---|---|---|',
    ...entries.map(([name, { kind, about }]) => `| [\`${name}\`](#${name.toLowerCase()}) | ${kind} | ${about} |`),
    ...entries.flatMap(([name, spec]) => renderVerb(name, spec)),
    '',
  ].join('\n')
}

function renderVerb(name: string, spec: AnyVerbSpec): readonly string[] {
  const parameters = spec.parameters.map(([parameter, schema]) => `${parameter}: ${typeOf(schema)}`)
  const job = isJobVerb(name) ? `, and a job of kind *${jobSpecs[name].kind}*` : ''
  return [
    '',
    `## ${name}`,
    '',
    `${spec.about} It is a *${spec.kind}*: ${kindWords[spec.kind]}${job}.`,
    '',
    '```ts',
    `${name}(${parameters.length === 0 ? '' : `\n${parameters.map((line) => indent(`${line},`)).join('\n')}\n`})`,
    `→ ${typeOf(spec.answer)}`,
    '```',
  ]
}

interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | boolean
}

function typeOf(schema: z.ZodType): string {
  return typeText(z.toJSONSchema(schema, { unrepresentable: 'any' }) as JsonSchema)
}

function typeText(schema: JsonSchema): string {
  const options = schema.anyOf ?? schema.oneOf
  if (options !== undefined) return options.map(typeText).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined && schema.enum.length <= 12) {
    return schema.enum.map((each) => JSON.stringify(each)).join(' | ')
  }
  if (schema.type === 'array') return arrayText(schema.items ?? {})
  if (schema.type === 'object') return objectText(schema)
  if (schema.type === 'integer') return 'number'
  return schema.type ?? 'unknown'
}

function arrayText(items: JsonSchema): string {
  const text = typeText(items)
  return /[ |]/.test(text) && !text.startsWith('{') ? `(${text})[]` : `${text}[]`
}

function objectText({ properties, required = [], additionalProperties }: JsonSchema): string {
  if (properties === undefined) {
    return typeof additionalProperties === 'object' ? `Record<string, ${typeText(additionalProperties)}>` : '{}'
  }
  const fields = Object.entries(properties).map(
    ([name, schema]) => `${name}${required.includes(name) ? '' : '?'}: ${typeText(schema)}`,
  )
  const line = `{ ${fields.join('; ')} }`
  if (fields.length === 0) return '{}'
  return line.length <= 100 && !line.includes('\n') ? line : `{\n${fields.map(indent).join('\n')}\n}`
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
