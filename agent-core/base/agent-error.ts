/**
 * The one error class of the agent. What is thrown and is not an AgentError is a bug and is
 * reported as one. Words, advice, scope, retry and exit status live in the table of
 * `contract/errors.ts`; code that throws names only the code and the data.
 */
import { type ErrorCode, type ErrorData, type ErrorSpec, errorTable } from '../contract/errors.ts'

export class AgentError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'AgentError'
  readonly code: Code
  readonly data: ErrorData<Code>

  constructor(code: Code, data: ErrorData<Code>, cause?: unknown) {
    super(wordsOf(code, data), cause === undefined ? undefined : { cause })
    this.code = code
    this.data = data
  }

  /** What the person can do about it, as a sentence. */
  get advice(): string {
    return specOf(this.code).advice(this.data)
  }

  /** Exit status of a verb that fails with this error. */
  get exitCode(): number {
    return specOf(this.code).exitCode
  }
}

/** True when `error` is an AgentError with that code (narrowed). */
export function isAgentError<Code extends ErrorCode>(error: unknown, code: Code): error is AgentError<Code> {
  return error instanceof AgentError && error.code === code
}

/** Plain words of `code` with `data` filled in. */
export function wordsOf<Code extends ErrorCode>(code: Code, data: ErrorData<Code>): string {
  return specOf(code).words(data)
}

/** Advice of `code` with `data` filled in. */
export function adviceOf<Code extends ErrorCode>(code: Code, data: ErrorData<Code>): string {
  return specOf(code).advice(data)
}

function specOf<Code extends ErrorCode>(code: Code): ErrorSpec<ErrorData<Code>> {
  return errorTable[code] as unknown as ErrorSpec<ErrorData<Code>>
}
