import { z } from 'zod'
import { id, list, name, optional } from '../bounds.ts'
import { backupOptions } from '../documents/backup.ts'
import { jobDetails, jobDocument, jobFilter, jobsEvent } from '../documents/job.ts'
import { overviewDocument, overviewEvent, pauseDocument, pauseUntil } from '../documents/overview.ts'
import { pruneOptions } from '../documents/prune.ts'
import { restoreRequest } from '../documents/restore.ts'
import { verifyOptions } from '../documents/vault.ts'
import type { JobId } from '../ids.ts'
import { call, feed } from '../verb.ts'

const jobId = id<JobId>()
const sinceRevision = ['since', z.object({ revision: optional(z.int().min(0)) })] as const

export const jobVerbs = {
  listJobs: call({
    about: 'Jobs, newest first.',
    parameters: [['filter', jobFilter]],
    answer: list(jobDocument, 1000),
  }),
  showJob: call({
    about: 'One job: its phases, warnings by cause, log. `job` is an id or the beginning of one.',
    parameters: [['job', z.string().regex(/^[0-9a-f]{1,32}$/)]],
    answer: jobDetails,
  }),
  watchJobs: feed({
    about: 'The jobs that have changed since a revision, then each change.',
    parameters: [sinceRevision],
    answer: jobsEvent,
  }),
  cancelJob: call({
    about: 'Stops a job that is not over; what it has done is kept.',
    parameters: [['job', jobId]],
    answer: jobDocument,
  }),
  startBackup: call({
    about:
      'Queues a backup and answers with its job at once; it goes on whether the client stays or not. Needs a running agent.',
    parameters: [
      ['item', name],
      ['options', backupOptions],
    ],
    answer: jobDocument,
  }),
  startRestore: call({
    about: 'As `startBackup`: a restore.',
    parameters: [['request', restoreRequest]],
    answer: jobDocument,
  }),
  startVerify: call({
    about: 'As `startBackup`: a verification of a vault.',
    parameters: [
      ['name', name],
      ['options', verifyOptions],
    ],
    answer: jobDocument,
  }),
  startPrune: call({
    about: 'As `startBackup`: a clean-up of a vault.',
    parameters: [
      ['name', name],
      ['options', pruneOptions],
    ],
    answer: jobDocument,
  }),
  startReplication: call({
    about: 'As `startBackup`: brings the replica of a vault up to date.',
    parameters: [['name', name]],
    answer: jobDocument,
  }),
  overview: call({
    about: 'Each item: is it protected, last point, next run, live job, 30 days of results, sizes.',
    parameters: [],
    answer: overviewDocument,
  }),
  watchOverview: feed({
    about:
      'The overview, then the whole of it again when it has changed (progress of live jobs at most four times a second).',
    parameters: [sinceRevision],
    answer: overviewEvent,
  }),
  pauseSchedules: call({
    about: 'Lets all schedules rest until then. What they miss is caught up once afterwards.',
    parameters: [['until', pauseUntil]],
    answer: pauseDocument,
  }),
  resumeSchedules: call({ about: 'Ends the pause of the schedules.', parameters: [], answer: pauseDocument }),
}
