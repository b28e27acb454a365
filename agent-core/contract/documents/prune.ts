import { z } from 'zod'
import { bytes, count, id, list, name, optional, text, time, type Value } from '../bounds.ts'
import type { ItemId, PointId } from '../ids.ts'

export const pruneOptions = z.object({
  /** Says what would be done, and does nothing. */
  plan: optional(z.boolean()),
  /** A machine of the vault, or the beginning of its keyspace's id, that this home need not be; asks for its passphrase. */
  keyspace: optional(name),
  /** Merges until at most this share of the vault is unused. */
  maxUnusedPercent: optional(z.number().min(0).max(100)),
  /** Days between announcing and deleting; 14 when left out. */
  graceDays: optional(z.number().min(0).max(180)),
})
export type PruneOptions = Value<typeof pruneOptions>

/** Chunk files that are announced: they go when they are due. */
const announcedFiles = z.object({ files: count, bytes, due: time.nullable() })

export const pruneDocument = z.object({
  vault: name,
  machine: text,
  /** Nothing was done. */
  plan: z.boolean(),
  /** Points that nothing keeps any more; removed, unless it is a plan or the vault refused. Of a damaged one the time is that of its storing. */
  points: list(z.object({ id: id<PointId>(), item: id<ItemId>(), itemName: text, time, reason: text }), 1_000_000),
  chunkFiles: z.object({
    /** Of which nothing is needed any more. */
    dead: count,
    /** That no index segment names: left by interrupted runs. */
    unindexed: count,
    /** Of which little is needed; that is merged into new ones. */
    sparse: count,
  }),
  bytes: z.object({
    /** In chunk files before this run. */
    before: bytes,
    /** In chunk files now. */
    now: bytes,
    /** Once everything that is announced is deleted, about. */
    afterGrace: bytes,
  }),
  merged: z.object({ files: count, intoFiles: count, intoBytes: bytes }),
  deleted: z.object({ files: count, bytes }),
  /** Announced by this run, or by a plan to be. */
  announced: announcedFiles,
  /** Announced by earlier runs and not due yet; where the vault may not delete, all that could go. */
  waiting: announcedFiles,
  /** Announced chunk files that stay after all: something needs them. */
  takenBack: count,
  /** Why the vault does not let go of what is due; null when it does. */
  refusal: text.nullable(),
  remarks: list(text),
})
export type PruneDocument = Value<typeof pruneDocument>
