/**
 * Block tables of chunk files, as the base keeps them: the head with the extents in one row, lengths and ids in rows of
 * 100 blocks, each of which fills a page of the file. So to look at one block reads one row, and not all of the table. What
 * was read is kept, within budgets.
 */
import { type BlockTableParts, readExtents } from '../format/block-table.ts'
import { blockIdSizeBytes } from '../format/chunk-file.ts'
import type { BaseConnection } from './base-connection.ts'
import type { BlockLocation } from './base-rows.ts'

const blocksPerRow = 100
/** Rows of a chunk file at most; one of the greatest length holds 1,900,000 blocks. */
const rowsPerFile = 2 ** 16
const rowBudgetBytes = 16 * 1024 * 1024
/** What a kept row takes beside its bytes. */
const rowOverheadBytes = 200
/** Extents of all chunk files whose heads are kept: 4 MiB. */
const extentBudget = 2 ** 20

export class BlockLists {
  readonly #sql: BaseConnection
  readonly #rows = new Map<number, Buffer>()
  #rowsSizeBytes = 0
  /** By chunk file: which of its blocks is the first of each extent. */
  readonly #firstBlocks = new Map<number, Uint32Array>()
  #extents = 0

  constructor(sql: BaseConnection) {
    this.#sql = sql
  }

  put(chunk: number, { head, lengths, ids }: BlockTableParts): void {
    this.#sql.run('INSERT INTO block_extents (chunk, head) VALUES (?, ?)', chunk, head)
    const blocks = lengths.length / 4
    for (let first = 0; first < blocks; first += blocksPerRow) {
      const end = first + blocksPerRow
      const row = [lengths.subarray(first * 4, end * 4), ids.subarray(first * blockIdSizeBytes, end * blockIdSizeBytes)]
      this.#sql.run('INSERT INTO block_list (key, blocks) VALUES (?, ?)', rowKey(chunk, first), Buffer.concat(row))
    }
  }

  /** The encoded block table of a chunk file, byte for byte as it was put; undefined when it is forgotten. */
  table(chunk: number): Buffer | undefined {
    const head = this.head(chunk)
    if (head === undefined) return undefined
    const rows = this.#sql.values<Buffer>(
      'SELECT blocks FROM block_list WHERE key >= ? AND key < ? ORDER BY key',
      rowKey(chunk, 0),
      rowKey(chunk + 1, 0),
    )
    return Buffer.concat([head, ...rows.map(lengthsOf), ...rows.map(idsOf)])
  }

  /** Counts and extents of a chunk file; undefined when it is forgotten. */
  head(chunk: number): Buffer | undefined {
    return this.#sql.value<Buffer>('SELECT head FROM block_extents WHERE chunk = ?', chunk)
  }

  /** Where the block of this ordinal in the chunk file lies, if it is the one with this id. */
  find(chunk: number, block: number, id: Uint8Array): BlockLocation | undefined {
    const row = this.#row(rowKey(chunk, block))
    if (row === undefined) return undefined
    const count = row.length / (blockIdSizeBytes + 4)
    const inRow = block % blocksPerRow
    const at = count * 4 + inRow * blockIdSizeBytes
    if (inRow >= count || row.compare(id, 0, blockIdSizeBytes, at, at + blockIdSizeBytes) !== 0) return undefined
    const firstBlocks = this.#firstBlocksOf(chunk)
    const extent = lastNotAbove(firstBlocks, block)
    const ordinal = block - (firstBlocks[extent] as number)
    return { chunk, extent, ordinal, sizeBytes: row.readUInt32LE(inRow * 4) }
  }

  delete(chunk: number): void {
    this.#sql.run('DELETE FROM block_extents WHERE chunk = ?', chunk)
    this.#sql.run('DELETE FROM block_list WHERE key >= ? AND key < ?', rowKey(chunk, 0), rowKey(chunk + 1, 0))
  }

  /** Forgets what was read. */
  clear(): void {
    this.#rows.clear()
    this.#rowsSizeBytes = 0
    this.#firstBlocks.clear()
    this.#extents = 0
  }

  #row(key: number): Buffer | undefined {
    const kept = this.#rows.get(key)
    if (kept !== undefined) return kept
    const row = this.#sql.value<Buffer>('SELECT blocks FROM block_list WHERE key = ?', key)
    if (row === undefined) return undefined
    this.#rows.set(key, row)
    this.#rowsSizeBytes += row.length + rowOverheadBytes
    for (const [oldest, { length }] of this.#rows) {
      if (this.#rowsSizeBytes <= rowBudgetBytes) break
      this.#rows.delete(oldest)
      this.#rowsSizeBytes -= length + rowOverheadBytes
    }
    return row
  }

  #firstBlocksOf(chunk: number): Uint32Array {
    const kept = this.#firstBlocks.get(chunk)
    if (kept !== undefined) return kept
    const head = this.head(chunk)
    if (head === undefined) throw this.#sql.damaged(`the extents of chunk file ${chunk} are missing`)
    const extents = readExtents(head)
    const firstBlocks = new Uint32Array(extents.length)
    let block = 0
    for (const [extent, { blockCount }] of extents.entries()) {
      firstBlocks[extent] = block
      block += blockCount
    }
    this.#firstBlocks.set(chunk, firstBlocks)
    this.#extents += firstBlocks.length
    for (const [oldest, { length }] of this.#firstBlocks) {
      if (this.#extents <= extentBudget || oldest === chunk) break
      this.#firstBlocks.delete(oldest)
      this.#extents -= length
    }
    return firstBlocks
  }
}

function rowKey(chunk: number, block: number): number {
  return chunk * rowsPerFile + Math.floor(block / blocksPerRow)
}

function lengthsOf(row: Buffer): Buffer {
  return row.subarray(0, (row.length / (blockIdSizeBytes + 4)) * 4)
}

function idsOf(row: Buffer): Buffer {
  return row.subarray((row.length / (blockIdSizeBytes + 4)) * 4)
}

/** Index of the last of ascending numbers that is not above `number`. */
function lastNotAbove(numbers: Uint32Array, number: number): number {
  let low = 0
  let high = numbers.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((numbers[middle] as number) <= number) low = middle
    else high = middle - 1
  }
  return low
}
