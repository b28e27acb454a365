/**
 * What a clean-up writes into a vault: docs/format/vault-layout.md. An *intent* announces what it is going to delete; a
 * second object of the same name closes it; *index-gone* objects take chunk files out of the index.
 */
import { fromHex, toHex } from '../base/bytes.ts'
import type { ChunkFileName, HomeId, ItemId, PointId } from '../contract/ids.ts'
import { CborFields, type CborValue, cborMap, decodeCbor, encodeCbor } from './cbor.ts'
import { ensure } from './invalid.ts'

/** A point as its object's name gives it. */
export interface PointPlace {
  readonly item: ItemId
  readonly sequence: number
  readonly point: PointId
}

export interface Intent {
  /** The home that announces it; nobody else ends it. */
  readonly home: HomeId
  readonly machine: string
  readonly announcedAtMs: number
  /** Nothing is deleted before. */
  readonly dueAtMs: number
  /** The *condemned* chunk files. */
  readonly chunkFiles: readonly ChunkFileName[]
  /** Numbers of index segments that others repeat. */
  readonly indexSegments: readonly number[]
  /** Numbers of index-gone objects that others repeat. */
  readonly indexGone: readonly number[]
  /** Points that are to be removed. */
  readonly points: readonly PointPlace[]
}

/** How a clean-up ended. */
export interface IntentEnd {
  readonly endedAtMs: number
  /** Chunk files that it deleted. */
  readonly deletedCount: number
  /** Chunk files that are condemned no more, because something needs them. */
  readonly takenBack: readonly ChunkFileName[]
}

export interface IndexGone {
  /** In the index no more, whatever segment names them. */
  readonly chunkFiles: readonly ChunkFileName[]
  /** Numbers of index-gone objects whose content this one repeats. */
  readonly supersedes: readonly number[]
}

export function encodeIntent(intent: Intent): Uint8Array {
  return encodeCbor(
    cborMap([
      [1, fromHex(intent.home)],
      [2, intent.machine],
      [3, intent.announcedAtMs],
      [4, intent.dueAtMs],
      [5, someOf(intent.chunkFiles.map(fromHex))],
      [6, someOf(intent.indexSegments)],
      [7, someOf(intent.indexGone)],
      [8, someOf(intent.points.map(({ item, sequence, point }) => [fromHex(item), sequence, fromHex(point)]))],
    ]),
  )
}

/** Parses an intent's payload; throws `format.invalid`. */
export function decodeIntent(bytes: Uint8Array, what: string): Intent {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  return {
    home: toHex(fields.bytes(1, 16)) as HomeId,
    machine: fields.text(2),
    announcedAtMs: fields.integer(3),
    dueAtMs: fields.integer(4),
    chunkFiles: decodeNames(fields, 5, what),
    indexSegments: decodeSequences(fields, 6, what),
    indexGone: decodeSequences(fields, 7, what),
    points: (fields.has(8) ? fields.array(8) : []).map((value) => decodePlace(value, what)),
  }
}

export function encodeIntentEnd(end: IntentEnd): Uint8Array {
  return encodeCbor(
    cborMap([
      [1, end.endedAtMs],
      [2, end.deletedCount],
      [3, someOf(end.takenBack.map(fromHex))],
    ]),
  )
}

/** Parses the payload of an intent's end; throws `format.invalid`. */
export function decodeIntentEnd(bytes: Uint8Array, what: string): IntentEnd {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  const deletedCount = fields.integer(2)
  ensure(deletedCount >= 0, what, 0, 'a negative count')
  return { endedAtMs: fields.integer(1), deletedCount, takenBack: decodeNames(fields, 3, what) }
}

export function encodeIndexGone(gone: IndexGone): Uint8Array {
  return encodeCbor(
    cborMap([
      [1, gone.chunkFiles.map(fromHex)],
      [2, someOf(gone.supersedes)],
    ]),
  )
}

/** Parses the payload of an index-gone object; throws `format.invalid`. */
export function decodeIndexGone(bytes: Uint8Array, what: string): IndexGone {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  ensure(fields.has(1), what, 0, 'no chunk files are named')
  return { chunkFiles: decodeNames(fields, 1, what), supersedes: decodeSequences(fields, 2, what) }
}

/** An absent field stands for an empty list. */
function someOf(list: readonly CborValue[]): CborValue | undefined {
  return list.length === 0 ? undefined : [...list]
}

function decodeNames(fields: CborFields, key: number, what: string): ChunkFileName[] {
  return (fields.has(key) ? fields.array(key) : []).map((name) => {
    ensure(name instanceof Uint8Array && name.length === 32, what, 0, 'a chunk file without a name')
    return toHex(name) as ChunkFileName
  })
}

function decodeSequences(fields: CborFields, key: number, what: string): number[] {
  return (fields.has(key) ? fields.array(key) : []).map((sequence) => decodeSequence(sequence, what))
}

function decodeSequence(value: CborValue | undefined, what: string): number {
  ensure(typeof value === 'number' && Number.isSafeInteger(value) && value >= 0, what, 0, 'not a sequence number')
  return value
}

function decodePlace(value: CborValue, what: string): PointPlace {
  ensure(Array.isArray(value) && value.length >= 3, what, 0, 'not a point')
  const [item, sequence, point] = value as readonly CborValue[]
  ensure(item instanceof Uint8Array && item.length === 16, what, 0, 'a point without an item')
  ensure(point instanceof Uint8Array && point.length === 16, what, 0, 'a point without an id')
  return { item: toHex(item) as ItemId, sequence: decodeSequence(sequence, what), point: toHex(point) as PointId }
}
