/**
 * Filters of the block index's leaves (`block-levels.ts`): Bloom filters of 1,024 bits, two of which are set for each
 * entry. A full leaf of 128 entries lets 5 % of the strangers through. The bits come from the lowest 20 bits of the
 * fingerprint, which the number of the leaf says nothing about.
 */

/** Filters of so many leaves stand in one row. */
export const leavesPerFilterRow = 256
export const filterWords = 32

/** False when the leaf holds no entry of this fingerprint; `row` is the row in which the leaf's filter stands. */
export function mayHold(row: Uint32Array, leaf: number, high: number, low: number): boolean {
  const at = (leaf % leavesPerFilterRow) * filterWords
  return isSet(row, at, firstBit(high, low)) && isSet(row, at, secondBit(high))
}

export function addToFilter(row: Uint32Array, leaf: number, high: number, low: number): void {
  const at = (leaf % leavesPerFilterRow) * filterWords
  for (const bit of [firstBit(high, low), secondBit(high)]) {
    const word = at + (bit >>> 5)
    row[word] = (row[word] as number) | (1 << (bit & 31))
  }
}

function isSet(row: Uint32Array, at: number, bit: number): boolean {
  return ((row[at + (bit >>> 5)] as number) & (1 << (bit & 31))) !== 0
}

function firstBit(high: number, low: number): number {
  return ((high & 3) << 8) | low
}

function secondBit(high: number): number {
  return (high >>> 2) & 0x3ff
}
