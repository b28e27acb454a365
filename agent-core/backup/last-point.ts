import type { AgentError } from '../base/agent-error.ts'
import type { Log } from '../base/log.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { ItemId, VaultId } from '../contract/ids.ts'
import { decodePointManifest, encodePointManifest, type PointManifest } from '../format/point.ts'
import type { Vault } from '../vault/vault.ts'

export interface LastPoint {
  /** What the next capture is compared with; undefined for a first backup. */
  readonly last: { readonly manifest: PointManifest; readonly object: Uint8Array } | undefined
  /** Sequence number of the next point: above all that the base and the vault have used. */
  readonly nextSequence: number
}

/**
 * The point that the next capture is compared with: the base's latest one while it is the vault's newest
 * or waits for the vault, else the vault's newest, which becomes the base (the base was lost or put back
 * from an older copy, or the vault was). Throws what the store throws.
 */
export async function findLastPoint(
  item: ItemId,
  deps: { readonly base: BaseDb; readonly vault: Vault | AgentError; readonly vaultId: VaultId; readonly log: Log },
  isReachable: boolean,
): Promise<LastPoint> {
  const { base, vault, vaultId, log } = deps
  const local = base.latestPoint(item)
  const known = local && { manifest: decodePointManifest(local.manifest, 'captured point'), object: local.object }
  if (!isReachable || !('store' in vault)) return { last: known, nextSequence: (local?.sequence ?? 0) + 1 }
  const listed = await vault.listPoints(item)
  const nextSequence = Math.max(local?.sequence ?? 0, ...listed.map((point) => point.sequence)) + 1
  const newest = listed.findLast((point) => point.confirmationName !== undefined)
  const isWaiting = base.unconfirmedPoints(vaultId).some((point) => point.id === local?.id)
  if (local !== undefined && (isWaiting || newest?.point === local.id)) return { last: known, nextSequence }
  if (local !== undefined) {
    log.warn('the last point here is not the newest of the vault; the vault decides', { point: local.id })
    base.forgetItem(item)
  }
  if (newest === undefined) return { last: undefined, nextSequence }
  const { manifest, object } = await vault.readPoint(newest)
  const { id, sequence } = manifest
  base.adoptPoint({ id, item, sequence, manifest: encodePointManifest(manifest), object })
  return { last: { manifest, object }, nextSequence }
}
