/** The encoder behind `encodeCbor` (cbor.ts): one growing buffer, shared by all calls of a thread. */
import type { CborMap, CborValue } from './cbor-value.ts'

const majorText = 0x60
const majorArray = 0x80
const majorMap = 0xa0

const firstSizeBytes = 64 * 1024
/** A longer buffer is given away with what was written into it, and not copied and kept. */
const maxKeptSizeBytes = 256 * 1024

export class CborWriter {
  #buffer = Buffer.allocUnsafeSlow(firstSizeBytes)
  #at = 0

  /** The deterministic encoding of `value`; the caller's. */
  encode(value: CborValue): Uint8Array {
    this.#at = 0
    this.#write(value)
    const written = this.#buffer.subarray(0, this.#at)
    if (this.#buffer.length <= maxKeptSizeBytes) return new Uint8Array(written)
    this.#buffer = Buffer.allocUnsafeSlow(firstSizeBytes)
    return written
  }

  #write(value: CborValue): void {
    if (typeof value === 'number') this.#writeInteger(value)
    else if (value instanceof Uint8Array) this.#writeBytes(value)
    else if (typeof value === 'string') this.#writeText(value)
    else if (typeof value === 'bigint') this.#writeBigInteger(value)
    else if (value === null) this.#writeByte(0xf6)
    else if (typeof value === 'boolean') this.#writeByte(value ? 0xf5 : 0xf4)
    else if (value instanceof Map) this.#writeMap(value)
    else this.#writeArray(value as readonly CborValue[])
  }

  #writeArray(values: readonly CborValue[]): void {
    this.#writeHead(majorArray, values.length)
    for (const value of values) this.#write(value)
  }

  #writeMap(map: CborMap): void {
    this.#writeHead(majorMap, map.size)
    const keys = [...map.keys()].sort((a, b) => a - b)
    for (const key of keys) {
      if (!Number.isSafeInteger(key) || key < 0) throw new RangeError(`not a map key: ${key}`)
      this.#writeHead(0, key)
      this.#write(map.get(key) as CborValue)
    }
  }

  #writeBytes(bytes: Uint8Array): void {
    this.#writeHead(0x40, bytes.length)
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #writeText(text: string): void {
    const sizeBytes = Buffer.byteLength(text, 'utf8')
    this.#writeHead(majorText, sizeBytes)
    this.#reserve(sizeBytes)
    this.#at += this.#buffer.write(text, this.#at, 'utf8')
  }

  #writeInteger(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`)
    if (value >= 0) this.#writeHead(0, value)
    else this.#writeHead(0x20, -1 - value)
  }

  #writeBigInteger(value: bigint): void {
    const argument = value >= 0n ? value : -1n - value
    if (argument >> 64n !== 0n) throw new RangeError(`not a 64-bit integer: ${value}`)
    const major = value >= 0n ? 0 : 0x20
    if (argument <= BigInt(Number.MAX_SAFE_INTEGER)) {
      this.#writeHead(major, Number(argument))
      return
    }
    this.#writeByte(major | 27)
    this.#reserve(8)
    this.#at = this.#buffer.writeBigUInt64BE(argument, this.#at)
  }

  #writeHead(major: number, argument: number): void {
    this.#reserve(9)
    const buffer = this.#buffer
    if (argument < 24) {
      buffer[this.#at++] = major | argument
    } else if (argument < 0x100) {
      buffer[this.#at++] = major | 24
      buffer[this.#at++] = argument
    } else if (argument < 0x1_0000) {
      buffer[this.#at++] = major | 25
      this.#at = buffer.writeUInt16BE(argument, this.#at)
    } else if (argument < 0x1_0000_0000) {
      buffer[this.#at++] = major | 26
      this.#at = buffer.writeUInt32BE(argument, this.#at)
    } else {
      buffer[this.#at++] = major | 27
      this.#at = buffer.writeUInt32BE(Math.floor(argument / 0x1_0000_0000), this.#at)
      this.#at = buffer.writeUInt32BE(argument % 0x1_0000_0000, this.#at)
    }
  }

  #writeByte(byte: number): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = byte
  }

  #reserve(sizeBytes: number): void {
    if (this.#at + sizeBytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#at + sizeBytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}
