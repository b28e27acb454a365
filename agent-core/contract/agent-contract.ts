/**
 * The oRPC contract, made of the table of verbs. What goes over the wire for each kind of verb:
 *
 * - input: an object with the verb's parameters by name, and `secrets` where the caller has brought some; more is refused
 * - `call`: `{answer, remarks}`
 * - `task`: events `{progress}` and `{remark}`, and at the end `{answer}`
 * - `listing`: events `{entries}`, of at most 500 entries each, and `{remark}`
 * - `feed`: its events as they are
 *
 * An error of the agent's table is an oRPC error of code `AGENT_ERROR`, whose data is a `wireError`. Bytes never go this
 * way (oRPC corrupts them): they are downloaded from a one-time address.
 */
import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { failure, list, optional, passphrase, text, type Value } from './bounds.ts'
import { progress } from './documents/progress.ts'
import type { AnyVerbSpec } from './verb.ts'
import { type VerbName, verbs } from './verbs/verbs.ts'

export const agentErrorCode = 'AGENT_ERROR'

/** An error of the table as it travels: its code and data, and the words made of them. */
export const wireError = failure.extend({ data: z.unknown() })
export type WireError = z.output<typeof wireError>

/** What a call brings along for itself alone: it is neither kept nor recorded. */
export const callSecrets = z.strictObject({
  /** Where the verb asks for the PIN it is checked, also while an earlier right one still counts. */
  pin: optional(passphrase),
})
export type CallSecrets = Value<typeof callSecrets>

/** Entries of one event of a listing. */
export const listingBatch = 500

export const agentContract = Object.fromEntries(
  Object.entries<AnyVerbSpec>(verbs).map(([name, spec]) => [name, procedureOf(spec)]),
) as Record<VerbName, ReturnType<typeof procedureOf>>

/** The checked form of a verb's input: its parameters by name, and secrets. */
function inputOf(spec: AnyVerbSpec) {
  return z.strictObject({ ...Object.fromEntries(spec.parameters), secrets: optional(callSecrets) })
}

function procedureOf(spec: AnyVerbSpec) {
  return oc.input(inputOf(spec)).output(outputOf(spec))
}

function outputOf({ kind, answer }: AnyVerbSpec) {
  const remark = z.object({ remark: text })
  switch (kind) {
    case 'call':
      return z.object({ answer, remarks: list(text) })
    case 'task':
      return eventIterator(z.union([z.object({ progress }), remark]), z.object({ answer }))
    case 'listing':
      return eventIterator(z.union([z.object({ entries: list(answer, listingBatch) }), remark]))
    case 'feed':
      return eventIterator(answer)
  }
}
