/** Which jobs the table shows. Pure. */
import type { JobDocument, JobKind, JobState } from '../../../agent-core/contract/index.ts'

export interface JobsFilter {
  readonly item: 'all' | `item:${string}`
  readonly kind: JobKind | 'all'
  readonly outcome: 'all' | 'good' | 'trouble' | 'other'
}

export function matchesFilter(job: Pick<JobDocument, 'item' | 'kind' | 'state'>, filter: JobsFilter): boolean {
  if (filter.item !== 'all' && `item:${job.item ?? ''}` !== filter.item) return false
  if (filter.kind !== 'all' && job.kind !== filter.kind) return false
  return filter.outcome === 'all' || outcomeOf(job.state) === filter.outcome
}

function outcomeOf(state: JobState): JobsFilter['outcome'] | 'live' {
  switch (state) {
    case 'completed':
      return 'good'
    case 'completed with warnings':
    case 'failed':
    case 'interrupted':
    case 'waiting':
      return 'trouble'
    case 'cancelled':
    case 'skipped':
      return 'other'
    case 'queued':
    case 'running':
    case 'paused':
      return 'live'
  }
}
