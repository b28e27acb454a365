/** How a verb that failed says so: an error with its advice, a cancellation, or a bug with a log id. */
import { join } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import { makeFolder } from '../base/make-folder.ts'
import { type Random, randomId } from '../base/random.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'

export interface FailureContext {
  readonly output: Output
  readonly clock: Clock
  readonly random: Random
  /** The home folder: the log is in it. */
  readonly home: string
  readonly wasStopped: boolean
  /** Print the stack of a bug (THARSIS_DEBUG). */
  readonly showStack: boolean
}

interface ErrorDocument {
  readonly code: string
  readonly message: string
  readonly advice: string
  readonly logId?: string
}

/** Says what went wrong on standard error (and as a JSON document where one was asked for); returns the exit status. */
export async function reportFailure(error: unknown, context: FailureContext): Promise<number> {
  const { output } = context
  if (context.wasStopped) {
    await say(output, { code: 'cancelled', message: 'Cancelled.', advice: 'What was done so far is kept.' })
    return exitStatus.cancelled
  }
  if (isExpected(error)) {
    await say(output, { code: error.code, message: error.message, advice: error.advice })
    return error.exitCode
  }
  const logId = randomId<string>(context.random).slice(0, 8)
  const log = await logBug(error, logId, context)
  const what = error instanceof Error ? error.message : String(error)
  await say(output, {
    code: 'internal',
    message: `This is a fault in Tharsis: ${what}`,
    advice: `Please report it with log id ${logId}; ${log}.`,
    logId,
  })
  if (context.showStack) output.raw(`${error instanceof Error ? error.stack : String(error)}\n`)
  return exitStatus.failed
}

function isExpected(error: unknown): error is AgentError {
  return error instanceof AgentError
}

async function say(output: Output, error: ErrorDocument): Promise<void> {
  output.error(error.message)
  output.problemDetail(error.advice)
  // Half a document stays half, so that nobody takes it for a whole one.
  if (output.json && !output.started) await output.result({ error }, () => [])
}

/** Writes the bug into the home folder's log; returns where to find it, in words. */
async function logBug(error: unknown, logId: string, { home, clock }: FailureContext): Promise<string> {
  const folder = join(home, 'logs')
  const path = join(folder, 'faults.log')
  try {
    const { openLogFile } = await import('../base/log.ts')
    makeFolder(folder)
    using log = openLogFile({ path, level: 'info', clock, eager: true })
    log.error('fault', { logId, error })
    return `the log is ${path}`
  } catch (logError) {
    const reason = logError instanceof Error ? logError.message : String(logError)
    return `no log could be written (${reason}), set THARSIS_DEBUG=1 to see more`
  }
}
