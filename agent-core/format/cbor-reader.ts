/**
 * The decoder behind `decodeCbor` (cbor.ts), value by value over one byte string. It trusts nothing:
 * lengths are held against what is left before anything is allocated, and nesting is bounded.
 * Everything throws `format.invalid` with the offset.
 */
import type { CborMap, CborValue } from './cbor-value.ts'
import { ensure, invalid } from './invalid.ts'

/** Arrays and maps within each other; deeper values are refused. */
export const maxCborDepth = 16

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class CborReader {
  #at = 0
  readonly #bytes: Uint8Array
  readonly #what: string

  constructor(bytes: Uint8Array, what: string) {
    // Not a Buffer: slice() of a Buffer would share its memory.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.#at
  }

  /** The next value; byte strings are copies. */
  value(): CborValue {
    return this.#value(0)
  }

  /** The element count of an array whose header comes next; the elements are left to the caller. */
  arrayHeader(): number {
    const initial = this.#byte()
    ensure(initial >> 5 === 4, this.#what, this.#at, 'not an array')
    return this.#length(initial)
  }

  /** Throws when bytes are left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#invalid('bytes follow the value')
  }

  #value(depth: number): CborValue {
    const initial = this.#byte()
    const major = initial >> 5
    if (major === 0) return this.#argument(initial & 31)
    if (major === 1) return negative(this.#argument(initial & 31))
    if (major === 7) return this.#simple(initial)
    if (major === 6) throw this.#invalid('tags are not allowed')
    const length = this.#length(initial)
    if (major === 2) return this.#take(length).slice()
    if (major === 3) return this.#text(length)
    if (depth >= maxCborDepth) throw this.#invalid('nested too deeply')
    return major === 4 ? this.#array(length, depth + 1) : this.#map(length, depth + 1)
  }

  #simple(initial: number): CborValue {
    if (initial === 0xf4) return false
    if (initial === 0xf5) return true
    if (initial === 0xf6) return null
    throw this.#invalid('neither a boolean nor null')
  }

  /** Every element takes a byte at least, so a count is bounded like a length. */
  #length(initial: number): number {
    const length = this.#argument(initial & 31)
    if (typeof length === 'bigint' || length > this.#bytes.length - this.#at) {
      throw this.#invalid('a length goes beyond the end')
    }
    return length
  }

  #argument(info: number): number | bigint {
    if (info < 24) return info
    if (info === 24) return this.#shortest(this.#byte(), 24)
    if (info === 25) return this.#shortest(this.#uint(2), 0x100)
    if (info === 26) return this.#shortest(this.#uint(4), 0x1_0000)
    if (info !== 27) throw this.#invalid('an indefinite or reserved length')
    const high = this.#shortest(this.#uint(4), 1)
    const low = this.#uint(4)
    return high < 0x20_0000 ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low)
  }

  #shortest(value: number, least: number): number {
    if (value < least) throw this.#invalid('an integer in a longer form than needed')
    return value
  }

  #array(count: number, depth: number): CborValue[] {
    const values: CborValue[] = []
    for (let index = 0; index < count; index++) values.push(this.#value(depth))
    return values
  }

  #map(count: number, depth: number): CborMap {
    const map = new Map<number, CborValue>()
    let lastKey = -1
    for (let index = 0; index < count; index++) {
      const initial = this.#byte()
      const key = initial < 0x20 ? this.#argument(initial) : -1
      if (typeof key !== 'number' || key <= lastKey) throw this.#invalid('map keys are not ascending unsigned integers')
      lastKey = key
      map.set(key, this.#value(depth))
    }
    return map
  }

  #text(sizeBytes: number): string {
    try {
      return textDecoder.decode(this.#take(sizeBytes))
    } catch (error) {
      throw invalid(this.#what, this.#at, 'not valid CBOR: text is not UTF-8', error)
    }
  }

  #take(sizeBytes: number): Uint8Array {
    const start = this.#at
    this.#at += sizeBytes
    return this.#bytes.subarray(start, this.#at)
  }

  #uint(sizeBytes: 2 | 4): number {
    let value = 0
    for (let index = 0; index < sizeBytes; index++) value = value * 256 + this.#byte()
    return value
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw this.#invalid('cut off')
    this.#at++
    return byte
  }

  #invalid(reason: string) {
    return invalid(this.#what, this.#at, `not valid CBOR: ${reason}`)
  }
}

function negative(argument: number | bigint): number | bigint {
  if (typeof argument === 'bigint') return -1n - argument
  const value = -1 - argument
  return Number.isSafeInteger(value) ? value : BigInt(value)
}
