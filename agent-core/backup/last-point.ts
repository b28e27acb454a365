import { isAgentError } from '../base/agent-error.ts'
import type { Log } from '../base/log.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import { openObject } from '../codec/seal-object.ts'
import type { ItemId, VaultId } from '../contract/ids.ts'
import { decodePointManifest, encodePointManifest, type PointManifest } from '../format/point.ts'
import { keyspaceLayout } from '../format/vault-layout.ts'
import type { ListedPoint, ReadPoint, Vault } from '../vault/vault.ts'

export interface LastPoint {
  readonly manifest: PointManifest
  readonly object: Uint8Array
}

/** Where the next point of an item goes on. */
export interface PointSeries {
  readonly last: LastPoint | undefined
  readonly nextSequence: number
}

/**
 * Compares the latest captured point of an item with its sealed object, since a base may rot where SQLite does not see
 * it: a manifest that differs is put right, a point whose object does not open is forgotten.
 */
export function mendLatestPoint(
  item: ItemId,
  deps: { readonly base: BaseDb; readonly keys: KeyspaceKeys; readonly log: Log },
): void {
  const { base, keys, log } = deps
  const point = base.latestPoint(item)
  if (point === undefined) return
  const { id, sequence } = point
  try {
    const name = keyspaceLayout(keys.keyspace).point(item, sequence, id)
    const manifest = openObject(keys, 'point', name, point.object)
    if (Buffer.compare(manifest, point.manifest) === 0) return
    log.warn('the manifest of the last point was damaged here; it is taken from its sealed object', { point: id })
    base.renumber({ ...point, manifest })
  } catch (error) {
    if (!isAgentError(error, 'format.invalid')) throw error
    log.warn('the last point was damaged here and is forgotten', { point: id, reason: error.message })
    base.forgetItem(item)
  }
}

/** The series as the base knows it. */
export function pointSeriesHere(item: ItemId, base: BaseDb): PointSeries {
  const local = base.latestPoint(item)
  const last = local && { manifest: decodePointManifest(local.manifest, 'captured point'), object: local.object }
  return { last, nextSequence: (local?.sequence ?? 0) + 1 }
}

/** What a vault says of an item's series. */
export interface VaultStanding {
  readonly vault: VaultId
  /** It has confirmed the latest point here and none after it, or waits for that point. */
  readonly isCurrent: boolean
  /** Highest number of a point there; 0 for none. */
  readonly highest: number
  /** Its newest confirmed point; read only where it is not current. */
  readonly newest: ReadPoint | undefined
}

/** Throws what the store throws. */
export async function readStanding(item: ItemId, base: BaseDb, vault: Vault): Promise<VaultStanding> {
  const here = pointSeriesHere(item, base)
  const listed = await vault.listPoints(item)
  const highest = Math.max(0, ...listed.map((point) => point.sequence))
  const confirmed = listed.filter((point) => point.confirmationName !== undefined)
  const isCurrent =
    here.last !== undefined && (await isNewest(here.last.manifest, confirmed.at(-1)?.sequence ?? 0, base, vault))
  return { vault: vault.id, isCurrent, highest, newest: isCurrent ? undefined : await newestReadable(confirmed, vault) }
}

/** A damaged point is gone past: a backup that is compared with the one before it is none the worse. */
async function newestReadable(confirmed: readonly ListedPoint[], vault: Vault): Promise<ReadPoint | undefined> {
  for (const point of confirmed.toReversed()) {
    try {
      return await vault.readPoint(point)
    } catch (error) {
      if (!isAgentError(error, 'format.invalid')) throw error
    }
  }
  return undefined
}

/**
 * The point that the next capture is compared with: the base's latest one while a vault has it and none has a newer one,
 * else the newest of the vaults, which becomes the base (the base was lost or put back from an older copy, or the vault
 * was). `isComplete`: all vaults of the item have answered. Tells which of those that answered lack that point.
 */
export function decideSeries(
  item: ItemId,
  standings: readonly VaultStanding[],
  deps: { readonly base: BaseDb; readonly log: Log; readonly isComplete: boolean },
): PointSeries & { readonly lacking: readonly VaultId[] } {
  const { base, log, isComplete } = deps
  const here = pointSeriesHere(item, base)
  const nextSequence = Math.max(here.nextSequence - 1, ...standings.map(({ highest }) => highest)) + 1
  const others = standings.filter(({ isCurrent }) => !isCurrent)
  const [newest] = others
    .filter((standing) => standing.newest !== undefined)
    .toSorted((a, b) => sequenceOf(b) - sequenceOf(a))
  const isHeld = others.length < standings.length || !isComplete
  const isSuperseded = newest !== undefined && sequenceOf(newest) > (here.last?.manifest.sequence ?? 0)
  if (here.last !== undefined && isHeld && !isSuperseded) {
    return { last: here.last, nextSequence, lacking: others.map(({ vault }) => vault) }
  }
  if (here.last !== undefined) {
    log.warn('the last point here is not the newest of the vault; the vault decides', { point: here.last.manifest.id })
    base.forgetItem(item)
  }
  const last = newest?.newest
  if (newest === undefined || last === undefined) return { last: undefined, nextSequence, lacking: [] }
  const { id, sequence } = last.manifest
  base.adoptPoint(newest.vault, {
    id,
    item,
    sequence,
    manifest: encodePointManifest(last.manifest),
    object: last.object,
  })
  const lacking = standings.filter((standing) => standing.newest?.manifest.id !== id).map(({ vault }) => vault)
  return { last, nextSequence, lacking }
}

function sequenceOf({ newest }: VaultStanding): number {
  return newest?.manifest.sequence ?? 0
}

/** The series with one vault alone. Throws what the store throws; the base is then as it was. */
export async function findPointSeries(
  item: ItemId,
  deps: { readonly base: BaseDb; readonly vault: Vault; readonly log: Log },
): Promise<PointSeries> {
  const standing = await readStanding(item, deps.base, deps.vault)
  const { last, nextSequence } = decideSeries(item, [standing], { ...deps, isComplete: true })
  return { last, nextSequence }
}

/** Asks the vault for the point's own name, since a listing may lag behind. */
async function isNewest(here: PointManifest, newest: number, base: BaseDb, vault: Vault): Promise<boolean> {
  const { id, item, sequence } = here
  if (base.unconfirmedPoints(vault.id).some((point) => point.id === id)) return true
  if (sequence < newest) return false
  return (await vault.store.stat(vault.layout.confirmation(item, sequence, id))) !== undefined
}
