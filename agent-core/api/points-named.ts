import type { PointId } from '../contract/ids.ts'

interface Named {
  readonly id: PointId
  /** Its number in its item. Several may share one: what was captured without the base is numbered anew once a vault is there. */
  readonly sequence: number
}

/** As long as the beginnings of ids that lists show: that many digits are never a number. */
const shownIdLength = 8

/**
 * The points that `wanted` names: by an id or the beginning of one, or by a number. A few digits are a number alone: who wrote the
 * number of a point that is gone must not get another one whose id begins with these digits.
 */
export function pointsNamed<Point extends Named>(points: readonly Point[], wanted: string): readonly Point[] {
  const word = wanted.toLowerCase()
  if (/^\d+$/.test(word) && word.length < shownIdLength) {
    return points.filter(({ sequence }) => String(sequence) === word)
  }
  return /^[0-9a-f]{1,32}$/.test(word) ? points.filter(({ id }) => id.startsWith(word)) : []
}
