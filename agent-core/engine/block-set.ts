/**
 * An exact set of block ids, off the JavaScript heap: open addressing over one byte string, 32 bytes
 * a slot. Ids are keyed hashes, so their first bytes are as good as any hash of them.
 */
import { blockIdSizeBytes } from '../format/chunk-file.ts'

const initialSlots = 1024

export class BlockSet {
  #slots = Buffer.alloc(initialSlots * blockIdSizeBytes)
  #mask = initialSlots - 1
  #size = 0

  get size(): number {
    return this.#size
  }

  has(id: Uint8Array): boolean {
    return this.#isAt(this.#slots, this.#find(this.#slots, this.#mask, id), id)
  }

  /** Adds an id (copied); true when it was new. */
  add(id: Uint8Array): boolean {
    const at = this.#find(this.#slots, this.#mask, id)
    if (this.#isAt(this.#slots, at, id)) return false
    this.#slots.set(id, at)
    this.#size++
    if (this.#size * 2 > this.#mask) this.#grow()
    return true
  }

  /** Offset of the id, or of the free slot where it belongs. */
  #find(slots: Buffer, mask: number, id: Uint8Array): number {
    const hash = (id[0] as number) | ((id[1] as number) << 8) | ((id[2] as number) << 16) | ((id[3] as number) << 24)
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = slot * blockIdSizeBytes
      if (isFree(slots, at) || this.#isAt(slots, at, id)) return at
    }
  }

  #isAt(slots: Buffer, at: number, id: Uint8Array): boolean {
    return slots.compare(id, 0, blockIdSizeBytes, at, at + blockIdSizeBytes) === 0
  }

  #grow(): void {
    const old = this.#slots
    this.#mask = this.#mask * 2 + 1
    this.#slots = Buffer.alloc((this.#mask + 1) * blockIdSizeBytes)
    for (let at = 0; at < old.length; at += blockIdSizeBytes) {
      if (isFree(old, at)) continue
      const id = old.subarray(at, at + blockIdSizeBytes)
      this.#slots.set(id, this.#find(this.#slots, this.#mask, id))
    }
  }
}

/** An id of 32 zero bytes would need a broken HMAC: zero means free. */
function isFree(slots: Buffer, at: number): boolean {
  for (let offset = at; offset < at + blockIdSizeBytes; offset += 8) {
    if (slots.readInt32LE(offset) !== 0 || slots.readInt32LE(offset + 4) !== 0) return false
  }
  return true
}
