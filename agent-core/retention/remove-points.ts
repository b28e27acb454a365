/** Removal of points in the order of docs/format/points.md: tombstones, then confirmation, manifest and marks of each. */
import type { Tombstone } from '../format/tombstones.ts'
import { foldLedger, writeTombstones } from '../vault/tombstone-ledger.ts'
import type { Vault } from '../vault/vault.ts'
import type { VaultPoint } from './vault-contents.ts'

/** A point that goes, and why, in words. */
export interface RemovablePoint {
  readonly point: VaultPoint
  readonly reason: string
}

/** Removes points that an open intent names and that are to go after a second look. Cut off, the next call goes on. */
export async function removePoints(
  vault: Vault,
  points: readonly RemovablePoint[],
  by: { readonly who: string; readonly nowMs: number; readonly signal: AbortSignal },
): Promise<void> {
  if (points.length === 0) return
  const tombstones: Tombstone[] = points
    .filter(({ point }) => !point.hasTombstone)
    .map(({ point, reason }) => ({
      point: point.manifest.id,
      item: point.manifest.item,
      sequence: point.manifest.sequence,
      sha256: point.sha256,
      removedAtMs: by.nowMs,
      who: by.who,
      reason,
    }))
  await writeTombstones(vault, tombstones)
  for (const { point } of points) {
    by.signal.throwIfAborted()
    await removePoint(vault, point)
  }
  await foldLedger(vault)
}

async function removePoint({ store, layout }: Vault, { manifest }: VaultPoint): Promise<void> {
  const { item, sequence, id } = manifest
  await store.delete(layout.confirmation(item, sequence, id))
  await store.delete(layout.point(item, sequence, id))
  const marks: string[] = []
  for await (const { name } of store.list(layout.pointMarks(id))) marks.push(name)
  for (const name of marks) await store.delete(name)
}
