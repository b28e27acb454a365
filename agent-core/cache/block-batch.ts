/**
 * Blocks that a transaction brings, by fingerprint, off the JavaScript heap: 8 bytes a block. One word of 64 bits holds
 * the 40 bits of the fingerprint and, below them, which block of the batch it is; so one sort of plain numbers orders them.
 */
import { blockIdSizeBytes } from '../format/chunk-file.ts'

/** Blocks a batch takes: 64 MiB of words. */
const capacity = 2 ** 23
const initialBlocks = 1024
/** The memory of a batch of more blocks is given back when it is cleared. */
const keptBlocks = 65_536
export const indexMask = 0xff_ff_ff

export class BlockBatch {
  #words = new Uint32Array(initialBlocks * 2)
  #size = 0
  #sorted = false
  /** Of each chunk file: its number, and which block of the batch is its first. */
  readonly #chunks: number[] = []
  readonly #firstBlocks: number[] = []

  get size(): number {
    return this.#size
  }

  /** False when the batch must be merged and cleared first. A batch that is empty takes any block table. */
  hasRoomFor(ids: Uint8Array): boolean {
    return this.#size === 0 || this.#size + ids.length / blockIdSizeBytes <= capacity
  }

  /** Adds the blocks of a chunk file, `ids` in the order of the file; they are copied. */
  add(chunk: number, ids: Uint8Array): void {
    const count = ids.length / blockIdSizeBytes
    if (this.#size + count > indexMask + 1) throw new RangeError(`too many blocks: ${this.#size + count}`)
    if ((this.#size + count) * 2 > this.#words.length) this.#grow(this.#size + count)
    this.#chunks.push(chunk)
    this.#firstBlocks.push(this.#size)
    const words = this.#words
    for (let block = 0, at = 0, word = this.#size * 2; block < count; block++, at += blockIdSizeBytes, word += 2) {
      words[word] = ((ids[at + 4] as number) << 24) | (this.#size + block)
      words[word + 1] = highBits(ids, at)
    }
    this.#size += count
    this.#sorted = false
  }

  /** Orders the blocks by fingerprint. */
  sort(): void {
    if (this.#sorted) return
    new BigUint64Array(this.#words.buffer, 0, this.#size).sort()
    this.#sorted = true
  }

  /** Upper 32 bits of the fingerprint of the block in this place of the order. */
  highAt(position: number): number {
    return this.#words[position * 2 + 1] as number
  }

  /** Writes the entry of the block in this place of the order: three words, as `block-levels.ts` lays them out. */
  writeEntry(position: number, entries: Uint32Array, at: number): void {
    const low = this.#words[position * 2] as number
    const block = low & indexMask
    const file = this.#fileOf(block)
    entries[at] = this.#words[position * 2 + 1] as number
    entries[at + 1] = (low & ~indexMask) | (block - (this.#firstBlocks[file] as number))
    entries[at + 2] = this.#chunks[file] as number
  }

  clear(): void {
    if (this.#words.length > keptBlocks * 2) this.#words = new Uint32Array(initialBlocks * 2)
    this.#size = 0
    this.#chunks.length = 0
    this.#firstBlocks.length = 0
    this.#sorted = false
  }

  #fileOf(block: number): number {
    let low = 0
    let high = this.#firstBlocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#firstBlocks[middle] as number) <= block) low = middle
      else high = middle - 1
    }
    return low
  }

  #grow(blocks: number): void {
    let length = this.#words.length
    while (length < blocks * 2) length *= 2
    const grown = new Uint32Array(length)
    grown.set(this.#words.subarray(0, this.#size * 2))
    this.#words = grown
  }
}

/** Upper 32 of the 40 bits of a block's fingerprint: the first bytes of its id, the fifth being the rest. */
export function highBits(ids: Uint8Array, at: number): number {
  return (
    (((ids[at] as number) << 24) |
      ((ids[at + 1] as number) << 16) |
      ((ids[at + 2] as number) << 8) |
      (ids[at + 3] as number)) >>>
    0
  )
}
