/**
 * A mark on a point: docs/format/points.md. Points are never changed; what becomes of one after it was made stands in
 * marks beside it, and their order is that of their numbers.
 */

import { fromHex, toHex } from '../base/bytes.ts'
import type { PointId } from '../contract/ids.ts'
import { CborFields, type CborValue, cborMap, decodeCbor, encodeCbor } from './cbor.ts'
import { ensure, invalid } from './invalid.ts'

/** A writer lists no more missing entries in one mark than this; `more` counts the others. */
export const maxMissingInMark = 10_000

/** Kinds in the order of their numbers, which start at 1. */
const markKinds = ['hold', 'release', 'keep-until', 'partial', 'whole', 'delete', 'undelete'] as const
export type MarkKind = (typeof markKinds)[number]

/** An entry of a point that cannot be restored. */
export interface MissingEntry {
  /** Path on the source, raw bytes. */
  readonly path: Uint8Array
  /** A code of the error table. */
  readonly code: string
}

/** What every mark says: who made it, when (ms since 1970 UTC, by the maker's clock) and why. */
interface MarkMaking {
  readonly madeAtMs: number
  readonly who: string
  readonly reason?: string
}

/** What a mark does; `untilMs` in ms since 1970 UTC. */
export type MarkContent =
  | { readonly kind: 'hold' | 'release' | 'whole' | 'undelete' }
  | { readonly kind: 'keep-until' | 'delete'; readonly untilMs: number }
  | { readonly kind: 'partial'; readonly missing: readonly MissingEntry[]; readonly more: number }

export type Mark = { readonly point: PointId } & MarkMaking & MarkContent

export function encodeMark(mark: Mark): Uint8Array {
  const missing = mark.kind === 'partial' ? mark.missing : undefined
  if (missing !== undefined && missing.length > maxMissingInMark) throw new RangeError('too many entries in one mark')
  return encodeCbor(
    cborMap([
      [1, fromHex(mark.point)],
      [2, markKinds.indexOf(mark.kind) + 1],
      [3, mark.madeAtMs],
      [4, mark.who],
      [5, mark.reason],
      [6, mark.kind === 'keep-until' || mark.kind === 'delete' ? mark.untilMs : undefined],
      [7, missing?.map(({ path, code }) => [path, code])],
      [8, mark.kind === 'partial' && mark.more > 0 ? mark.more : undefined],
    ]),
  )
}

/** Parses the payload of a mark; throws `format.invalid`. */
export function decodeMark(bytes: Uint8Array, what: string): Mark {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  const kind = markKinds[fields.count(2) - 1]
  if (kind === undefined) throw invalid(what, 0, 'unknown kind of mark')
  return {
    point: toHex(fields.bytes(1, 16)) as PointId,
    madeAtMs: fields.integer(3),
    who: fields.text(4),
    ...(fields.has(5) && { reason: fields.text(5) }),
    ...decodeContent(kind, fields, what),
  }
}

function decodeContent(kind: MarkKind, fields: CborFields, what: string): MarkContent {
  if (kind === 'keep-until' || kind === 'delete') return { kind, untilMs: fields.integer(6) }
  if (kind !== 'partial') return { kind }
  const missing = fields.array(7).map((entry) => decodeMissing(entry, what))
  return { kind, missing, more: fields.has(8) ? fields.count(8) : 0 }
}

function decodeMissing(value: CborValue, what: string): MissingEntry {
  const [path, code] = Array.isArray(value) ? (value as readonly CborValue[]) : []
  ensure(path instanceof Uint8Array, what, 0, 'a missing entry without a path')
  ensure(typeof code === 'string', what, 0, 'a missing entry without a code')
  return { path, code }
}
