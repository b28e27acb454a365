import { z } from 'zod'
import {
  bytes,
  count,
  fileWarning,
  id,
  list,
  name,
  optional,
  path,
  shownPath,
  text,
  time,
  type Value,
} from '../bounds.ts'
import type { ChunkFileName, PointId } from '../ids.ts'
import { tier } from './item.ts'
import { keptBecause } from './policy.ts'
import { softDeletion } from './trash.ts'

export const chunkFileName = z.string().regex(/^[0-9a-f]{64}$/) as unknown as z.ZodType<ChunkFileName, ChunkFileName>

export const pointDocument = z.object({
  id: id<PointId>(),
  seq: count,
  time,
  kind: text,
  /** The latest date of what keeps it; null: no date is known (held, or only as the newest), or it is expired. */
  keptUntil: time.nullable(),
  /** Everything that keeps it now. */
  keptBecause: list(keptBecause, 100),
  /** Since when nothing keeps it and the next clean-up may take it away; null: it is kept. */
  expiredSince: time.nullable(),
  held: z.boolean(),
  /** Set while it is in the trash. */
  deleted: softDeletion.nullable(),
  partial: z.boolean(),
  tiers: list(tier, 2),
  /** Names of the item's vaults that have confirmed it. */
  vaults: list(name, 100),
  /**
   * Why its manifest cannot be read; null: it can. Then the time is that at which it was stored, its kind is `unknown`, and files
   * and bytes are 0.
   */
  damaged: text.nullable(),
  files: count,
  bytes: z.object({ total: bytes, read: bytes, new: bytes, stored: bytes }),
})
export type PointDocument = Value<typeof pointDocument>

export const pointDetails = pointDocument.extend({
  item: name,
  machine: text,
  platform: text,
  snapshot: text,
  product: text,
  parent: id<PointId>().nullable(),
  directories: count,
  others: count,
  folders: list(shownPath),
  chunkFiles: list(chunkFileName, 10_000_000),
  warnings: list(fileWarning, 10_000_000),
  missing: list(shownPath, 10_000_000),
})
export type PointDetails = Value<typeof pointDetails>

export const pointFile = shownPath.extend({
  type: text,
  size: bytes,
  mtime: time,
  /** Permission bits in octal, owner and group ids. */
  mode: text,
  uid: z.number(),
  gid: z.number(),
  linkTarget: optional(path),
})
export type PointFile = Value<typeof pointFile>
