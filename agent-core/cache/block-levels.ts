/**
 * The index of blocks: from the fingerprint of a block, the first 40 bits of its id, to the chunk files that may hold it
 * (ADR 0013). A log-structured merge tree in few large rows:
 *
 *  - A *level* is a sorted list of entries, never changed once written. Its *leaves* are the entries whose fingerprints
 *    begin with the same `bits` bits, about 128 of them, so a look-up computes which leaf to read.
 *  - An increment becomes a new level; smaller and not much larger ones are merged into it, so there are never more than
 *    seven, and an increment costs what it brings and not what is there.
 *  - The *filter* of a leaf is 1,024 bits, two of them set for each entry. Filters stay in memory, one byte a block, and
 *    spare nearly every reading for a block that is not there.
 *  - Chunk files that are forgotten leave their entries behind until a merge meets them; numbers are never used again.
 *
 * An entry is three words of 32 bits: upper bits of the fingerprint · its lowest 8 bits and the ordinal of the block in
 * its chunk file · number of the chunk file. Words are in the byte order of the machine, little-endian everywhere.
 */
import type { BaseConnection } from './base-connection.ts'
import { type BlockBatch, highBits, indexMask } from './block-batch.ts'
import { LeafCache } from './leaf-cache.ts'
import { mayHold } from './leaf-filter.ts'
import { type Level, LevelWriter } from './level-writer.ts'

/** Where a block may be; whether it is, the chunk file's block table tells. */
export interface Candidate {
  readonly chunk: number
  /** Which block of the chunk file. */
  readonly ordinal: number
}

/** A level is merged into a new one unless it is larger by this factor. */
const growthFactor = 4
/** Levels of fewer entries are always merged: they cost less to write than to ask. */
const smallLevelEntries = 16_384
const none: readonly Candidate[] = []

export class BlockLevels {
  readonly #sql: BaseConnection
  readonly #cache: LeafCache
  /** Smallest first; undefined until they are asked for. */
  #levels: readonly Level[] | undefined

  constructor(sql: BaseConnection) {
    this.#sql = sql
    this.#cache = new LeafCache(sql)
  }

  /** True when no block was ever merged: every look-up would miss. */
  get isEmpty(): boolean {
    return this.#known().length === 0
  }

  /** Where the block may be, in no order; some chunk files may be forgotten ones. */
  candidates(id: Uint8Array): readonly Candidate[] {
    for (;;) {
      const found = this.#search(highBits(id, 0), id[4] as number)
      if (found !== undefined) return found
    }
  }

  /** Forgets what was read: another connection, or a transaction that was taken back, changed what is there. */
  reset(): void {
    this.#levels = undefined
    this.#cache.clear()
  }

  /** Looks whether another connection has merged since; true when it has. */
  refresh(): boolean {
    if (this.#levels === undefined) return false
    const newest = this.#sql.value<number | null>('SELECT max(number) FROM block_level') ?? 0
    if (newest === Math.max(0, ...this.#levels.map(({ number }) => number))) return false
    this.reset()
    return true
  }

  /** Adds the blocks of `batch`, which is empty afterwards. Inside of the caller's transaction. */
  merge(batch: BlockBatch): void {
    if (batch.size === 0) return
    batch.sort()
    const levels = this.#readLevels()
    const absorbed = this.#absorbed(levels, batch.size)
    const forgotten = new Set(this.#sql.values<number>('SELECT number FROM forgotten_chunk'))
    new LevelWriter(this.#sql, absorbed, batch, forgotten).run()
    if (absorbed.length === levels.length) this.#sql.run('DELETE FROM forgotten_chunk')
    batch.clear()
    this.reset()
  }

  /** The levels that a batch of so many blocks is merged with; all, when half of the entries are dead. */
  #absorbed(levels: readonly Level[], batchSize: number): readonly Level[] {
    const held = levels.reduce((sum, { entries }) => sum + entries, 0)
    const dead = this.#sql.value<number | null>('SELECT sum(blocks) FROM forgotten_chunk') ?? 0
    if (dead * 2 > held) return levels
    let entries = batchSize
    let count = 0
    for (const level of levels) {
      if (level.entries > Math.max(smallLevelEntries, entries * growthFactor)) break
      entries += level.entries
      count++
    }
    return levels.slice(0, count)
  }

  #search(high: number, low: number): readonly Candidate[] | undefined {
    let found: Candidate[] | undefined
    for (const level of this.#known()) {
      const leaf = level.bits === 0 ? 0 : high >>> (32 - level.bits)
      const filter = this.#cache.filter(level.number, leaf)
      if (filter === undefined) return this.#missing(level)
      if (!mayHold(filter, leaf, high, low)) continue
      const entries = this.#cache.leaf(level.number, leaf)
      if (entries === undefined) return this.#missing(level)
      for (let at = firstNotBelow(entries, high); entries[at] === high; at += 3) {
        const word = entries[at + 1] as number
        if (word >>> 24 !== low) continue
        found ??= []
        found.push({ chunk: entries[at + 2] as number, ordinal: word & indexMask })
      }
    }
    return found ?? none
  }

  /** A level that was merged away by another connection is read anew; one that should be there is damaged. */
  #missing(level: Level): undefined {
    this.reset()
    if (this.#known().every(({ number }) => number !== level.number)) return undefined
    throw this.#sql.damaged('a part of the block index is missing')
  }

  #known(): readonly Level[] {
    this.#levels ??= this.#readLevels()
    return this.#levels
  }

  #readLevels(): readonly Level[] {
    return this.#sql.all<Level>('SELECT number, bits, entries FROM block_level ORDER BY entries, number')
  }
}

/** Word at which the first entry stands that is not below `high`. */
function firstNotBelow(entries: Uint32Array, high: number): number {
  let from = 0
  let to = entries.length / 3
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((entries[middle * 3] as number) < high) from = middle + 1
    else to = middle
  }
  return from * 3
}
