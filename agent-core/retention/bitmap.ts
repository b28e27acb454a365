/** A set of small whole numbers: one bit each. */
export class Bitmap {
  readonly #words: Uint32Array

  /** For numbers below `size`. */
  constructor(size: number) {
    this.#words = new Uint32Array((size >>> 5) + 1)
  }

  has(number: number): boolean {
    return (((this.#words[number >>> 5] as number) >>> (number & 31)) & 1) === 1
  }

  /** False when it was there already. */
  add(number: number): boolean {
    const word = this.#words[number >>> 5] as number
    const bit = 1 << (number & 31)
    if ((word & bit) !== 0) return false
    this.#words[number >>> 5] = word | bit
    return true
  }
}
