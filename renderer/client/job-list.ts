/** The jobs that the agent has told of, put together from the events of `watchJobs`. Pure. */
import type { JobDocument, JobsEvent } from '../../agent-core/contract/index.ts'

export interface JobList {
  readonly revision: number
  readonly byId: ReadonlyMap<string, JobDocument>
}

/** What is remembered; older jobs are asked for. */
const most = 2000

export function addJobs(list: JobList | undefined, event: JobsEvent): JobList {
  const byId = new Map(list?.byId)
  for (const job of 'jobs' in event ? event.jobs : [event.job]) {
    const known = byId.get(job.id)
    // A change that was overtaken by a newer one.
    if (known === undefined || known.revision <= job.revision) byId.set(job.id, job)
  }
  for (const id of byId.keys()) {
    if (byId.size <= most) break
    byId.delete(id)
  }
  return { revision: Math.max(list?.revision ?? 0, event.revision), byId }
}

/** Jobs of both lists, the newer state of each, newest first. */
export function mergeJobs(older: readonly JobDocument[], list: JobList | undefined): readonly JobDocument[] {
  const byId = new Map(older.map((job) => [job.id as string, job]))
  for (const [id, job] of list?.byId ?? []) {
    const known = byId.get(id)
    if (known === undefined || known.revision < job.revision) byId.set(id, job)
  }
  return [...byId.values()].sort((a, b) => b.queuedAt.localeCompare(a.queuedAt) || b.revision - a.revision)
}

export function isLive(job: Pick<JobDocument, 'finishedAt'>): boolean {
  return job.finishedAt === null
}

/** Jobs that were live in `before` and are over in `after`. */
export function endedJobs(before: JobList | undefined, after: JobList): readonly JobDocument[] {
  return [...after.byId.values()].filter((job) => {
    const was = before?.byId.get(job.id)
    return !isLive(job) && (was === undefined ? before !== undefined : isLive(was))
  })
}
