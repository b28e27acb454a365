import type { AgentError } from '../base/agent-error.ts'
import type { Log } from '../base/log.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { ItemId, VaultId } from '../contract/ids.ts'
import { decodePointManifest, encodePointManifest, type PointManifest } from '../format/point.ts'
import type { Vault } from '../vault/vault.ts'

/**
 * The point that the next capture is compared with: the base's latest one while the vault still has it
 * or waits for it, else the vault's newest, which becomes the base. Throws what the store throws.
 */
export async function findLastPoint(
  item: ItemId,
  deps: { readonly base: BaseDb; readonly vault: Vault | AgentError; readonly vaultId: VaultId; readonly log: Log },
  isReachable: boolean,
): Promise<{ readonly manifest: PointManifest; readonly object: Uint8Array } | undefined> {
  const { base, vault, vaultId, log } = deps
  const local = base.latestPoint(item)
  const known = local && { manifest: decodePointManifest(local.manifest, 'captured point'), object: local.object }
  if (!isReachable || !('store' in vault)) return known
  const inVault = (await vault.listPoints(item)).filter((point) => point.confirmationName !== undefined)
  if (local !== undefined) {
    const isThere = inVault.some((point) => point.point === local.id)
    if (isThere || base.unconfirmedPoints(vaultId).some((point) => point.id === local.id)) return known
    log.warn('the vault does not have the last point any more; everything is compared anew', { point: local.id })
    base.forgetItem(item)
  }
  const newest = inVault.at(-1)
  if (newest === undefined) return undefined
  const { manifest, object } = await vault.readPoint(newest)
  const { id, sequence } = manifest
  base.adoptPoint({ id, item, sequence, manifest: encodePointManifest(manifest), object })
  return { manifest, object }
}
