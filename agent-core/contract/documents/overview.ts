import { z } from 'zod'
import { bytes, count, id, instantMs, list, name, text, time, type Value } from '../bounds.ts'
import type { JobId } from '../ids.ts'
import { jobTriggers } from '../verb.ts'
import { lastPoint } from './item.ts'
import { jobDocument, jobStates } from './job.ts'

/**
 * How an item is: `protected`: its last backup is confirmed in a vault and not too old. `captured`: its last point is in
 * the cache only. `never`: it has no point. `overdue`: the last confirmed point is older than its schedule allows.
 */
export const protectionStates = ['protected', 'warnings', 'captured', 'failed', 'overdue', 'never', 'unknown'] as const
export type ProtectionState = (typeof protectionStates)[number]

export const itemOverview = z.object({
  item: name,
  /** In the order in which they are asked. */
  vaults: list(name, 100),
  protection: z.enum(protectionStates),
  /** Why it is not simply protected; empty when it is. */
  reason: text,
  lastPoint: lastPoint.nullable(),
  /** Of the last point that a vault has confirmed. */
  lastConfirmedAt: time.nullable(),
  nextRunAt: time.nullable(),
  /** From then on it is overdue; null: it has no schedule, or nothing was confirmed yet. */
  overdueAt: time.nullable(),
  /** The job of the item that is queued or runs. */
  liveJob: jobDocument.nullable(),
  /** The last 30 days, oldest first: how the last backup of each (local) day ended; null: there was none. */
  days: list(z.object({ day: z.string().max(10), state: z.enum(jobStates).nullable(), jobs: count }), 31),
  /** Sizes of its points as its backups told them, oldest first. */
  sizes: list(z.object({ time, sizeBytes: bytes, storedBytes: bytes }), 400),
})
export type ItemOverview = Value<typeof itemOverview>

/** What the newest verification of a vault has found that looks at chunk files: damage that points need and nobody has healed. */
export const vaultDamage = z.object({ vault: name, objects: count, foundAt: time, job: id<JobId>() })
export type VaultDamage = Value<typeof vaultDamage>

export const overviewDocument = z.object({
  /** Schedules rest until then; `null`: they do not; `forever`: until somebody resumes them. */
  pausedUntil: z.union([time, z.literal('forever')]).nullable(),
  items: list(itemOverview, 10_000),
  /** Vaults of this home that are damaged. */
  damage: list(vaultDamage, 1000),
})
export type OverviewDocument = Value<typeof overviewDocument>

/** The whole overview, each time that something in it has changed. */
export const overviewEvent = z.object({ revision: count, overview: overviewDocument })
export type OverviewEvent = Value<typeof overviewEvent>

export const pauseDocument = z.object({ pausedUntil: overviewDocument.shape.pausedUntil })
export type PauseDocument = Value<typeof pauseDocument>

/** Until when schedules shall rest. */
export const pauseUntil = z.union([instantMs, z.literal('forever')])

/** What `home/agent/status.json` holds: enough for a tray whose agent has died. */
export const statusFile = z.object({
  version: z.literal(1),
  writtenAt: time,
  pid: count,
  pausedUntil: overviewDocument.shape.pausedUntil,
  items: list(
    z.object({
      item: name,
      protection: z.enum(protectionStates),
      lastConfirmedAt: time.nullable(),
      nextRunAt: time.nullable(),
      /** From then on it is overdue, whether an agent runs or not; null: it has no schedule, or nothing was confirmed yet. */
      overdueAt: time.nullable(),
    }),
    10_000,
  ),
  live: list(z.object({ item: name.nullable(), kind: text, trigger: z.enum(jobTriggers) }), 1000),
})
export type StatusFile = Value<typeof statusFile>
