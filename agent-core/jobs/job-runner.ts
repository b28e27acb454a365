/** How a verb that is a job is run: at once in a process of its own, or by the queue of the agent. */
import type { Progress } from '../contract/documents/progress.ts'
import type { JobId } from '../contract/ids.ts'
import type { CallContext } from '../contract/verb.ts'
import type { JobBook, JobOrder } from './job-book.ts'
import { type JobOutcome, outcomeOf, outcomeOfError } from './job-outcome.ts'

export type JobWork<Result> = (context: CallContext) => Promise<Result>

export interface JobRunner {
  /** Runs `work` as a job and gives its answer, or throws what it throws. The context's signal cancels the job. */
  run<Result>(
    order: JobOrder & { readonly writes: boolean },
    context: CallContext,
    work: JobWork<Result>,
  ): Promise<Result>
}

/** What hears how a job goes. */
export interface JobListener {
  progress(id: JobId, progress: Progress): void
  finish(id: JobId, outcome: JobOutcome): void
}

/** Runs a job whose turn it is and tells how it ended. */
export async function runJob<Result>(
  book: JobListener,
  { id, trigger }: { readonly id: JobId; readonly trigger: JobOrder['trigger'] },
  context: CallContext,
  work: JobWork<Result>,
): Promise<Result> {
  const onProgress: CallContext['onProgress'] = (progress) => {
    book.progress(id, progress)
    context.onProgress?.(progress)
  }
  try {
    const result = await work({ ...context, onProgress, job: { id, trigger } })
    book.finish(id, outcomeOf(result))
    return result
  } catch (error) {
    book.finish(id, outcomeOfError(error, context.signal?.aborted === true))
    throw error
  }
}

/** Runs each job at once: for a verb in a process of its own. */
export class OwnProcessRunner implements JobRunner {
  readonly #book: JobBook

  constructor(book: JobBook) {
    this.#book = book
  }

  async run<Result>(order: JobOrder, context: CallContext, work: JobWork<Result>): Promise<Result> {
    const { id, trigger } = this.#book.add(order, true)
    return await runJob(this.#book, { id, trigger }, context, work)
  }
}
