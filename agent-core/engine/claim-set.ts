/**
 * The blocks that the workers of one run have taken, in memory that they share: a block that two files hold is
 * sealed once, whichever worker meets it first.
 *
 * A slot is the first 16 bytes of the id, 128 bits of a keyed hash: among 2^32 blocks two different ones agree in
 * them with a probability of 2^-65, and nobody without the key can look for such a pair. Open addressing; a table that
 * is five eighths full stays as it is and one twice as large follows it, so that nothing is moved while another
 * thread looks. Memory: 16 to 48 bytes a block.
 */

const slotWords = 4
const firstSlots = 4096
/** The memory is reserved, not used: 16 GiB hold 670 million blocks. */
const maxMemoryBytes = 2 ** 34

/** Words of the header. */
const lockWord = 0
const tableCountWord = 1
const usedWord = 2
const headerWords = 16

const free = 0
const held = 1
/** A thread that lost its turn on the processor may keep the lock for long. */
const lockWaitMs = 1

/** Memory for one run's claims, empty. */
export function createClaimMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(endOfTable(0), { maxByteLength: maxMemoryBytes })
  new Int32Array(memory, 0, headerWords)[tableCountWord] = 1
  return memory
}

export class ClaimSet {
  readonly #memory: SharedArrayBuffer
  readonly #header: Int32Array
  readonly #tables: Int32Array[] = []

  /** `memory` is of `createClaimMemory`; each thread has a set of its own over it. */
  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory
    this.#header = new Int32Array(memory, 0, headerWords)
  }

  /** Claims a block for the caller: true when nobody had it, also when two threads ask at once. */
  claim(id: Uint8Array): boolean {
    this.#lock()
    try {
      return this.#claim(id)
    } finally {
      this.#unlock()
    }
  }

  #claim(id: Uint8Array): boolean {
    const count = this.#header[tableCountWord] as number
    const [a, b, c, d] = [word(id, 0), word(id, 4), word(id, 8), word(id, 12)] as const
    let at = 0
    for (let index = 0; index < count; index++) {
      const table = (this.#tables[index] ??= this.#view(index))
      const last = table.length - slotWords
      at = (Math.imul(a, slotWords) >>> 0) & last
      for (; !isFree(table, at); at = (at + slotWords) & last) {
        if (table[at] === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d) return false
      }
    }
    const newest = this.#tables[count - 1] as Int32Array
    newest[at] = a
    newest[at + 1] = b
    newest[at + 2] = c
    newest[at + 3] = d
    this.#count(count, newest.length / slotWords)
    return true
  }

  #count(tables: number, slots: number): void {
    const used = (this.#header[usedWord] as number) + 1
    const isFull = used * 8 >= slots * 5
    if (isFull) {
      this.#memory.grow(endOfTable(tables))
      this.#header[tableCountWord] = tables + 1
    }
    this.#header[usedWord] = isFull ? 0 : used
  }

  #view(index: number): Int32Array {
    return new Int32Array(this.#memory, beginOfTable(index), slotsOf(index) * slotWords)
  }

  #lock(): void {
    while (Atomics.compareExchange(this.#header, lockWord, free, held) !== free) {
      Atomics.wait(this.#header, lockWord, held, lockWaitMs)
    }
  }

  #unlock(): void {
    Atomics.store(this.#header, lockWord, free)
  }
}

/** An id that begins with 16 zero bytes would need a broken HMAC: zeros mean free. */
function isFree(table: Int32Array, at: number): boolean {
  return table[at] === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0
}

function word(id: Uint8Array, at: number): number {
  return (
    (id[at] as number) | ((id[at + 1] as number) << 8) | ((id[at + 2] as number) << 16) | ((id[at + 3] as number) << 24)
  )
}

function slotsOf(index: number): number {
  return firstSlots * 2 ** index
}

function beginOfTable(index: number): number {
  return headerWords * 4 + firstSlots * (2 ** index - 1) * slotWords * 4
}

function endOfTable(index: number): number {
  return beginOfTable(index + 1)
}
