/**
 * A recovery point's manifest and its confirmation: docs/format/points.md. Both are payloads of
 * sealed objects; the manifest stays under 8 KiB, everything long stands in blocks that it names.
 */

import { fromHex, toHex } from '../base/bytes.ts'
import type { HomeId, ItemId, PointId } from '../contract/ids.ts'
import { CborFields, type CborValue, cborMap, decodeCbor, encodeCbor } from './cbor.ts'
import { ensure, invalid } from './invalid.ts'
import { decodeListRef, encodeListRef, type ListRef } from './paged-list.ts'

export const maxManifestSizeBytes = 8 * 1024

const pointKinds = ['scheduled', 'on-demand'] as const
export type PointKind = (typeof pointKinds)[number]

export interface SourceFacts {
  readonly machine: string
  readonly platform: string
  readonly home: HomeId
  /** How the source was read: `live` (files as they were met) or the name of a snapshot provider. */
  readonly snapshot: string
  /** Version of Tharsis that made the point. */
  readonly product: string
}

export interface PointCounts {
  readonly files: number
  readonly directories: number
  /** Symlinks, FIFOs, sockets, devices. */
  readonly others: number
  /** Bytes of all files of the point. */
  readonly bytes: number
  /** Files whose content was read for this point. */
  readonly filesRead: number
  readonly bytesRead: number
  /** Raw bytes of blocks that were new. */
  readonly bytesNew: number
  /** Bytes of the chunk files written for this point. */
  readonly bytesStored: number
}

export interface PointManifest {
  readonly id: PointId
  readonly item: ItemId
  readonly itemName: string
  readonly sequence: number
  readonly timeMs: number
  readonly kind: PointKind
  readonly keepUntilMs?: number
  /** The root directory: one entry per protected folder. Absent when there is none. */
  readonly root?: ListRef
  /** The point before: its id and the SHA-256 of its manifest object. */
  readonly parent?: { readonly id: PointId; readonly sha256: Uint8Array }
  readonly source: SourceFacts
  readonly counts: PointCounts
  /** True when something that belongs to the point is missing; `missing` lists it. */
  readonly partial: boolean
  /** Names (32 bytes each) of the chunk files written for this point, except the one that holds this list. */
  readonly chunkFiles?: ListRef
  /** Warnings: elements [path bytes, code text, reason text]. */
  readonly warnings?: ListRef
  /** What could not be protected: elements [path bytes, reason code]. */
  readonly missing?: ListRef
}

/** Payload of a point object; throws RangeError when it would be over 8 KiB. */
export function encodePointManifest(point: PointManifest): Uint8Array {
  const { source, counts } = point
  const bytes = encodeCbor(
    cborMap([
      [1, fromHex(point.id)],
      [2, fromHex(point.item)],
      [3, point.itemName],
      [4, point.sequence],
      [5, point.timeMs],
      [6, pointKinds.indexOf(point.kind)],
      [7, point.keepUntilMs],
      [8, point.root && encodeListRef(point.root)],
      [9, point.parent && [fromHex(point.parent.id), point.parent.sha256]],
      [10, [source.machine, source.platform, fromHex(source.home), source.snapshot, source.product]],
      [
        11,
        [
          counts.files,
          counts.directories,
          counts.others,
          counts.bytes,
          counts.filesRead,
          counts.bytesRead,
          counts.bytesNew,
          counts.bytesStored,
        ],
      ],
      [12, point.partial],
      [13, point.chunkFiles && encodeListRef(point.chunkFiles)],
      [14, point.warnings && encodeListRef(point.warnings)],
      [15, point.missing && encodeListRef(point.missing)],
    ]),
  )
  if (bytes.length > maxManifestSizeBytes) throw new RangeError(`a manifest of ${bytes.length} bytes`)
  return bytes
}

/** Parses the payload of a point object; throws `format.invalid`. */
export function decodePointManifest(bytes: Uint8Array, what: string): PointManifest {
  ensure(bytes.length <= maxManifestSizeBytes, what, 0, 'longer than any manifest')
  const fields = new CborFields(decodeCbor(bytes, what), what)
  const kind = pointKinds[fields.count(6)]
  if (kind === undefined) throw invalid(what, 0, 'unknown kind of point')
  return {
    id: toHex(fields.bytes(1, 16)) as PointId,
    item: toHex(fields.bytes(2, 16)) as ItemId,
    itemName: fields.text(3),
    sequence: fields.count(4),
    timeMs: fields.integer(5),
    kind,
    ...(fields.has(7) && { keepUntilMs: fields.integer(7) }),
    ...(fields.has(8) && { root: decodeListRef(fields.array(8), what) }),
    ...(fields.has(9) && { parent: decodeParent(fields.array(9), what) }),
    source: decodeSource(fields.array(10), what),
    counts: decodeCounts(fields.array(11), what),
    partial: fields.boolean(12),
    ...(fields.has(13) && { chunkFiles: decodeListRef(fields.array(13), what) }),
    ...(fields.has(14) && { warnings: decodeListRef(fields.array(14), what) }),
    ...(fields.has(15) && { missing: decodeListRef(fields.array(15), what) }),
  }
}

/** Payload of a confirmation: the point is whole in this vault. */
export interface Confirmation {
  readonly point: PointId
  /** SHA-256 of the provisional point object. */
  readonly sha256: Uint8Array
  readonly confirmedAtMs: number
}

export function encodeConfirmation(confirmation: Confirmation): Uint8Array {
  return encodeCbor(
    cborMap([
      [1, fromHex(confirmation.point)],
      [2, confirmation.sha256],
      [3, confirmation.confirmedAtMs],
    ]),
  )
}

export function decodeConfirmation(bytes: Uint8Array, what: string): Confirmation {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  return {
    point: toHex(fields.bytes(1, 16)) as PointId,
    sha256: fields.bytes(2, 32),
    confirmedAtMs: fields.integer(3),
  }
}

function decodeParent(value: readonly CborValue[], what: string): { id: PointId; sha256: Uint8Array } {
  const [id, sha256] = value
  ensure(id instanceof Uint8Array && id.length === 16, what, 0, 'a parent without an id')
  ensure(sha256 instanceof Uint8Array && sha256.length === 32, what, 0, 'a parent without a hash')
  return { id: toHex(id) as PointId, sha256 }
}

function decodeSource(value: readonly CborValue[], what: string): SourceFacts {
  const [machine, platform, home, snapshot, product] = value
  ensure(
    typeof machine === 'string' &&
      typeof platform === 'string' &&
      typeof snapshot === 'string' &&
      typeof product === 'string',
    what,
    0,
    'source facts are incomplete',
  )
  ensure(home instanceof Uint8Array && home.length === 16, what, 0, 'source facts without a home id')
  return { machine, platform, home: toHex(home) as HomeId, snapshot, product }
}

function decodeCounts(value: readonly CborValue[], what: string): PointCounts {
  const numbers = value.map((count) => {
    ensure(typeof count === 'number' && Number.isSafeInteger(count) && count >= 0, what, 0, 'counts are not numbers')
    return count
  })
  ensure(numbers.length >= 8, what, 0, 'counts are incomplete')
  const [files, directories, others, bytes, filesRead, bytesRead, bytesNew, bytesStored] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return { files, directories, others, bytes, filesRead, bytesRead, bytesNew, bytesStored }
}
