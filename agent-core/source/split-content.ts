/**
 * Content-defined splitting: docs/format/splitting.md. A gear hash with normalised cutting after
 * FastCDC (Xia et al., USENIX ATC 2016), whose rolling window is exactly the last 32 bytes. Whether
 * a block ends after a byte depends on those 32 bytes and on the block's length so far, on nothing
 * else: that is why segments cut in parallel meet, and why cuts return after an insertion.
 */

import { GearScanner } from '../codec/gear-scanner.ts'

/** No block but a file's last is shorter. */
export const minContentBlockSizeBytes = 256 * 1024
/** From this length on the loose threshold decides instead of the strict one. */
export const averageContentBlockSizeBytes = 1024 * 1024
/** A block of this length ends here whatever its bytes are. */
export const maxContentBlockSizeBytes = 4 * 1024 * 1024
/** A file of up to this many bytes is one block: its caller does not ask for cuts. */
export const wholeFileSizeBytes = 512 * 1024
/** Bytes that the hash remembers. */
export const gearWindowSizeBytes = 32
export const gearTableSizeBytes = 1024
/** Unsigned hashes below it end a block shorter than the average: the 22 high bits are zero. */
export const strictCutBelow = 2 ** 10
/** Unsigned hashes below it end a block from the average on: the 18 high bits are zero. */
export const looseCutBelow = 2 ** 14

/** 256 values. */
export type GearTable = Int32Array

/**
 * The gear table of a keyspace from its 1,024 derived bytes (256 little-endian words of 32 bits); a
 * copy, the caller keeps `keyBytes`. Throws RangeError for another length.
 */
export function createGearTable(keyBytes: Uint8Array): GearTable {
  if (keyBytes.length !== gearTableSizeBytes) throw new RangeError(`a gear table needs ${gearTableSizeBytes} bytes`)
  const words = new DataView(keyBytes.buffer, keyBytes.byteOffset, keyBytes.byteLength)
  return Int32Array.from({ length: 256 }, (_, index) => words.getInt32(index * 4, true))
}

/** Cuts blocks out of bytes that lie in its memory. */
export class ContentCutter {
  /** What is cut goes in here. It belongs to the cutter: its buffer must not be transferred. */
  readonly bytes: Buffer
  readonly #scanner: GearScanner

  /** Throws RangeError when there is no memory for `capacityBytes`. */
  constructor(gear: GearTable, capacityBytes: number) {
    this.#scanner = new GearScanner(gear, capacityBytes)
    this.bytes = this.#scanner.bytes
  }

  /**
   * Offset in `bytes` at which the block that begins at `start` ends: start < result ≤ end. `end` is the end of the valid
   * bytes, `isEnd` tells that the file ends there. Returns 0 when more bytes are needed: fewer than the maximum follow
   * `start`, none of them ends the block and the file goes on. Nothing is remembered between calls, so a caller that
   * always gives the maximum never hashes twice. Throws RangeError when there is nothing to cut.
   */
  nextCut(start: number, end: number, isEnd: boolean): number {
    if (!(start >= 0 && end <= this.bytes.length && (start < end || (start === end && !isEnd)))) {
      throw new RangeError(`no block from ${start} to ${end}`)
    }
    const limit = Math.min(end, start + maxContentBlockSizeBytes)
    const average = Math.min(limit, start + averageContentBlockSizeBytes - 1)
    const cut =
      this.#scanner.find(start + minContentBlockSizeBytes - 1, average, strictCutBelow) ||
      this.#scanner.find(average, limit, looseCutBelow)
    if (cut !== 0) return cut
    return isEnd || limit === start + maxContentBlockSizeBytes ? limit : 0
  }
}
