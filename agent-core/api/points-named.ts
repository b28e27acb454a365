import type { PointId } from '../contract/ids.ts'

interface Named {
  readonly id: PointId
  /** Its number in its item. Several may share one: what was captured without the base is numbered anew once a vault is there. */
  readonly sequence: number
}

/** What a name of a point may lead to. */
export interface PointsNamed<Point extends Named> {
  readonly matches: readonly Point[]
  /** `no12`, where that names one of several matches and nothing else. */
  readonly numberWord?: string
}

/** As long as the beginnings of ids that lists show: that many digits are never a number. */
const shownIdLength = 8

/**
 * The points that `wanted` names: an id, the beginning of one, a number (`no12`), or digits, which may be either: where they are
 * the number of one point and the beginning of another's id, both match, and nobody guesses which was meant.
 */
export function pointsNamed<Point extends Named>(points: readonly Point[], wanted: string): PointsNamed<Point> {
  const word = wanted.toLowerCase()
  const isBeginning = /^[0-9a-f]{1,32}$/.test(word)
  const [, marked, digits] = /^(no)?([1-9]\d*)$/.exec(word) ?? []
  const isNumber = digits !== undefined && (marked !== undefined || digits.length < shownIdLength)
  const numbered = isNumber ? points.filter(({ sequence }) => sequence === Number(digits)) : []
  const matches = points.filter((point) => (isBeginning && point.id.startsWith(word)) || numbered.includes(point))
  return numbered.length === 1 && matches.length > 1 ? { matches, numberWord: `no${digits}` } : { matches }
}
