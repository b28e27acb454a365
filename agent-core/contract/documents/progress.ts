/** How far a long operation has come. */
import { z } from 'zod'
import { bytes, count, optional, text, type Value } from '../bounds.ts'

export const phases = ['snapshot', 'estimate', 'capture', 'transfer', 'verify', 'commit', 'merge', 'restore'] as const
export type Phase = (typeof phases)[number]

/** One state of a task; its counters belong to the phase, its warnings to the whole. */
export const progress = z.object({
  phase: z.enum(phases),
  filesDone: count,
  filesExpected: optional(count),
  bytesDone: bytes,
  bytesExpected: optional(bytes),
  /** What is being worked on, for people. */
  current: optional(text),
  /** Set while nothing goes on before something else has: the vault has to take what was captured. */
  waitsFor: optional(z.literal('vault')),
  /** Count of warnings so far. */
  warnings: count,
})
export type Progress = Value<typeof progress>
