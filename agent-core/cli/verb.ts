/** The shape in which verbs are declared; `program.ts` makes commander commands of it, `cli-page` the documentation. */
import type { RunVerb } from './session.ts'

export interface VerbOption {
  /** As commander reads them: `--to <dir>`, `--plan`. The input's key is the long name in camel case. */
  readonly flags: string
  readonly description: string
  readonly choices?: readonly string[]
  readonly default?: string
  /** May be given several times; the input holds a list. */
  readonly repeatable?: true
  readonly mandatory?: true
}

export interface Verb<Input> {
  /** `vault create`, `backup-now`. */
  readonly name: string
  readonly summary: string
  /** More than a line, where people need it. */
  readonly details?: string
  /** As commander reads them: `<name>`, `[path]`, `<folders...>`; the input's key is that name. */
  readonly arguments: readonly (readonly [usage: string, description: string])[]
  readonly options: readonly VerbOption[]
  readonly examples: readonly string[]
  /** Loads the verb's code: only the verb that runs is loaded. */
  readonly load: () => Promise<RunVerb<Input>>
}

/** A verb whose input was built from its own declaration by `program.ts`. */
export type AnyVerb = Verb<never>
