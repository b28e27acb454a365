/** Chunk files and their block tables as they were read from the base: the last used ones, within a budget. */
import { BlockTableView } from '../format/block-table.ts'
import type { BaseConnection } from './base-connection.ts'
import { type ChunkFileRow, type KnownChunkFile, knownChunkFile } from './base-rows.ts'

const tableBudgetBytes = 24 * 1024 * 1024
/** Extents of all kept chunk files together: about 8 MiB. */
const extentBudget = 65_536

export class BlockTables {
  readonly #sql: BaseConnection
  /** Undefined: a chunk file that the index still names, but that is forgotten. */
  readonly #views = new Map<number, BlockTableView | undefined>()
  readonly #files = new Map<number, KnownChunkFile>()
  #viewsSizeBytes = 0
  #extents = 0

  constructor(sql: BaseConnection) {
    this.#sql = sql
  }

  /** The block table of a chunk file; undefined when that is forgotten. */
  table(chunk: number): BlockTableView | undefined {
    const kept = this.#views.get(chunk)
    if (kept !== undefined || this.#views.has(chunk)) {
      this.#views.delete(chunk)
      this.#views.set(chunk, kept)
      return kept
    }
    const bytes = this.#sql.value<Buffer>('SELECT bytes FROM block_table WHERE chunk = ?', chunk)
    const view = bytes && new BlockTableView(bytes, `block table of chunk file ${chunk}`)
    this.#views.set(chunk, view)
    this.#viewsSizeBytes += costOf(view)
    for (const [oldest, old] of this.#views) {
      if (this.#viewsSizeBytes <= tableBudgetBytes || oldest === chunk) break
      this.#views.delete(oldest)
      this.#viewsSizeBytes -= costOf(old)
    }
    return view
  }

  chunkFile(number: number): KnownChunkFile {
    const kept = this.#files.get(number)
    if (kept !== undefined) return kept
    const row = this.#sql.get<ChunkFileRow>(
      'SELECT chunk_file.*, bytes AS block_table FROM chunk_file JOIN block_table ON chunk = number WHERE number = ?',
      number,
    )
    if (row === undefined) throw new Error(`base.db names chunk file ${number} but does not hold it`)
    const known = knownChunkFile(row)
    this.#files.set(number, known)
    this.#extents += known.extents.length
    for (const [oldest, old] of this.#files) {
      if (this.#extents <= extentBudget || oldest === number) break
      this.#files.delete(oldest)
      this.#extents -= old.extents.length
    }
    return known
  }

  clear(): void {
    this.#views.clear()
    this.#files.clear()
    this.#viewsSizeBytes = 0
    this.#extents = 0
  }
}

function costOf(view: BlockTableView | undefined): number {
  return 100 + (view === undefined ? 0 : view.bytes.length)
}
