/**
 * Writes one level of the block index out of a batch of new blocks and the levels that are merged into it. Goes through
 * the fingerprints slice by slice, so that memory does not depend on how many entries there are:
 *  1. the entries of the slice are gathered from the batch and from the old levels, but those of forgotten chunk files;
 *  2. old leaves that lie in the slice are deleted, so that their place in the file is used again at once;
 *  3. the entries are sorted and written, leaf by leaf, with their filters;
 *  4. after the last slice, the old levels are deleted.
 */
import type { BaseConnection } from './base-connection.ts'
import { type BlockBatch, indexMask } from './block-batch.ts'
import { bytesOf, leafKey, wordsOf } from './leaf-cache.ts'
import { addToFilter, filterWords, leavesPerFilterRow } from './leaf-filter.ts'

export interface Level {
  readonly number: number
  /** Its leaves are 2^bits. */
  readonly bits: number
  readonly entries: number
}

/** Entries of a leaf; it has half to all of them, and by chance some more. */
const meanLeafEntries = 128
const sliceEntries = 65_536
const wordsPerEntry = 3

export class LevelWriter {
  readonly #sql: BaseConnection
  readonly #levels: readonly Level[]
  readonly #batch: BlockBatch
  readonly #forgotten: ReadonlySet<number>
  readonly #bits: number
  readonly #sliceBits: number
  readonly #leavesPerRow: number
  readonly #filters: Uint32Array
  /** Entries of one slice as they are gathered, and as they are written. */
  #gathered = new Uint32Array(sliceEntries * 2 * wordsPerEntry)
  #sorted = new Uint32Array(sliceEntries * 2 * wordsPerEntry)
  /** As in a batch: upper bits of the fingerprint; its lowest, and which of the gathered entries it is. */
  #order = new Uint32Array(sliceEntries * 2 * 2)
  #count = 0
  #nextOfBatch = 0
  #written = 0

  /** `batch` is sorted; `forgotten`: numbers of chunk files whose entries are left out. */
  constructor(sql: BaseConnection, levels: readonly Level[], batch: BlockBatch, forgotten: ReadonlySet<number>) {
    this.#sql = sql
    this.#levels = levels
    this.#batch = batch
    this.#forgotten = forgotten
    const entries = levels.reduce((sum, level) => sum + level.entries, batch.size)
    this.#bits = bitsFor(entries / meanLeafEntries)
    this.#sliceBits = Math.min(this.#bits, bitsFor(entries / sliceEntries))
    this.#leavesPerRow = Math.min(leavesPerFilterRow, 2 ** this.#bits)
    this.#filters = new Uint32Array(this.#leavesPerRow * filterWords)
  }

  run(): void {
    const number = this.#sql.run('INSERT INTO block_level (bits, entries) VALUES (?, 0)', this.#bits)
    for (let slice = 0; slice < 2 ** this.#sliceBits; slice++) {
      this.#count = 0
      this.#gatherBatch(slice)
      for (const level of this.#levels) this.#gatherLevel(level, slice)
      this.#sort()
      this.#writeLeaves(number, slice)
    }
    for (const level of this.#levels) this.#deleteLevel(level)
    this.#sql.run('UPDATE block_level SET entries = ? WHERE number = ?', this.#written, number)
  }

  #gatherBatch(slice: number): void {
    const end = (slice + 1) * 2 ** (32 - this.#sliceBits)
    while (this.#nextOfBatch < this.#batch.size && this.#batch.highAt(this.#nextOfBatch) < end) {
      this.#ensureRoom(1)
      this.#batch.writeEntry(this.#nextOfBatch++, this.#gathered, this.#count++ * wordsPerEntry)
    }
  }

  /** The leaves of a level with more bits than there are slices lie within slices; otherwise a leaf spans several. */
  #gatherLevel(level: Level, slice: number): void {
    const leavesBits = level.bits - this.#sliceBits
    const first = leavesBits >= 0 ? slice * 2 ** leavesBits : Math.floor(slice / 2 ** -leavesBits)
    const end = leavesBits >= 0 ? first + 2 ** leavesBits : first + 1
    const range = [leafKey(level.number, first), leafKey(level.number, end)] as const
    for (const leaf of this.#sql.values<Buffer>(
      'SELECT entries FROM block_leaf WHERE key >= ? AND key < ? ORDER BY key',
      ...range,
    )) {
      this.#gatherLeaf(wordsOf(leaf), slice)
    }
    if (leavesBits >= 0) this.#sql.run('DELETE FROM block_leaf WHERE key >= ? AND key < ?', ...range)
  }

  #gatherLeaf(entries: Uint32Array, slice: number): void {
    this.#ensureRoom(entries.length / wordsPerEntry)
    for (let at = 0; at < entries.length; at += wordsPerEntry) {
      if (prefix(entries[at] as number, this.#sliceBits) !== slice) continue
      if (this.#forgotten.has(entries[at + 2] as number)) continue
      const to = this.#count++ * wordsPerEntry
      this.#gathered[to] = entries[at] as number
      this.#gathered[to + 1] = entries[at + 1] as number
      this.#gathered[to + 2] = entries[at + 2] as number
    }
  }

  #sort(): void {
    const { length } = this.#gathered
    if (this.#sorted.length < length) {
      this.#sorted = new Uint32Array(length)
      this.#order = new Uint32Array((length / wordsPerEntry) * 2)
    }
    for (let entry = 0; entry < this.#count; entry++) {
      this.#order[entry * 2] = ((this.#gathered[entry * wordsPerEntry + 1] as number) & ~indexMask) | entry
      this.#order[entry * 2 + 1] = this.#gathered[entry * wordsPerEntry] as number
    }
    new BigUint64Array(this.#order.buffer, 0, this.#count).sort()
    for (let entry = 0; entry < this.#count; entry++) {
      const from = ((this.#order[entry * 2] as number) & indexMask) * wordsPerEntry
      const to = entry * wordsPerEntry
      this.#sorted[to] = this.#gathered[from] as number
      this.#sorted[to + 1] = this.#gathered[from + 1] as number
      this.#sorted[to + 2] = this.#gathered[from + 2] as number
    }
  }

  /** Every leaf is written, also one without entries: a leaf that is not there means that its level is not. */
  #writeLeaves(level: number, slice: number): void {
    const leaves = 2 ** (this.#bits - this.#sliceBits)
    let entry = 0
    for (let leaf = slice * leaves; leaf < (slice + 1) * leaves; leaf++) {
      const first = entry
      for (; entry < this.#count; entry++) {
        const high = this.#sorted[entry * wordsPerEntry] as number
        if (prefix(high, this.#bits) !== leaf) break
        addToFilter(this.#filters, leaf, high, (this.#sorted[entry * wordsPerEntry + 1] as number) >>> 24)
      }
      this.#sql.run(
        'INSERT INTO block_leaf (key, entries) VALUES (?, ?)',
        leafKey(level, leaf),
        bytesOf(this.#sorted.subarray(first * wordsPerEntry, entry * wordsPerEntry)),
      )
      if ((leaf + 1) % this.#leavesPerRow === 0) this.#writeFilters(level, leaf)
    }
    this.#written += this.#count
  }

  #writeFilters(level: number, leaf: number): void {
    const row = Math.floor(leaf / leavesPerFilterRow)
    this.#sql.run('INSERT INTO block_filter (key, bits) VALUES (?, ?)', leafKey(level, row), bytesOf(this.#filters))
    this.#filters.fill(0)
  }

  #deleteLevel({ number }: Level): void {
    const range = [leafKey(number, 0), leafKey(number + 1, 0)] as const
    this.#sql.run('DELETE FROM block_leaf WHERE key >= ? AND key < ?', ...range)
    this.#sql.run('DELETE FROM block_filter WHERE key >= ? AND key < ?', ...range)
    this.#sql.run('DELETE FROM block_level WHERE number = ?', number)
  }

  #ensureRoom(entries: number): void {
    const needed = (this.#count + entries) * wordsPerEntry
    if (needed <= this.#gathered.length) return
    if (this.#count + entries > indexMask) throw new RangeError('too many blocks of nearly the same id')
    const grown = new Uint32Array(Math.max(needed, this.#gathered.length * 2))
    grown.set(this.#gathered.subarray(0, this.#count * wordsPerEntry))
    this.#gathered = grown
  }
}

function bitsFor(parts: number): number {
  return Math.max(0, Math.ceil(Math.log2(parts)))
}

function prefix(high: number, bits: number): number {
  return bits === 0 ? 0 : high >>> (32 - bits)
}
