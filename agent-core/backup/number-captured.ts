/**
 * Points that were captured while the vault was away may carry numbers that it has given already: the base was lost
 * then, or another home wrote meanwhile. Before they are sent, they are numbered after the vault's newest point, so
 * that the newest point is the one captured last.
 */
import type { BaseDb } from '../cache/base-db.ts'
import { sha256 } from '../codec/block-id.ts'
import type { ItemId, PointId } from '../contract/ids.ts'
import { decodePointManifest, encodePointManifest, type PointManifest } from '../format/point.ts'
import { readObject } from '../vault/read-object.ts'
import type { Vault } from '../vault/vault.ts'

interface Newest {
  readonly id: PointId
  readonly sequence: number
  readonly object: () => Promise<Uint8Array>
}

/** Numbers the points that wait for `vault`. Throws what the store throws; what was done stays done. */
export async function numberCaptured(deps: {
  readonly base: BaseDb
  readonly vault: Vault
  readonly sealPoint: (manifest: PointManifest) => Buffer
}): Promise<void> {
  const { base, vault, sealPoint } = deps
  const newest = new Map<ItemId, Newest | undefined>()
  for (const point of base.unconfirmedPoints(vault.id)) {
    const { id, item } = point
    if (!newest.has(item)) newest.set(item, await newestOther(base, vault, item))
    const before = newest.get(item)
    let manifest = decodePointManifest(point.manifest, 'captured point')
    let { object } = point
    // What another vault has confirmed keeps its number everywhere.
    const isLate = before !== undefined && manifest.sequence <= before.sequence && !base.isConfirmed(id)
    if (isLate && (await vault.store.stat(vault.layout.point(item, manifest.sequence, id))) === undefined) {
      const parent = { id: before.id, sha256: sha256(await before.object()) }
      manifest = { ...manifest, sequence: before.sequence + 1, parent }
      object = sealPoint(manifest)
      base.renumber({ id, item, sequence: manifest.sequence, manifest: encodePointManifest(manifest), object })
    }
    newest.set(item, { id, sequence: manifest.sequence, object: () => Promise.resolve(object) })
  }
}

/** The newest confirmed point of an item that is not waiting itself; it need not be whole. */
async function newestOther(base: BaseDb, vault: Vault, item: ItemId): Promise<Newest | undefined> {
  const waiting = new Set(base.unconfirmedPoints(vault.id).map(({ id }) => id))
  const listed = (await vault.listPoints(item)).findLast(
    ({ point, confirmationName }) => confirmationName !== undefined && !waiting.has(point),
  )
  if (listed === undefined) return undefined
  const { point, sequence } = listed
  return { id: point, sequence, object: () => readObject(vault.store, vault.layout.point(item, sequence, point)) }
}
