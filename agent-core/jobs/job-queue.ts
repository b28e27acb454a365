/**
 * The queue of the agent. Jobs that write the base or a vault run one after the other, in the order in which they came;
 * the others run at once. While another process holds the home folder, a writing job waits for it and tries again.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { JobId } from '../contract/ids.ts'
import type { CallContext } from '../contract/verb.ts'
import type { JobRecord } from '../state/job-table.ts'
import type { JobBook, JobOrder } from './job-book.ts'
import type { JobOutcome } from './job-outcome.ts'
import { type JobListener, type JobRunner, type JobWork, runJob } from './job-runner.ts'

const retryLockMs = 5000

export interface SubmittedJob<Result> {
  readonly job: JobRecord
  /** The answer of the job; rejects with what it throws. */
  readonly done: Promise<Result>
}

interface LiveJob {
  readonly order: JobOrder
  readonly stop: AbortController
  readonly ended: Promise<unknown>
}

/** With this reason a signal aborts what is to go on when the agent runs again. */
class AgentStops extends Error {
  override readonly name = 'AgentStops'
}

export class JobQueue implements JobRunner {
  readonly #book: JobBook
  readonly #clock: Clock
  readonly #live = new Map<JobId, LiveJob>()
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(book: JobBook, clock: Clock) {
    this.#book = book
    this.#clock = clock
  }

  async run<Result>(
    order: JobOrder & { readonly writes: boolean },
    context: CallContext,
    work: JobWork<Result>,
  ): Promise<Result> {
    return await this.submit(order, context, work).done
  }

  /** Queues a job. Its signal is the context's, or `cancel`, or the end of the agent. */
  submit<Result>(
    order: JobOrder & { readonly writes: boolean },
    context: CallContext,
    work: JobWork<Result>,
  ): SubmittedJob<Result> {
    if (this.#closed) throw new AgentError('agent.stopping', {})
    const job = this.#book.add(order)
    const stop = new AbortController()
    const signal = context.signal === undefined ? stop.signal : AbortSignal.any([context.signal, stop.signal])
    const begin = async () => await this.#runInTurn(job, { ...context, signal }, work)
    const done = order.writes ? this.#turn.then(begin) : begin()
    const ended = done.then(
      () => {},
      () => {},
    )
    if (order.writes) this.#turn = ended
    this.#live.set(job.id, { order, stop, ended })
    void ended.then(() => this.#live.delete(job.id))
    return { job, done }
  }

  /** True while no job is queued or runs. */
  get isIdle(): boolean {
    return this.#live.size === 0
  }

  /** True while a job of that kind, and of that item or vault, is queued or runs. */
  has(kind: JobOrder['kind'], subject: string): boolean {
    return [...this.#live.values()].some(({ order }) => order.kind === kind && (order.item ?? order.vault) === subject)
  }

  /** Stops a job and resolves once it has ended. Throws `job.over` when it is none of those that are live here. */
  async cancel(id: JobId): Promise<void> {
    const live = this.#live.get(id)
    if (live === undefined) throw new AgentError('job.over', { job: id })
    live.stop.abort(new Error('cancelled'))
    await live.ended
  }

  /** Takes no more jobs, stops those that run, so that they go on another time, and resolves once they have ended. */
  async close(): Promise<void> {
    this.#closed = true
    const all = [...this.#live.values()]
    for (const { stop } of all) stop.abort(new AgentStops('the agent stops'))
    await Promise.all(all.map(({ ended }) => ended))
  }

  async #runInTurn<Result>(job: JobRecord, context: CallContext, work: JobWork<Result>): Promise<Result> {
    const signal = context.signal as AbortSignal
    for (;;) {
      if (signal.aborted) {
        this.#book.finish(job.id, stoppedOutcome(signal))
        throw signal.reason as Error
      }
      try {
        return await this.#runOnce(job, context, work)
      } catch (error) {
        if (!(error instanceof LockedElsewhere)) throw error
        await this.#clock.delay(retryLockMs, signal).catch(() => {})
      }
    }
  }

  async #runOnce<Result>(job: JobRecord, context: CallContext, work: JobWork<Result>): Promise<Result> {
    const signal = context.signal as AbortSignal
    const book = this.#book
    let locked: string | undefined
    const listener: JobListener = {
      progress: (id, progress) => book.progress(id, progress),
      finish: (id, outcome) => {
        if (locked !== undefined) book.wait(id, locked)
        else book.finish(id, signal.aborted && outcome.state === 'cancelled' ? stoppedOutcome(signal) : outcome)
      },
    }
    const careful: JobWork<Result> = async (given) => {
      try {
        return await work(given)
      } catch (error) {
        if (!isAgentError(error, 'home.locked') || signal.aborted) throw error
        locked = error.message
        throw new LockedElsewhere(error.message, { cause: error })
      }
    }
    book.start(job.id)
    return await runJob(listener, job, context, careful)
  }
}

/** Another process writes to the home folder. */
class LockedElsewhere extends Error {}

function stoppedOutcome({ reason }: AbortSignal): JobOutcome {
  const nothing = { result: null, warnings: [], error: null }
  if (reason instanceof AgentStops) {
    return { ...nothing, state: 'interrupted', reason: 'The agent was stopped; what was done so far is kept.' }
  }
  return { ...nothing, state: 'cancelled', reason: 'What was done so far is kept.' }
}
