import { z } from 'zod'
import { bytes, count, fileWarning, list, name, optional, path, text, type Value } from '../bounds.ts'
import { jobEnd } from './backup.ts'

export const conflictRule = z.enum(['copy', 'overwrite', 'skip'])
export type ConflictRule = Value<typeof conflictRule>

export const restoreRequest = z.object({
  item: name,
  point: text,
  /** Paths in the point; none: the whole point. */
  paths: list(path),
  /** Folder to restore into, or the original places. */
  target: z.union([z.object({ directory: path }), z.literal('original')]),
  conflict: conflictRule,
  only: optional(z.enum(['missing', 'changed'])),
  /** Restores owners, modes, times, attributes. */
  metadata: z.boolean(),
  /** Restores what gives power: set-user-id bits, capabilities, devices. */
  special: z.boolean(),
})
export type RestoreRequest = Value<typeof restoreRequest>

export const restorePlanDocument = z.object({
  new: count,
  same: count,
  overwritten: count,
  copied: count,
  skipped: count,
  bytes,
  freeBytes: bytes,
  target: path,
  /** The first entries that would not simply be new, for people. */
  examples: list(z.object({ path, action: text })),
})
export type RestorePlanDocument = Value<typeof restorePlanDocument>

export const restoreDocument = z.object({
  job: jobEnd,
  restored: count,
  skipped: count,
  failed: count,
  bytes,
  /** Files were restored, none failed, and every one was read back and compared after it was written. */
  verified: z.boolean(),
  warnings: list(fileWarning),
})
export type RestoreDocument = Value<typeof restoreDocument>
