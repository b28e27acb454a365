import { z } from 'zod'
import {
  bytes,
  count,
  failure,
  fileWarning,
  id,
  instantMs,
  list,
  name,
  optional,
  text,
  time,
  type Value,
} from '../bounds.ts'
import type { JobId, PointId } from '../ids.ts'

/** How a job that was waited for has ended. */
export const jobEnd = z.object({
  id: id<JobId>(),
  state: z.enum(['completed', 'completed with warnings', 'waiting', 'failed', 'cancelled']),
  startedAt: time,
  finishedAt: time,
})
export type JobEnd = Value<typeof jobEnd>

export const backupOptions = z.object({
  /** A run that a schedule asked for, the agent's or somebody's own; else it is on demand. */
  scheduled: optional(z.boolean()),
  /** On demand: the point's own date. */
  keepUntilMs: optional(instantMs),
  accept: z.boolean(),
})
export type BackupOptions = Value<typeof backupOptions>

export const backupDocument = z.object({
  job: jobEnd,
  point: z
    .object({
      id: id<PointId>(),
      seq: count,
      kind: text,
      /** True once every vault of the item has confirmed it; false: `vaults` says which wait. */
      confirmed: z.boolean(),
    })
    .nullable(),
  /** Earlier points that waited for a vault of the item, and have come there with this run. */
  caughtUp: optional(list(id<PointId>(), 10_000)),
  /** The vaults of the item; `failure` says why one waits. None has confirmed it: the point is in the cache only. */
  vaults: list(z.object({ name, confirmed: z.boolean(), failure: optional(failure) }), 100),
  files: z.object({ seen: count, read: count, changed: count, deleted: count, failed: count }),
  /** `read` from the source, `new` before compression, `stored` in chunk files, `total` of the point. */
  bytes: z.object({ read: bytes, new: bytes, stored: bytes, total: bytes }),
  /** Bytes of the vault objects put by this run. */
  transferred: bytes,
  /** `full`: everything was looked at; `journal`: only what the watcher had told of. `reason` says why, in words. */
  scan: z.object({
    kind: z.enum(['full', 'journal']),
    watcher: z.enum(['fanotify', 'chokidar', 'folders', 'none']),
    reason: text,
  }),
  warnings: list(fileWarning),
  remarks: list(text),
  /** Set when the point was captured but no vault took it (yet). */
  failure: optional(failure),
})
export type BackupDocument = Value<typeof backupDocument>
