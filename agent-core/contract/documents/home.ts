/** What belongs to this machine: its cache, its settings, how it is. */
import { z } from 'zod'
import { bytes, count, list, name, optional, path, text, type Value } from '../bounds.ts'
import { weekdays } from '../policy.ts'

const payload = z.object({ files: count, bytes })

export const cacheDocument = z.object({
  folder: path,
  /** Bytes that payload may take. */
  budget: bytes,
  budgetIsDefault: z.boolean(),
  /** Bytes that payload takes: all of it but what is linked with a vault on the same file system. */
  used: bytes,
  /** Payload that a vault has not confirmed yet. */
  waiting: payload,
  /** Payload that vaults hold, kept for quick restores. */
  instant: payload.extend({ days: count }),
  /** Payload of either kind that is one copy with a vault's. */
  linked: payload,
  /** The base beside the payload; it does not count for the budget. */
  base: z.object({ bytes, setAside: list(z.object({ file: path, bytes })) }),
  /** Bytes free on the disk that holds it. */
  free: bytes,
})
export type CacheDocument = Value<typeof cacheDocument>

export const cacheMoved = z.object({ from: path, folder: path, files: count, bytes, remarks: list(text) })
export type CacheMoved = Value<typeof cacheMoved>

export const cacheRebuilt = z.object({
  folder: path,
  /** Where the base from before is; null when there was none. */
  setAside: path.nullable(),
  vaults: list(z.object({ name, chunkFiles: count, points: count })),
  remarks: list(text),
})
export type CacheRebuilt = Value<typeof cacheRebuilt>

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)

/**
 * From `from` until `to` on these days, `HH:MM` on the clocks of this computer. Hours that end before they begin, or as they
 * do, end on the day after.
 */
const workHours = z.object({ days: list(z.enum(weekdays), 7), from: timeOfDay, to: timeOfDay })
export type WorkHours = Value<typeof workHours>

export const settingsDocument = z.object({
  /** Bytes; null: computed from what is protected and what is free. */
  cacheBudget: bytes.nullable(),
  instantDays: count,
  /** Backups work in one thread, and only when nothing else wants the processor or the disk. */
  gentle: z.boolean(),
  /** Every chunk file of a vault is read once in so many days, when "vault verify" runs regularly. */
  verifyDays: count,
  /** So long deleted points can be brought back. */
  trashDays: count,
  /** Bytes a second that uploads to servers keep to; null: no limit. */
  uploadLimit: bytes.nullable(),
  /** What they keep to in work hours instead; null: as at any other time. */
  workUploadLimit: bytes.nullable(),
  workHours,
})
export type SettingsDocument = Value<typeof settingsDocument>

/** What is left out stays; null goes back to the default. */
export const settingsChange = z.object({
  cacheBudget: optional(bytes.nullable()),
  instantDays: optional(count.nullable()),
  gentle: optional(z.boolean().nullable()),
  verifyDays: optional(count.nullable()),
  trashDays: optional(count.nullable()),
  uploadLimit: optional(bytes.nullable()),
  workUploadLimit: optional(bytes.nullable()),
  workHours: optional(workHours.nullable()),
})
export type SettingsChange = Value<typeof settingsChange>

export const doctorDocument = z.object({
  product: text,
  node: text,
  platform: text,
  home: path,
  checks: list(
    z.object({
      name: text,
      state: z.enum(['good', 'warning', 'bad']),
      detail: text,
      advice: optional(text),
      /** That of the error behind what is bad, where it is one of the table. */
      exitCode: optional(count),
    }),
  ),
})
export type DoctorDocument = Value<typeof doctorDocument>
