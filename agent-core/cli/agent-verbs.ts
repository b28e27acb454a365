import { isAgentError } from '../base/agent-error.ts'
import type { AgentStatus } from '../contract/documents/agent.ts'
import { formatTime } from '../contract/format-time.ts'
import { formatSize } from './amounts.ts'
import { usageError, wholeNumber } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import type { RunVerb, Session } from './session.ts'

interface RunInput {
  readonly web?: true
  readonly port?: string
}

export const runAgent: RunVerb<RunInput> = async (input, session) => {
  if (input.port !== undefined && !input.web) {
    throw usageError('--port says where browsers find the agent, but --web is not given.', 'Add --web.')
  }
  const port = input.port === undefined ? undefined : wholeNumber(input.port, '--port', 0, 65_535)
  await session.runAgent({
    ...(input.web && { web: port === undefined ? {} : { port } }),
    signal: session.signal,
    say: (words) => session.output.note(words),
  })
  return exitStatus.done
}

export const agentStatus: RunVerb<Record<never, never>> = async (_input, session) => {
  const { output } = session
  const status = await statusOf(session)
  const document = status === undefined ? { running: false } : { running: true, ...status }
  await output.result(document, () =>
    status === undefined ? ['No agent runs for this home folder.'] : statusLines(status, output),
  )
  return status === undefined ? exitStatus.notFound : exitStatus.done
}

export const stopAgent: RunVerb<Record<never, never>> = async (_input, session) => {
  const status = await statusOf(session)
  if (status !== undefined) await (await session.agent()).stopAgent()
  await session.output.summary({ stopped: status !== undefined }, () => [
    status === undefined ? 'No agent runs for this home folder.' : `The agent (pid ${status.pid}) ends.`,
  ])
  return exitStatus.done
}

async function statusOf(session: Session): Promise<AgentStatus | undefined> {
  try {
    return await (await session.agent()).agentStatus()
  } catch (error) {
    if (isAgentError(error, 'agent.not-running')) return undefined
    throw error
  }
}

function statusLines(status: AgentStatus, output: Output): readonly string[] {
  return output.facts([
    ['Agent', `${status.product}, pid ${status.pid}`],
    ['Home folder', status.home],
    ['Runs since', formatTime(status.startedAt)],
    ['Schedules', scheduleWords(status.pausedUntil)],
    ['Browser', status.web ?? 'not served; start it with --web'],
    ['Memory', formatSize(status.memory)],
    ['Jobs', String(status.liveJobs)],
  ])
}

function scheduleWords(pausedUntil: AgentStatus['pausedUntil']): string {
  if (pausedUntil === null) return 'are followed'
  return pausedUntil === 'forever'
    ? 'rest until "tharsis resume"'
    : `rest until ${formatTime(pausedUntil)}, or "tharsis resume"`
}
