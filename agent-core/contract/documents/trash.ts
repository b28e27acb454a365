/** What becomes of points and items: trash, stop, and the PIN that guards both. */
import { z } from 'zod'
import { count, list, name, text, time, type Value } from '../bounds.ts'

/** A point in the trash. */
export const softDeletion = z.object({
  at: time,
  /** Until then it can be brought back. */
  until: time,
  who: text,
  reason: text.nullable(),
})

/** Why an item is not backed up. */
export const itemStop = z.object({
  at: time,
  /** What became of its points: kept as they are, or put into the trash. */
  data: z.enum(['retained', 'deleted']),
  /** Until then deleted points can be brought back. */
  until: time.nullable(),
  who: text,
  reason: text.nullable(),
})

/** An item that was stopped or goes on. */
export const stoppedDocument = z.object({
  item: name,
  stopped: itemStop.nullable(),
  /** Points that were put into the trash or brought back, and points that are held. */
  points: count,
  held: count,
})
export type StoppedDocument = Value<typeof stoppedDocument>

export const recoveryCodeDocument = z.object({
  name,
  /** Shown once; opens the vault like the passphrase. */
  recoveryCode: text,
  remarks: list(text),
})
export type RecoveryCodeDocument = Value<typeof recoveryCodeDocument>

/** A vault that this home knows no more. */
export const removedVault = z.object({
  name,
  /** Items that went to it alone, and are forgotten with it. */
  items: list(name),
  /** Points that waited for it, and are given up. */
  waitingPoints: count,
})
export type RemovedVault = Value<typeof removedVault>

export const pinDocument = z.object({
  set: z.boolean(),
  /** So long the PIN is not asked for again. */
  unlockedSeconds: count,
  /** So long no PIN is taken, after wrong tries. */
  waitSeconds: count,
})
export type PinDocument = Value<typeof pinDocument>
