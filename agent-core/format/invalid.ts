import { AgentError } from '../base/agent-error.ts'

/** The error of a decoder: `what` is not what it claims to be, at `offset` (bytes from its start). */
export function invalid(what: string, offset: number, reason: string, cause?: unknown): AgentError<'format.invalid'> {
  return new AgentError('format.invalid', { what, offset, reason }, cause)
}

/** Throws `format.invalid` unless `condition` holds. */
export function ensure(condition: boolean, what: string, offset: number, reason: string): asserts condition {
  if (!condition) throw invalid(what, offset, reason)
}
