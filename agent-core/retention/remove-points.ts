/** Removal of points in the order of docs/format/points.md: tombstones, then confirmation, manifest and marks of each. */
import type { PointId } from '../contract/ids.ts'
import type { Tombstone } from '../format/tombstones.ts'
import { parseMarkName } from '../format/vault-layout.ts'
import { inLanes } from '../vault/in-lanes.ts'
import { deleteUnlessLocked } from '../vault/let-go.ts'
import { foldLedger, writeTombstones } from '../vault/tombstone-ledger.ts'
import type { Vault } from '../vault/vault.ts'
import type { VaultPoint } from './vault-contents.ts'

/** Points that are removed at the same time. */
const lanes = 16

/** A point that goes, and why, in words. */
export interface RemovablePoint {
  readonly point: VaultPoint
  readonly reason: string
}

export interface Removal {
  readonly removed: number
  /** Points that Object Lock keeps: they are still there, perhaps without their confirmations. */
  readonly locked: readonly RemovablePoint[]
  /** What is locked until when, of one of them; undefined when none is. */
  readonly refusal?: string
}

/** Removes points that an open intent names and that are to go after a second look. Cut off, the next call goes on. */
export async function removePoints(
  vault: Vault,
  points: readonly RemovablePoint[],
  by: { readonly who: string; readonly nowMs: number; readonly signal: AbortSignal },
): Promise<Removal> {
  if (points.length === 0) return { removed: 0, locked: [] }
  const tombstones: Tombstone[] = points
    .filter(({ point }) => !point.hasTombstone)
    .map(({ point, reason }) => ({
      point: point.listed.point,
      item: point.listed.item,
      sequence: point.listed.sequence,
      sha256: point.sha256,
      removedAtMs: by.nowMs,
      who: by.who,
      reason,
    }))
  await writeTombstones(vault, tombstones)
  const marks = await marksOf(vault, new Set(points.map(({ point }) => point.listed.point)))
  const refusals = await inLanes(points, lanes, async ({ point }) => {
    by.signal.throwIfAborted()
    return await removePoint(vault, point, marks.get(point.listed.point) ?? [])
  })
  await foldLedger(vault)
  const refusal = refusals.find((each) => each !== undefined)
  const locked = points.filter((_, at) => refusals[at] !== undefined)
  return { removed: points.length - locked.length, locked, ...(refusal !== undefined && { refusal }) }
}

/** Names of the marks of some points: one LIST, however many they are. */
async function marksOf({ store, layout }: Vault, points: ReadonlySet<PointId>): Promise<Map<PointId, string[]>> {
  const marks = new Map<PointId, string[]>()
  for await (const { name } of store.list(layout.marks)) {
    const point = parseMarkName(name)?.point
    if (point === undefined || !points.has(point)) continue
    const names = marks.get(point)
    if (names === undefined) marks.set(point, [name])
    else names.push(name)
  }
  return marks
}

/** Ends at the first object that is locked, and answers until when. */
async function removePoint(
  { store, layout }: Vault,
  { listed }: VaultPoint,
  marks: readonly string[],
): Promise<string | undefined> {
  const { item, sequence, point } = listed
  for (const name of [layout.confirmation(item, sequence, point), layout.point(item, sequence, point), ...marks]) {
    const lock = await deleteUnlessLocked(store, name)
    if (lock !== undefined) return lock
  }
  return undefined
}
