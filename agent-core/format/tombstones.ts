/**
 * Tombstones: docs/format/points.md. Every legal removal of a point leaves one; an object holds those of one clean-up, or
 * repeats older objects which it supersedes (the ledger), so that many removals take few objects.
 */

import { fromHex, toHex } from '../base/bytes.ts'
import type { ItemId, PointId } from '../contract/ids.ts'
import { CborFields, type CborValue, cborMap, decodeCbor, encodeCbor } from './cbor.ts'
import { ensure } from './invalid.ts'

/** A writer puts no more tombstones into one object than this: about 12 MiB. */
export const maxTombstonesInObject = 65_536

export interface Tombstone {
  readonly point: PointId
  readonly item: ItemId
  /** The point's number. */
  readonly sequence: number
  /** SHA-256 of the point object as it was stored. */
  readonly sha256: Uint8Array
  /** Ms since 1970 UTC. */
  readonly removedAtMs: number
  readonly who: string
  readonly reason: string
}

/** Numbers from `first` to `last`, both included. */
export interface SequenceRange {
  readonly first: number
  readonly last: number
}

export interface TombstoneObject {
  readonly tombstones: readonly Tombstone[]
  /** Numbers of the objects whose content this one repeats, ascending, without overlap. */
  readonly supersedes: readonly SequenceRange[]
}

export function encodeTombstones({ tombstones, supersedes }: TombstoneObject): Uint8Array {
  if (tombstones.length > maxTombstonesInObject) throw new RangeError(`${tombstones.length} tombstones in one object`)
  return encodeCbor(
    cborMap([
      [
        1,
        tombstones.map(({ point, item, sequence, sha256, removedAtMs, who, reason }) => [
          fromHex(point),
          fromHex(item),
          sequence,
          sha256,
          removedAtMs,
          who,
          reason,
        ]),
      ],
      [2, supersedes.length === 0 ? undefined : supersedes.map(({ first, last }) => [first, last])],
    ]),
  )
}

/** Parses the payload of a tombstone object; throws `format.invalid`. */
export function decodeTombstones(bytes: Uint8Array, what: string): TombstoneObject {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  const supersedes = (fields.has(2) ? fields.array(2) : []).map((range) => decodeRange(range, what))
  for (const [index, { first }] of supersedes.entries()) {
    ensure(index === 0 || first > (supersedes[index - 1] as SequenceRange).last, what, 0, 'ranges are out of order')
  }
  return { tombstones: fields.array(1).map((value) => decodeTombstone(value, what)), supersedes }
}

function decodeTombstone(value: CborValue, what: string): Tombstone {
  const [point, item, sequence, sha256, removedAtMs, who, reason] = Array.isArray(value)
    ? (value as readonly CborValue[])
    : []
  ensure(point instanceof Uint8Array && point.length === 16, what, 0, 'a tombstone without a point')
  ensure(item instanceof Uint8Array && item.length === 16, what, 0, 'a tombstone without an item')
  ensure(isCount(sequence), what, 0, 'a tombstone without a number')
  ensure(sha256 instanceof Uint8Array && sha256.length === 32, what, 0, 'a tombstone without a hash')
  ensure(typeof removedAtMs === 'number' && Number.isSafeInteger(removedAtMs), what, 0, 'a tombstone without a time')
  ensure(typeof who === 'string' && typeof reason === 'string', what, 0, 'a tombstone without a reason')
  return {
    point: toHex(point) as PointId,
    item: toHex(item) as ItemId,
    sequence,
    sha256,
    removedAtMs,
    who,
    reason,
  }
}

function decodeRange(value: CborValue, what: string): SequenceRange {
  const [first, last] = Array.isArray(value) ? (value as readonly CborValue[]) : []
  ensure(isCount(first) && isCount(last) && first <= last, what, 0, 'not a range of numbers')
  return { first, last }
}

function isCount(value: CborValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
