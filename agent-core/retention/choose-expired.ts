/** Which points of a vault nothing keeps any more, and why; decides only. */
import type { ItemId, PointId } from '../contract/ids.ts'
import type { RemovablePoint } from './remove-points.ts'
import { isReadable, type ReadableVaultPoint, type VaultPoint } from './vault-contents.ts'

/** A point that was never confirmed, with a confirmed one after it, is given up after so long by the store's clock. */
const abandonedMs = 14 * 86_400_000

export interface ExpiryRules {
  readonly nowMs: number
  /** Points that wait in the cache of this home: their provisional points are not abandoned. */
  readonly captured: ReadonlySet<PointId>
  /** Of confirmed points of one item: those that retention has let go, and why. */
  readonly expiredOf: (item: ItemId, points: readonly ReadableVaultPoint[]) => ReadonlyMap<PointId, string>
}

/**
 * A point whose removal has begun, and one whose window in the trash is past, go too; a held one never does. These need no
 * manifest. Retention lets no point go whose manifest is damaged: its date and kind stand in there, and a date of its own.
 */
export function chooseExpired(points: readonly VaultPoint[], rules: ExpiryRules): RemovablePoint[] {
  const chosen: RemovablePoint[] = []
  for (const [item, of] of Map.groupBy(points, ({ listed }) => listed.item)) {
    const living = of.filter(({ isConfirmed, hasTombstone }) => isConfirmed && !hasTombstone)
    const expired = rules.expiredOf(item, living.filter(isReadable))
    for (const point of of) {
      const reason = reasonOf(point, of, expired, rules)
      if (reason !== undefined) chosen.push({ point, reason })
    }
  }
  return chosen
}

function reasonOf(
  point: VaultPoint,
  ofItem: readonly VaultPoint[],
  expired: ReadonlyMap<PointId, string>,
  { nowMs, captured }: ExpiryRules,
): string | undefined {
  const { listed, state, hasTombstone, isConfirmed } = point
  if (hasTombstone) return 'its removal had begun'
  if (state.held) return undefined
  if (state.deleted !== undefined) {
    return state.deleted.untilMs <= nowMs ? `deleted by ${state.deleted.who}` : undefined
  }
  if (isConfirmed) return expired.get(listed.point)
  const isPassed = ofItem.some((other) => other.isConfirmed && other.listed.sequence > listed.sequence)
  const isAbandoned = isPassed && !captured.has(listed.point) && point.storedAtMs + abandonedMs <= nowMs
  return isAbandoned ? 'it was never confirmed' : undefined
}
