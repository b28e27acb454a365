/**
 * What has become of points: the fold of their marks by the rules of docs/format/points.md. Whoever removes points goes by
 * `held`, `keepUntilMs` and `deleted`; a state that is in doubt is held.
 */
import type { PointId } from '../contract/ids.ts'
import type { MissingEntry } from '../format/mark.ts'
import { type ReadMarksOptions, readMarks, type StoredMark } from './point-marks.ts'
import type { Vault } from './vault.ts'

/** A point in the trash; times in ms since 1970 UTC. */
export interface SoftDeletion {
  readonly atMs: number
  /** The point is not removed before. */
  readonly untilMs: number
  readonly who: string
  readonly reason?: string
}

export interface PointState {
  /** Nothing removes the point: somebody holds it, or a mark of it is lost or cannot be read. */
  readonly held: boolean
  /** Why `held` although nobody holds it, in words; undefined when all marks are there and readable. */
  readonly doubt?: string
  /** Stands in for the date of the manifest. */
  readonly keepUntilMs?: number
  /** Set while the point is soft-deleted. */
  readonly deleted?: SoftDeletion
  /** Something of the point was found missing after it was made; `missing` lists it, with `moreMissing` beside. */
  readonly partial: boolean
  readonly missing: readonly MissingEntry[]
  readonly moreMissing: number
}

/** The state of a point without marks. */
export const unmarkedState: PointState = { held: false, partial: false, missing: [], moreMissing: 0 }

/** States of the points that have marks; all others are unmarked. */
export class PointStates {
  readonly #states: ReadonlyMap<PointId, PointState>

  constructor(states: ReadonlyMap<PointId, PointState>) {
    this.#states = states
  }

  of(point: PointId): PointState {
    return this.#states.get(point) ?? unmarkedState
  }

  /** The points that have marks. */
  get marked(): ReadonlyMap<PointId, PointState> {
    return this.#states
  }
}

/** Reads the states of all points of a vault, or of one: one LIST, and a GET for each mark that is new. Throws the store's errors. */
export async function readPointStates(vault: Vault, options: ReadMarksOptions = {}): Promise<PointStates> {
  const marks = await readMarks(vault, options)
  return new PointStates(new Map([...marks].map(([point, stored]) => [point, foldMarks(stored)])))
}

/** The state that the marks of one point make; pure. `marks` in the order of their numbers. */
export function foldMarks(marks: readonly StoredMark[]): PointState {
  let isHeld = false
  let keepUntilMs: number | undefined
  let deleted: SoftDeletion | undefined
  let lack: Lack = noLack
  for (const { mark, storedAtMs } of marks) {
    if (mark === undefined) continue
    if (mark.kind === 'hold') isHeld = true
    else if (mark.kind === 'release') isHeld = false
    else if (mark.kind === 'keep-until') keepUntilMs = mark.untilMs
    else if (mark.kind === 'partial') lack = addLack(lack, mark)
    else if (mark.kind === 'whole') lack = noLack
    else if (mark.kind === 'undelete') deleted = undefined
    else if (mark.kind === 'delete') deleted = laterEnd(deleted, mark, storedAtMs)
  }
  const doubt = doubtOf(marks)
  return {
    held: isHeld || doubt !== undefined,
    ...(doubt !== undefined && { doubt }),
    ...(keepUntilMs !== undefined && { keepUntilMs }),
    ...(deleted && { deleted }),
    partial: lack.isPartial,
    missing: lack.missing,
    moreMissing: lack.moreMissing,
  }
}

interface Lack {
  readonly isPartial: boolean
  readonly missing: readonly MissingEntry[]
  readonly moreMissing: number
}

const noLack: Lack = { isPartial: false, missing: [], moreMissing: 0 }

function addLack(before: Lack, mark: { readonly missing: readonly MissingEntry[]; readonly more: number }): Lack {
  const pathOf = ({ path }: MissingEntry) => Buffer.from(path).toString('latin1')
  const known = new Set(before.missing.map(pathOf))
  const added = mark.missing.filter((entry) => !known.has(pathOf(entry)))
  return {
    isPartial: true,
    missing: [...before.missing, ...added],
    moreMissing: Math.max(before.moreMissing, mark.more),
  }
}

/** The store's time of the mark is a second witness: a clock set back when it was made must not shorten the window. */
function laterEnd(
  before: SoftDeletion | undefined,
  mark: { readonly madeAtMs: number; readonly untilMs: number; readonly who: string; readonly reason?: string },
  storedAtMs: number,
): SoftDeletion {
  const windowMs = Math.max(0, mark.untilMs - mark.madeAtMs)
  const untilMs = Math.max(mark.untilMs, storedAtMs + windowMs)
  if (before !== undefined) return { ...before, untilMs: Math.max(before.untilMs, untilMs) }
  return { atMs: mark.madeAtMs, untilMs, who: mark.who, ...(mark.reason !== undefined && { reason: mark.reason }) }
}

function doubtOf(marks: readonly StoredMark[]): string | undefined {
  const unreadable = marks.find(({ mark }) => mark === undefined)
  if (unreadable !== undefined) return `mark ${unreadable.number} cannot be read`
  const missing = marks.findIndex(({ number }, at) => number !== at)
  return missing < 0 ? undefined : `mark ${missing} is missing`
}
