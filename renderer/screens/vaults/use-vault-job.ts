/** The job of a kind that is under way for a vault, and how the last one ended. */
import type { JobDocument, JobKind } from '../../../agent-core/contract/index.ts'
import { isLive, mergeJobs } from '../../client/job-list.ts'
import { useAsk, useJobs } from '../../client/use-agent.ts'

/** Older jobs are not looked for. */
const lookedAt = 200

export function useVaultJob(
  kind: JobKind,
  vault: string,
  isResult: (job: JobDocument) => boolean = () => true,
): { readonly live: JobDocument | undefined; readonly last: JobDocument | undefined } {
  const { value } = useJobs()
  const { answer } = useAsk(['jobs', kind], async (agent) => await agent.listJobs({ kind, limit: lookedAt }))
  const jobs = mergeJobs(answer ?? [], value).filter((job) => job.kind === kind && job.vault === vault)
  return { live: jobs.find(isLive), last: jobs.find((job) => !isLive(job) && isResult(job)) }
}
