import { expect, test } from 'vitest'
import type { JobDocument } from '../../agent-core/contract/index.ts'
import { addJobs, endedJobs, mergeJobs } from './job-list.ts'

const job = (id: string, revision: number, finishedAt: string | null = null): JobDocument => ({
  id: id as JobDocument['id'],
  revision,
  kind: 'backup',
  item: 'docs',
  vault: null,
  state: finishedAt === null ? 'running' : 'completed',
  reason: null,
  trigger: 'person',
  queuedAt: `2026-11-26T12:00:0${id}Z`,
  startedAt: null,
  finishedAt,
  progress: null,
  result: null,
  error: null,
})

test('the state comes first, then changes; an older change never wins', () => {
  const first = addJobs(undefined, { revision: 5, jobs: [job('1', 3), job('2', 5)] })
  const next = addJobs(first, { revision: 7, job: job('1', 7, '2026-11-26T12:01:00Z') })
  const late = addJobs(next, { revision: 6, job: job('1', 6) })
  expect(late.revision).toBe(7)
  expect(late.byId.get('1')?.state).toBe('completed')
  expect(endedJobs(first, next).map(({ id }) => id)).toEqual(['1'])
  expect(endedJobs(next, late)).toEqual([])
  expect(endedJobs(undefined, next)).toEqual([])
})

test('jobs that were asked for and those that were heard of, newest first', () => {
  const heard = addJobs(undefined, { revision: 9, jobs: [job('3', 9), job('2', 8)] })
  expect(mergeJobs([job('1', 1), job('2', 4)], heard).map(({ id, revision }) => [id, revision])).toEqual([
    ['3', 9],
    ['2', 8],
    ['1', 1],
  ])
})
