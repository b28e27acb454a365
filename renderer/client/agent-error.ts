/** What goes wrong at the agent, as the pages show it: its words and its advice are for people. */
import type { WireError } from '../../agent-core/contract/index.ts'

export class AgentError extends Error {
  readonly code: string
  readonly advice: string
  readonly data: unknown

  constructor({ code, message, advice, data }: Pick<WireError, 'code' | 'message' | 'advice'> & { data?: unknown }) {
    super(message)
    this.code = code
    this.advice = advice
    this.data = data
  }
}

/** The connection was lost before an answer came. */
export function lostError(cause?: unknown): AgentError {
  const error = new AgentError({
    code: 'agent.lost',
    message: 'The agent does not answer.',
    advice: 'Backups that ran go on when it is there again. This page tries to reach it.',
  })
  error.cause = cause
  return error
}

/** Any error in the form that pages show. */
export function shownError(error: unknown): AgentError {
  if (error instanceof AgentError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new AgentError({
    code: 'agent.fault',
    message: `This should not have happened: ${message}`,
    advice: 'Load the page again. If it happens again, report it.',
  })
}
