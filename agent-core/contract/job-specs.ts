/**
 * Which verbs are jobs, and of what: recorded, shown and, in a running agent, queued. Apart from `verbs/`, so that a
 * command line, which sends nothing over a transport, starts without the schemas (a third of a second).
 */
import type { CallContext, JobKind } from './verb.ts'
import type { VerbMethods, VerbName } from './verbs/verbs.ts'

/** What a verb with these arguments is a job of. */
export interface JobSpec<Arguments extends readonly unknown[]> {
  readonly kind: JobKind
  /** True for what writes the base or a vault of this home: such jobs run one after the other. */
  readonly writes: boolean
  /** The item or vault that the job is about. */
  readonly subject: (...given: Arguments) => { readonly item?: string; readonly vault?: string }
}

type ArgumentsOf<Method> = Method extends (...all: [...infer Given, context: CallContext]) => unknown ? Given : never

export const jobSpecs = {
  backupNow: { kind: 'backup', writes: true, subject: (item) => ({ item }) },
  restoreFiles: { kind: 'restore', writes: false, subject: ({ item }) => ({ item }) },
  replicateVault: { kind: 'replicate', writes: false, subject: (vault) => ({ vault }) },
  verifyVault: { kind: 'verify', writes: false, subject: (vault) => ({ vault }) },
  pruneVault: { kind: 'prune', writes: true, subject: (vault) => ({ vault }) },
  moveCache: { kind: 'move-cache', writes: true, subject: () => ({}) },
  rebuildCache: { kind: 'rebuild-cache', writes: true, subject: () => ({}) },
} satisfies { readonly [Name in VerbName]?: JobSpec<ArgumentsOf<VerbMethods[Name]>> }

/** A verb that is a job. */
export type JobVerb = keyof typeof jobSpecs

export function isJobVerb(verb: string): verb is JobVerb {
  return Object.hasOwn(jobSpecs, verb)
}

/** The arguments of a verb that is a job, without its context. */
export type JobArguments<Verb extends JobVerb> = ArgumentsOf<VerbMethods[Verb]>
