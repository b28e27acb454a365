/** The chunk files that the base knows, in which vaults they are, and where their blocks lie. */
import { isAgentError } from '../base/agent-error.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import type { ChunkFileName, KeyspaceId, VaultId } from '../contract/ids.ts'
import { type BlockTable, blockTableParts, decodeBlockTable, readExtents } from '../format/block-table.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import type { BaseConnection } from './base-connection.ts'
import {
  type BlockLocation,
  type ChunkFileRow,
  indexedChunkFile,
  type KnownChunkFile,
  knownChunkFile,
  type PlacedChunkFile,
} from './base-rows.ts'
import { BlockBatch } from './block-batch.ts'
import { BlockLevels, type Candidate } from './block-levels.ts'
import { BlockLists } from './block-lists.ts'

/** Extents of all chunk files that are kept as they were read: about 8 MiB. */
const extentBudget = 65_536

/** `placed`: a vault holds it, whether or not others wait; `waiting`: none does, and one waits; `gone`: a clean-up has deleted it. */
export type ChunkFileState = 'waiting' | 'placed' | 'gone' | 'nowhere'

/** What changes something belongs into a transaction of the caller, who calls `reset` when it is taken back. */
export class BaseChunks {
  readonly #sql: BaseConnection
  readonly #levels: BlockLevels
  readonly #lists: BlockLists
  readonly #batch = new BlockBatch()
  readonly #files = new Map<number, KnownChunkFile>()
  #extents = 0

  constructor(sql: BaseConnection) {
    this.#sql = sql
    this.#levels = new BlockLevels(sql)
    this.#lists = new BlockLists(sql)
  }

  get holdsBlocks(): boolean {
    return !this.#levels.isEmpty
  }

  /** `looksAgain`: another connection may have written what is not found here. */
  locate(id: Uint8Array, looksAgain: boolean): BlockLocation[] {
    const found = this.#exact(this.#levels.candidates(id), id)
    if (found.length > 0 || !looksAgain || !this.#levels.refresh()) return found
    return this.#exact(this.#levels.candidates(id), id)
  }

  file(number: number): KnownChunkFile {
    const kept = this.#files.get(number)
    if (kept !== undefined) return kept
    const row = this.#sql.get<ChunkFileRow>('SELECT * FROM chunk_file WHERE number = ?', number)
    const head = this.#lists.head(number)
    if (row === undefined || head === undefined) {
      throw new Error(`base.db names chunk file ${number} but does not hold it`)
    }
    const file = knownChunkFile(
      row,
      this.#decoded(() => readExtents(head)),
    )
    this.#files.set(number, file)
    this.#extents += file.extents.length
    for (const [oldest, { extents }] of this.#files) {
      if (this.#extents <= extentBudget || oldest === number) break
      this.#files.delete(oldest)
      this.#extents -= extents.length
    }
    return file
  }

  table(number: number): BlockTable {
    const table = this.#lists.table(number)
    if (table === undefined) throw new Error(`base.db names chunk file ${number} but does not hold its blocks`)
    return decodeBlockTable(table, `the block table of chunk file ${number} in base.db`)
  }

  number(name: ChunkFileName): number | undefined {
    return this.#sql.value<number>('SELECT number FROM chunk_file WHERE name = ?', fromHex(name))
  }

  /** Adds a chunk file that is not known yet; answers its number. Its blocks are found after `mergeBlocks`. */
  add(keyspace: KeyspaceId, file: IndexedChunkFile): number {
    const existing = this.number(file.name)
    if (existing !== undefined) return existing
    const { ids } = decodeBlockTable(file.table, file.name)
    const number = this.#sql.run(
      'INSERT INTO chunk_file (keyspace, name, kind, size_bytes, epoch, salt) VALUES (?, ?, ?, ?, ?, ?)',
      fromHex(keyspace),
      fromHex(file.name),
      file.kind,
      file.sizeBytes,
      file.epoch,
      file.salt,
    )
    this.#lists.put(number, blockTableParts(file.table))
    if (!this.#batch.hasRoomFor(ids)) this.mergeBlocks()
    this.#batch.add(number, ids)
    return number
  }

  mergeBlocks(): void {
    this.#levels.merge(this.#batch)
  }

  /** A chunk file that is gone is not placed again, whatever names it. */
  place(vault: VaultId, chunk: number): void {
    const sql = `INSERT OR REPLACE INTO placement (vault, chunk, placed) SELECT ?, ?, 1 WHERE NOT EXISTS
      (SELECT 1 FROM gone_chunk JOIN chunk_file USING (name) WHERE vault = ? AND number = ?)`
    this.#sql.run(sql, vault, chunk, vault, chunk)
  }

  await(vault: VaultId, chunk: number): void {
    this.#sql.run('INSERT OR IGNORE INTO placement (vault, chunk, placed) VALUES (?, ?, 0)', vault, chunk)
  }

  placed(vault: VaultId): Set<number> {
    const sql = `SELECT chunk FROM placement WHERE vault = ? AND placed = 1 AND chunk NOT IN
      (SELECT number FROM condemned_chunk JOIN chunk_file USING (name) WHERE vault = ?)`
    return new Set(this.#sql.values<number>(sql, vault, vault))
  }

  placedFiles(vault: VaultId, keyspace: KeyspaceId): PlacedChunkFile[] {
    return this.#sql
      .all<{ name: Buffer; number: number; sizeBytes: number }>(
        `SELECT name, number, size_bytes AS sizeBytes FROM placement JOIN chunk_file ON number = chunk
         WHERE vault = ? AND placed = 1 AND keyspace = ?`,
        vault,
        fromHex(keyspace),
      )
      .map(({ name, number, sizeBytes }) => ({ name: toHex(name) as ChunkFileName, number, sizeBytes }))
  }

  waiting(vault: VaultId): Set<number> {
    return new Set(this.#sql.values<number>('SELECT chunk FROM placement WHERE vault = ? AND placed = 0', vault))
  }

  waitingFiles(vault: VaultId): IndexedChunkFile[] {
    return this.#sql
      .all<ChunkFileRow>(
        `SELECT chunk_file.* FROM placement JOIN chunk_file ON number = chunk
         WHERE vault = ? AND placed = 0 ORDER BY number`,
        vault,
      )
      .map((row) => {
        const table = this.#lists.table(row.number) ?? Buffer.alloc(0)
        // A table that lacks rows would make its blocks impossible to find, in the vault too.
        this.#decoded(() => decodeBlockTable(table, toHex(row.name)))
        return indexedChunkFile(row, table)
      })
  }

  isPlaced(vault: VaultId, name: ChunkFileName): boolean {
    const number = this.number(name)
    if (number === undefined) return false
    return this.#sql.value('SELECT placed FROM placement WHERE vault = ? AND chunk = ?', vault, number) === 1
  }

  isPlacedElsewhere(vault: VaultId, name: ChunkFileName): boolean {
    const sql = `SELECT 1 FROM placement JOIN chunk_file ON number = chunk
      WHERE name = ? AND vault <> ? AND placed = 1 LIMIT 1`
    return this.#sql.value(sql, fromHex(name), vault) === 1
  }

  /** All chunk files, or those of one keyspace. */
  states(keyspace: KeyspaceId | undefined): Map<ChunkFileName, ChunkFileState> {
    const sql = `SELECT name, max(placed) AS placed, name IN (SELECT name FROM gone_chunk) AS gone
      FROM chunk_file LEFT JOIN placement ON chunk = number
      ${keyspace === undefined ? '' : 'WHERE keyspace = ?'} GROUP BY number`
    const rows = this.#sql.all<{ name: Buffer; placed: number | null; gone: number }>(
      sql,
      ...(keyspace === undefined ? [] : [fromHex(keyspace)]),
    )
    return new Map(rows.map(({ name, placed, gone }) => [toHex(name) as ChunkFileName, stateOf(placed, gone === 1)]))
  }

  unplace(vault: VaultId, numbers: readonly number[]): void {
    for (const number of numbers) {
      this.#sql.run('DELETE FROM placement WHERE vault = ? AND chunk = ?', vault, number)
    }
  }

  /** Nothing waits for the vault any more. */
  stopWaiting(vault: VaultId): void {
    this.#sql.run('DELETE FROM placement WHERE vault = ? AND placed = 0', vault)
  }

  unplaceAll(vault: VaultId, keyspace: KeyspaceId): void {
    const sql = `DELETE FROM placement WHERE vault = ? AND placed = 1
      AND chunk IN (SELECT number FROM chunk_file WHERE keyspace = ?)`
    this.#sql.run(sql, vault, fromHex(keyspace))
  }

  /** Their entries in the block index count no more and go with a later merge. */
  forget(numbers: readonly number[]): void {
    for (const number of numbers) {
      const blocks = this.#lists.head(number)?.readUInt32LE(4)
      if (blocks === undefined) continue
      this.#sql.run('INSERT INTO forgotten_chunk (number, blocks) VALUES (?, ?)', number, blocks)
      this.#sql.run('DELETE FROM chunk_file WHERE number = ?', number)
      this.#lists.delete(number)
    }
    this.#sql.run('DELETE FROM placement WHERE chunk IN (SELECT value FROM json_each(?))', JSON.stringify(numbers))
    this.#forgetRead()
  }

  /** Forgets what was read and what was not merged: the transaction was taken back. */
  reset(): void {
    this.#batch.clear()
    this.#levels.reset()
    this.#forgetRead()
  }

  /** Bits that flip inside a row go unseen by SQLite: what the base says of itself must decode. */
  #decoded<Value>(decode: () => Value): Value {
    try {
      return decode()
    } catch (error) {
      if (!isAgentError(error, 'format.invalid')) throw error
      throw this.#sql.damaged(error.message.replace(/\.$/, ''), error)
    }
  }

  #forgetRead(): void {
    this.#lists.clear()
    this.#files.clear()
    this.#extents = 0
  }

  #exact(candidates: readonly Candidate[], id: Uint8Array): BlockLocation[] {
    if (candidates.length === 0) return []
    const found: BlockLocation[] = []
    for (const { chunk, ordinal } of inOrder(candidates)) {
      // The first of several copies in one chunk file stands for all.
      const location = found.at(-1)?.chunk === chunk ? undefined : this.#lists.find(chunk, ordinal, id)
      if (location !== undefined) found.push(location)
    }
    return found
  }
}

/** `placed`: the greatest of its placements; null where there is none. */
function stateOf(placed: number | null, isGone: boolean): ChunkFileState {
  if (placed === null) return isGone ? 'gone' : 'nowhere'
  return placed === 0 ? 'waiting' : 'placed'
}

function inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates
  return candidates.toSorted((one, other) => one.chunk - other.chunk || one.ordinal - other.ordinal)
}
