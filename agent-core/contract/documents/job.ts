import { z } from 'zod'
import {
  bytes,
  count,
  errorCode,
  failure,
  id,
  list,
  name,
  optional,
  shownPath,
  text,
  time,
  type Value,
} from '../bounds.ts'
import type { JobId, PointId } from '../ids.ts'
import { jobKinds, jobTriggers } from '../verb.ts'
import { phases, progress } from './progress.ts'

/**
 * `queued`: before others of its kind. `waiting`: for the vault, the network or another process; a backup that ended so
 * is captured here and not confirmed. `interrupted`: its process died. `skipped`: always with the reason.
 */
export const jobStates = [
  'queued',
  'waiting',
  'running',
  'paused',
  'interrupted',
  'completed',
  'completed with warnings',
  'failed',
  'cancelled',
  'skipped',
] as const
export type JobState = (typeof jobStates)[number]

/** What a job has done, as far as it is known. */
export const jobResult = z.object({
  files: count,
  bytes,
  /** Warnings of the job, those of files and others. */
  warnings: count,
  /** Of a backup: the point, and the size of all that is in it. */
  point: optional(z.object({ id: id<PointId>(), seq: count, confirmed: z.boolean(), sizeBytes: bytes })),
  /** Of a backup: bytes that its blocks take in chunk files. */
  storedBytes: optional(bytes),
  /** Of a verification: damaged objects. */
  damaged: optional(count),
  /** … those of them that points need and that were not healed. */
  openDamage: optional(count),
  /** Of a clean-up, unless it was a plan: points that went, bytes that came back and that will when they are due. */
  cleanUp: optional(z.object({ points: count, deletedBytes: bytes, announcedBytes: bytes, due: time.nullable() })),
})
export type JobResult = Value<typeof jobResult>

export const jobDocument = z.object({
  id: id<JobId>(),
  /** Changes with every change of the job: the greater, the newer. */
  revision: count,
  kind: z.enum(jobKinds),
  item: name.nullable(),
  vault: name.nullable(),
  state: z.enum(jobStates),
  /** Why it is in that state, or why it ran when it did. */
  reason: text.nullable(),
  trigger: z.enum(jobTriggers),
  queuedAt: time,
  startedAt: time.nullable(),
  /** Null while it is not over. */
  finishedAt: time.nullable(),
  /** While it runs. */
  progress: progress.nullable(),
  result: jobResult.nullable(),
  error: failure.nullable(),
})
export type JobDocument = Value<typeof jobDocument>

/** Warnings with one cause: how many, and the first paths. */
export const warningGroup = z.object({
  code: errorCode,
  message: text,
  advice: text,
  count,
  examples: list(shownPath, 20),
})
export type WarningGroup = Value<typeof warningGroup>

/** A phase that a job went through. */
export const jobPhase = z.object({
  phase: z.enum(phases),
  startedAt: time,
  finishedAt: time.nullable(),
  files: count,
  bytes,
})
export type JobPhase = Value<typeof jobPhase>

export const jobLine = z.object({ time, level: z.enum(['info', 'warning', 'error']), text })
export type JobLine = Value<typeof jobLine>

export const jobDetails = jobDocument.extend({
  phases: list(jobPhase, 1000),
  warnings: list(warningGroup, 1000),
  log: list(jobLine, 10_000),
})
export type JobDetails = Value<typeof jobDetails>

/** Which jobs to show; what is left out does not matter. */
export const jobFilter = z.object({
  item: optional(name),
  kind: optional(z.enum(jobKinds)),
  /** Only those that are not over. */
  live: optional(z.boolean()),
  /** The newest so many; 100 when left out. */
  limit: optional(z.int().min(1).max(1000)),
})
export type JobFilter = Value<typeof jobFilter>

/**
 * First `jobs`: all that have changed since the revision that the reader knows (none: the newest 100 and all that are
 * not over). Then one event for each change of a job, at most four a second and job.
 */
export const jobsEvent = z.union([
  z.object({ revision: count, jobs: list(jobDocument, 10_000) }),
  z.object({ revision: count, job: jobDocument }),
])
export type JobsEvent = Value<typeof jobsEvent>
