import { z } from 'zod'
import { bytes, count, id, list, name, optional, path, shownPath, text, time, type Value } from '../bounds.ts'
import type { ItemId, PointId } from '../ids.ts'
import { itemStop } from './trash.ts'

/** Where a point can be restored from: the cache, the vault. */
export const tier = z.enum(['instant', 'vault'])
export type Tier = Value<typeof tier>

export const itemSettings = z.object({
  folders: list(path, 10_000),
  excludes: list(text, 10_000),
  defaultExcludes: z.boolean(),
  crossMounts: z.boolean(),
  /** Left out: what the policy says. */
  compression: optional(z.enum(['lz4', 'zstd'])),
  /** Name of the policy; left out: the built-in one. */
  policy: optional(name),
})
export type ItemSettings = Value<typeof itemSettings>

/** What is left out stays. */
export const itemChanges = z.object({
  vaults: optional(list(name, 100)),
  folders: optional(itemSettings.shape.folders),
  excludes: optional(itemSettings.shape.excludes),
  defaultExcludes: optional(itemSettings.shape.defaultExcludes),
  crossMounts: optional(itemSettings.shape.crossMounts),
  compression: itemSettings.shape.compression,
  policy: itemSettings.shape.policy,
})
export type ItemChanges = Value<typeof itemChanges>

export const lastPoint = z.object({ id: id<PointId>(), time, tiers: list(tier, 2) })
export type LastPoint = Value<typeof lastPoint>

/** How far one vault of an item is. */
export const itemVaultDocument = z.object({
  name,
  /** The last point that this home knows the vault to have confirmed; null: none is known. */
  confirmed: z.object({ id: id<PointId>(), seq: count, time }).nullable(),
  /** Points of the item that are captured and that the vault has not confirmed; bytes of all that waits for the vault. */
  behind: z.object({ points: count, bytes }),
})
export type ItemVaultDocument = Value<typeof itemVaultDocument>

export const itemDocument = itemSettings.extend({
  id: id<ItemId>(),
  name,
  /** In the order in which they are asked. */
  vaults: list(itemVaultDocument, 100),
  folders: list(shownPath, 10_000),
  compression: z.enum(['lz4', 'zstd']),
  policy: name,
  access: z.enum(['owner', 'read-only']),
  machine: text,
  lastPoint: lastPoint.nullable(),
  /** Set when `lastPoint` is null because the vault could not be asked. */
  lastPointUnknown: optional(z.literal(true)),
  /** Why it is not backed up; null: it is. */
  stopped: itemStop.nullable(),
  /** Default exclusions with their reasons, in `item show`. */
  defaults: optional(list(z.object({ rule: text, reason: text }))),
  remarks: list(text),
})
export type ItemDocument = Value<typeof itemDocument>
