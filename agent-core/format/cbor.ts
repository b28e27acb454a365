/**
 * Deterministic CBOR (RFC 8949 §4.2.1), in the subset of docs/format/trees.md: integers, byte and
 * text strings, arrays, maps with unsigned integer keys, booleans and null; no floats, no tags, no
 * indefinite lengths, at most 16 levels. What was not encoded deterministically is refused, so that
 * one value has one encoding and one block id. Our own coder, because general ones accept unsorted
 * maps, floats and broken text even when told to be strict, and take five times as long.
 */
import { CborReader } from './cbor-reader.ts'
import type { CborMap, CborValue } from './cbor-value.ts'
import { CborWriter } from './cbor-writer.ts'
import { invalid } from './invalid.ts'

export type { CborMap, CborValue }

const writer = new CborWriter()

/**
 * The one encoding of `value`; the caller owns the bytes. Throws RangeError for numbers that are not
 * safe integers, integers beyond 64 bits and map keys that are not unsigned.
 */
export function encodeCbor(value: CborValue): Uint8Array {
  return writer.encode(value)
}

/** Decodes exactly one value from all of `bytes`; throws `format.invalid`. Byte strings are copies. */
export function decodeCbor(bytes: Uint8Array, what: string): CborValue {
  const reader = new CborReader(bytes, what)
  const value = reader.value()
  reader.end()
  return value
}

/** The header of an array of `count` elements (major type 4), shortest form. */
export function encodeArrayHeader(count: number): Uint8Array {
  if (count < 24) return Uint8Array.of(0x80 | count)
  if (count < 0x100) return Uint8Array.of(0x98, count)
  if (count < 0x10000) return Uint8Array.of(0x99, count >> 8, count & 0xff)
  return Uint8Array.of(0x9a, count >>> 24, (count >>> 16) & 0xff, (count >>> 8) & 0xff, count & 0xff)
}

/** Reads typed fields of a decoded map; every getter throws `format.invalid` on a wrong type. */
export class CborFields {
  readonly #map: CborMap
  readonly #what: string

  constructor(value: CborValue | undefined, what: string) {
    if (!(value instanceof Map)) throw invalid(what, 0, 'not a map')
    this.#map = value
    this.#what = what
  }

  has(key: number): boolean {
    return this.#map.has(key)
  }

  /** True when there is a key that is none of `known`. */
  hasOtherThan(...known: readonly number[]): boolean {
    return [...this.#map.keys()].some((key) => !known.includes(Number(key)))
  }

  /** A non-negative integer that a number holds exactly. */
  count(key: number): number {
    const value = this.#map.get(key)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw this.#wrong(key, 'a count')
    return value
  }

  integer(key: number): number {
    const value = this.#map.get(key)
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw this.#wrong(key, 'an integer')
    return value
  }

  /** A non-negative integer up to 2^64 − 1. */
  bigCount(key: number): bigint {
    const value = this.#map.get(key)
    if (typeof value === 'bigint' && value >= 0n) return value
    return BigInt(this.count(key))
  }

  text(key: number): string {
    const value = this.#map.get(key)
    if (typeof value !== 'string') throw this.#wrong(key, 'text')
    return value
  }

  boolean(key: number): boolean {
    const value = this.#map.get(key)
    if (typeof value !== 'boolean') throw this.#wrong(key, 'a boolean')
    return value
  }

  bytes(key: number, sizeBytes?: number): Uint8Array {
    const value = this.#map.get(key)
    if (!(value instanceof Uint8Array)) throw this.#wrong(key, 'bytes')
    if (sizeBytes !== undefined && value.length !== sizeBytes) throw this.#wrong(key, `${sizeBytes} bytes`)
    return value
  }

  array(key: number): readonly CborValue[] {
    const value = this.#map.get(key)
    if (!Array.isArray(value)) throw this.#wrong(key, 'an array')
    return value as readonly CborValue[]
  }

  fields(key: number): CborFields {
    return new CborFields(this.#map.get(key), `${this.#what}, field ${key}`)
  }

  #wrong(key: number, expected: string) {
    return invalid(this.#what, 0, `field ${key} is not ${expected}`)
  }
}

/** A map without the entries whose value is undefined, keys ascending. */
export function cborMap(entries: readonly (readonly [number, CborValue | undefined])[]): CborMap {
  const map = new Map<number, CborValue>()
  for (const [key, value] of entries) if (value !== undefined) map.set(key, value)
  return map
}
