import type { AgentApi } from '../api/agent-api.ts'
import type { JobDetails, JobDocument } from '../contract/documents/job.ts'
import { formatTime } from '../contract/format-time.ts'
import type { JobKind } from '../contract/verb.ts'
import { countOf, formatCount, formatSize, formatTook } from './amounts.ts'
import { usageError, wholeNumber } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import type { RunVerb, Session } from './session.ts'

interface ListInput {
  readonly item?: string
  readonly kind?: JobKind
  readonly live?: true
  readonly limit: string
}

export const listJobs: RunVerb<ListInput> = async (input, session) => {
  const { output } = session
  const jobs = await (await session.agent()).listJobs({
    limit: wholeNumber(input.limit, '--limit', 1, 1000),
    ...(input.item !== undefined && { item: input.item }),
    ...(input.kind !== undefined && { kind: input.kind }),
    ...(input.live && { live: true }),
  })
  await output.result(jobs, () => (jobs.length === 0 ? [noJobWords(input)] : jobTable(jobs, output)))
  return exitStatus.done
}

function noJobWords({ item, kind, live }: ListInput): string {
  const what = `${kind === undefined ? '' : ` ${kind}`} job${item === undefined ? '' : ` of item "${item}"`}`
  return live ? `No${what} runs or waits now.` : `There is no${what} yet.`
}

export const showJob: RunVerb<{ readonly id: string }> = async ({ id }, session) => {
  const job = await (await session.agent()).showJob(id)
  await session.output.result(job, () => jobLines(job, session.output))
  return exitStatus.done
}

export const cancelJob: RunVerb<{ readonly id: string }> = async ({ id }, session) => {
  const agent = await session.agent()
  const { id: whole } = await agent.showJob(id)
  const job = await agent.cancelJob(whole)
  await session.output.summary(job, () => [`Job ${job.id.slice(0, 8)} is ${job.state}.`])
  return exitStatus.done
}

/** Follows a job to its end; the exit status is that of the verb that it stands for. */
export const watchJob: RunVerb<{ readonly id: string }> = async ({ id }, session) => {
  const { output } = session
  const agent = await session.agent()
  const { id: whole } = await agent.showJob(id)
  const job = await lastState(agent, whole, session)
  await output.summary(job, () => [
    `Job ${job.id.slice(0, 8)} (${job.kind}) ${job.state}${reasonOf(job).replace(/\.$/, '')}.`,
  ])
  return statusOf(job)
}

async function lastState(agent: AgentApi, id: string, { signal, context }: Session): Promise<JobDocument> {
  for await (const event of agent.watchJobs({}, { signal })) {
    const job = 'job' in event ? event.job : event.jobs.find((each) => each.id === id)
    if (job?.id !== id) continue
    if (job.finishedAt !== null) return job
    if (job.progress !== null) context.onProgress?.(job.progress)
  }
  // It was over before the newest jobs began.
  return await agent.showJob(id)
}

function statusOf({ state, error }: JobDocument): number {
  switch (state) {
    case 'completed':
    case 'skipped':
      return exitStatus.done
    case 'completed with warnings':
      return exitStatus.warnings
    case 'cancelled':
      return exitStatus.cancelled
    case 'failed':
    case 'interrupted':
    case 'waiting':
    case 'queued':
    case 'running':
    case 'paused':
      return error?.exitCode ?? exitStatus.failed
  }
}

function jobTable(jobs: readonly JobDocument[], output: Output): readonly string[] {
  return output.table(
    [
      { title: 'JOB' },
      { title: 'KIND' },
      { title: 'ITEM OR VAULT' },
      { title: 'QUEUED' },
      { title: 'STATE' },
      { title: 'WHY', shrink: 'keep-start' },
    ],
    jobs.map((job) => [
      job.id.slice(0, 8),
      job.kind,
      job.item ?? job.vault ?? '',
      formatTime(job.queuedAt).slice(0, 16),
      job.state,
      job.reason ?? '',
    ]),
  )
}

function jobLines(job: JobDetails, output: Output): readonly string[] {
  const { result } = job
  const took = job.startedAt === null ? 0 : Date.parse(job.finishedAt ?? job.queuedAt) - Date.parse(job.startedAt)
  return [
    ...output.facts([
      ['Job', `${job.id} (${job.kind})`],
      ['About', job.item ?? job.vault ?? 'this machine'],
      ['State', `${job.state}${reasonOf(job)}`],
      ['Queued', formatTime(job.queuedAt)],
      ['Took', job.finishedAt === null ? 'it is not over' : formatTook(took)],
      ['Done', result === null ? 'nothing' : `${countOf(result.files, 'file')}, ${formatSize(result.bytes)}`],
      [
        'Phases',
        job.phases.map(({ phase, files, bytes }) => `${phase}: ${formatCount(files)} files, ${formatSize(bytes)}`),
      ],
    ]),
    ...job.warnings.map(
      ({ count, message, advice }) => `${count === 0 ? '' : `${formatCount(count)} × `}${message} ${advice}`,
    ),
    ...job.log.map(({ time, level, text }) => `${formatTime(time)} ${level === 'info' ? '' : `${level}: `}${text}`),
  ]
}

function reasonOf({ reason }: JobDocument): string {
  return reason === null ? '' : `: ${reason}`
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

export const pauseSchedules: RunVerb<{ readonly time?: string }> = async ({ time }, session) => {
  const [, amount, unit] = /^(\d{1,4})([mhd])$/.exec(time ?? '') ?? []
  if (time !== undefined && amount === undefined) {
    throw usageError(`"${time}" is no time to pause for.`, 'Write it like 30m, 4h or 2d, or leave it out.')
  }
  const until = amount === undefined ? 'forever' : session.clock.nowMs() + Number(amount) * (units[unit ?? ''] ?? 0)
  const pause = await (await session.agent()).pauseSchedules(until)
  await session.output.summary(pause, () => [
    pause.pausedUntil === 'forever'
      ? 'Schedules rest until "tharsis resume".'
      : `Schedules rest until ${formatTime(pause.pausedUntil ?? 'now')}. What they miss is caught up once afterwards.`,
  ])
  return exitStatus.done
}

export const resumeSchedules: RunVerb<Record<never, never>> = async (_input, session) => {
  const pause = await (await session.agent()).resumeSchedules()
  await session.output.summary(pause, () => ['Schedules are followed again.'])
  return exitStatus.done
}
