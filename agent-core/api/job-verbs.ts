/** Use cases of jobs, and how the verbs that are jobs come to be recorded or queued. */
import { AgentError } from '../base/agent-error.ts'
import type { JobDocument, JobsEvent } from '../contract/documents/job.ts'
import type { JobId } from '../contract/ids.ts'
import { isJobVerb, type JobSpec, type JobVerb, jobSpecs } from '../contract/job-specs.ts'
import type { CallContext, JobTrigger } from '../contract/verb.ts'
import type { VerbName } from '../contract/verbs/verbs.ts'
import type { JobBook, JobOrder } from '../jobs/job-book.ts'
import type { JobQueue, SubmittedJob } from '../jobs/job-queue.ts'
import type { JobRunner } from '../jobs/job-runner.ts'

type AnyMethod = (...given: readonly unknown[]) => Promise<unknown>
type Methods = Partial<Record<VerbName, unknown>>

/** What a job verb and its arguments are, for asking again after a crash. */
interface JobRequest {
  readonly verb: JobVerb
  readonly given: readonly unknown[]
}

interface Asked extends JobRequest {
  readonly trigger: JobTrigger
  readonly reason?: string
}

/** Obtains what only a person knows and the job needs, for its context; throws what is missing or stands against it. */
export type ObtainSecrets = (verb: JobVerb, given: readonly unknown[]) => Promise<Pick<CallContext, 'isPermitted'>>

/** Of `methods` those that are jobs, run by `runner` once their secrets are there. */
export function asJobs<Given extends Methods>(methods: Given, runner: JobRunner, obtainSecrets: ObtainSecrets): Given {
  const jobs = Object.keys(jobSpecs).flatMap((name) => {
    const verb = name as JobVerb
    if (methods[verb] === undefined) return []
    const method = async (...all: readonly unknown[]): Promise<unknown> => {
      const given = all.slice(0, -1)
      const context = all.at(-1) as CallContext
      const asked = { ...context, ...(await obtainSecrets(verb, given)) }
      return await runner.run(orderOf({ verb, given, trigger: 'person' }), asked, workOf(methods, verb, given))
    }
    return [[name, method]]
  })
  return { ...methods, ...(Object.fromEntries(jobs) as Partial<Given>) }
}

/** Queues a verb that is a job; nobody has to wait for it. */
export function submitVerb(
  methods: Methods,
  queue: JobQueue,
  asked: Asked,
  context: Pick<CallContext, 'isPermitted'> = {},
): SubmittedJob<unknown> {
  const submitted = queue.submit(orderOf(asked), context, workOf(methods, asked.verb, asked.given))
  // Its end is in the book; whoever wants to wait for it does.
  submitted.done.catch(() => {})
  return submitted
}

/** What a job that was interrupted asked for; undefined when it cannot be asked again. */
export async function readRequest(request: string | null): Promise<JobRequest | undefined> {
  if (request === null) return undefined
  const { verb, given } = JSON.parse(request) as JobRequest
  if (!isJobVerb(verb)) return undefined
  const { parameters } = (await import('../contract/verbs/verbs.ts')).verbs[verb]
  const isValid =
    parameters.length === given.length && parameters.every(([, schema], at) => schema.safeParse(given[at]).success)
  return isValid ? { verb, given } : undefined
}

function orderOf({ verb, given, trigger, reason }: Asked): JobOrder & { readonly writes: boolean } {
  const { kind, writes, subject } = jobSpecs[verb] as JobSpec<readonly unknown[]>
  const request = JSON.stringify({ verb, given } satisfies JobRequest)
  return { kind, writes, ...subject(...given), trigger, request, ...(reason !== undefined && { reason }) }
}

function workOf(methods: Methods, verb: JobVerb, given: readonly unknown[]) {
  const method = methods[verb] as AnyMethod
  return async (context: CallContext) => await method(...given, context)
}

export function cancelOf(book: JobBook, queue: JobQueue | undefined) {
  return async (id: JobId): Promise<JobDocument> => {
    const job = book.find(id)
    if (queue === undefined) throw new AgentError('job.over', { job: job.id })
    await queue.cancel(job.id)
    return book.document(book.find(id))
  }
}

/** As JobBook.watch, with a signal that may be left out. */
export async function* watchJobs(
  book: JobBook,
  since: { readonly revision?: number },
  context: Pick<CallContext, 'signal'> = {},
): AsyncGenerator<JobsEvent, void, undefined> {
  yield* book.watch(since.revision, context.signal ?? new AbortController().signal)
}

export function requireQueue(queue: JobQueue | undefined, what: string): JobQueue {
  if (queue === undefined) throw new AgentError('agent.not-running', { what })
  return queue
}
