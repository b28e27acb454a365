/**
 * The entries of one directory page, looked at and not decoded: what decides whether an entry is unchanged stands in
 * the first fields of its map (docs/format/trees.md, keys 0 to 8). A backup of 100,000 unchanged files decodes none.
 * Checks what it reads; a page from a vault was checked whole by `decodePage` when it came.
 */
import { decodeCbor } from './cbor.ts'
import { invalid } from './invalid.ts'
import { maxPageElements } from './paged-list.ts'
import { decodeEntry, type Entry, type EntryType, entryTypes } from './tree.ts'

const nameKey = 0
const typeKey = 1
const sizeKey = 2
const mtimeKey = 3
const ctimeKey = 4
const inodeKey = 6
const contentKey = 8

const majorBytes = 2
const majorArray = 4
const majorMap = 5

export class EntryGlances {
  readonly #bytes: Uint8Array
  readonly #what: string
  #left: number
  #at = 0
  #start = 0
  #nameStart = 0
  #nameEnd = 0
  #type = 0
  #inodeHigh = 0
  #inodeLow = 0
  sizeBytes = 0
  mtimeSec = 0
  mtimeNs = 0
  ctimeSec = 0
  ctimeNs = 0
  hasContent = false

  /** `page`: of level 0; it must not change while this is used. Throws `format.invalid`, here and in `next`. */
  constructor(page: Uint8Array, what: string) {
    this.#bytes = page
    this.#what = what
    if (this.#head(majorArray) !== 2 || this.#head(0) !== 0) throw this.#invalid('not a page of entries')
    this.#left = this.#head(majorArray)
    if (this.#left === 0 || this.#left > maxPageElements) throw this.#invalid('a page of impossible length')
  }

  /** Goes on to the next entry; false when there is none. */
  next(): boolean {
    if (this.#left === 0) return false
    this.#left--
    this.#start = this.#at
    this.sizeBytes = 0
    this.hasContent = false
    for (let fields = this.#head(majorMap); fields > 0; fields--) this.#field(this.#head(0))
    if (this.#at > this.#bytes.length) throw this.#invalid('cut off')
    return true
  }

  get type(): EntryType {
    return entryTypes[this.#type] as EntryType
  }

  get inode(): bigint {
    return (BigInt(this.#inodeHigh) << 32n) | BigInt(this.#inodeLow)
  }

  /** The entry's own bytes, which share the page's memory. */
  get encoded(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#at)
  }

  get name(): Uint8Array {
    return this.#bytes.subarray(this.#nameStart, this.#nameEnd)
  }

  /** The whole entry. */
  decode(): Entry {
    return decodeEntry(decodeCbor(this.encoded, this.#what), this.#what)
  }

  /** Compares the entry's name with raw bytes given one character each: below 0 when it comes before them. */
  compareName(text: string): number {
    const length = this.#nameEnd - this.#nameStart
    const common = Math.min(length, text.length)
    for (let index = 0; index < common; index++) {
      const difference = (this.#bytes[this.#nameStart + index] as number) - text.charCodeAt(index)
      if (difference !== 0) return difference
    }
    return length - text.length
  }

  #field(key: number): void {
    switch (key) {
      case nameKey: {
        const sizeBytes = this.#head(majorBytes)
        this.#nameStart = this.#at
        this.#at += sizeBytes
        this.#nameEnd = this.#at
        break
      }
      case typeKey:
        this.#type = this.#head(0)
        if (this.#type >= entryTypes.length) throw this.#invalid('unknown entry type')
        break
      case sizeKey:
        this.sizeBytes = this.#head(0)
        break
      case mtimeKey:
        if (this.#head(majorArray) !== 2) throw this.#invalid('a time is not a pair')
        this.mtimeSec = this.#signed()
        this.mtimeNs = this.#head(0)
        break
      case ctimeKey:
        if (this.#head(majorArray) !== 2) throw this.#invalid('a time is not a pair')
        this.ctimeSec = this.#signed()
        this.ctimeNs = this.#head(0)
        break
      case inodeKey:
        this.#readInode()
        break
      case contentKey:
        this.hasContent = true
        this.#skip()
        break
      default:
        this.#skip()
    }
  }

  /** An inode number may have 64 bits. */
  #readInode(): void {
    const isLong = this.#bytes[this.#at] === 27
    const at = this.#at + 1
    const value = this.#head(0)
    this.#inodeHigh = isLong ? this.#word(at) : 0
    this.#inodeLow = isLong ? this.#word(at + 4) : value
  }

  #signed(): number {
    const isNegative = (this.#bytes[this.#at] as number) >> 5 === 1
    return isNegative ? -1 - this.#head(1) : this.#head(0)
  }

  /** Leaves out one value with all that is in it. */
  #skip(): void {
    for (let values = 1; values > 0; values--) {
      const initial = this.#bytes[this.#at] as number
      const major = initial >> 5
      if (major === 7) {
        this.#at++
        continue
      }
      const argument = this.#head(major)
      if (major === 2 || major === 3) this.#at += argument
      else if (major === majorArray) values += argument
      else if (major === majorMap) values += argument * 2
      if (this.#at > this.#bytes.length || values > this.#bytes.length) throw this.#invalid('cut off')
    }
  }

  /** The argument of a head of that major type; beyond 2^53 it is not exact. */
  #head(major: number): number {
    const initial = this.#bytes[this.#at++]
    if (initial === undefined || initial >> 5 !== major) throw this.#invalid('not the value that belongs here')
    const info = initial & 31
    if (info < 24) return info
    const at = this.#at
    if (info === 24) {
      this.#at += 1
      return this.#bytes[at] as number
    }
    if (info === 25) {
      this.#at += 2
      return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number)
    }
    if (info === 26) {
      this.#at += 4
      return this.#word(at)
    }
    if (info !== 27) throw this.#invalid('an indefinite or reserved length')
    this.#at += 8
    return this.#word(at) * 0x1_0000_0000 + this.#word(at + 4)
  }

  #word(at: number): number {
    const bytes = this.#bytes
    return (
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0
    )
  }

  #invalid(reason: string) {
    return invalid(this.#what, this.#at, reason)
  }
}
