/**
 * `base.db`, the base: the latest captured state of every item, and where every block is, per
 * vault. The only file that speaks SQLite in the cache. It is a cache: deleted or damaged, it is
 * rebuilt from a vault, and only time is lost.
 *
 *  - A block counts as known for a vault only when a chunk file that holds it is placed there.
 *  - `capture` is the one transaction that merges an increment into the base.
 *  - Every commit is synced (`synchronous=FULL`, asserted): what capture acknowledged is not lost.
 */
import { existsSync, renameSync } from 'node:fs'
import Database from 'better-sqlite3'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import type { ChunkFileName, ItemId, KeyspaceId, PointId, VaultId } from '../contract/ids.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import {
  type BlockLocation,
  baseSchema,
  type CapturedPoint,
  type ChunkFileRow,
  capturedPoint,
  type Increment,
  indexedChunkFile,
  type KnownChunkFile,
  knownChunkFile,
  type PointRow,
} from './base-rows.ts'

const baseSchemaVersion = 1

/**
 * Opens the base at `path`. One that is not there is created; a damaged one is set aside as
 * `<path>.damaged-<n>` and a new one is made; `setAside` then names it. With `readOnly`, an empty one in memory
 * stands for either, and for one that is not made yet. Throws `home.newer`, `cache.failed`, `cache.damaged`.
 */
export function openBase(path: string, options: { readonly readOnly?: boolean } = {}): BaseDb {
  const isNew = !existsSync(path)
  if (!isNew && !options.readOnly && !isWhole(path)) {
    let attempt = 1
    while (existsSync(`${path}.damaged-${attempt}`)) attempt++
    const setAside = `${path}.damaged-${attempt}`
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
    }
    return new BaseDb(path, false, setAside)
  }
  if (options.readOnly !== true) return new BaseDb(path, false, undefined)
  if (isNew) return new BaseDb(':memory:', false, undefined)
  try {
    if (!isMade(path)) return new BaseDb(':memory:', false, undefined)
    return new BaseDb(path, true, undefined)
  } catch (error) {
    if (isAgentError(error, 'cache.damaged')) return new BaseDb(':memory:', false, undefined)
    throw error
  }
}

/** Every method throws `cache.failed` where SQLite refuses, and `cache.damaged` where the file is found damaged. */
export class BaseDb implements Disposable {
  readonly path: string
  /** Where a damaged base was moved to when this one was opened. */
  readonly setAside: string | undefined
  readonly #db: Database.Database
  readonly #locate: Database.Statement<[Uint8Array], BlockLocation>
  readonly #page: Database.Statement<[Uint8Array], { page: Buffer }>
  readonly #chunks = new Map<number, KnownChunkFile>()

  constructor(path: string, readOnly: boolean, setAside: string | undefined) {
    this.path = path
    this.setAside = setAside
    try {
      this.#db = new Database(path, { readonly: readOnly, timeout: 10_000 })
      this.#prepare(readOnly)
      this.#locate = this.#db.prepare('SELECT chunk, extent, ordinal, size_bytes AS sizeBytes FROM block WHERE id = ?')
      this.#page = this.#db.prepare('SELECT page FROM tree_page WHERE id = ?')
    } catch (error) {
      throw translate(error, path)
    }
  }

  /** All places of a block, in any chunk file, in any vault. */
  locate(id: Uint8Array): BlockLocation[] {
    return this.#translated(() => this.#locate.all(id))
  }

  /** A tree page of the latest state of some item; undefined when the base does not hold it. */
  treePage(id: Uint8Array): Buffer | undefined {
    return this.#translated(() => this.#page.get(id))?.page
  }

  /** A chunk file by its number in this base. */
  chunkFile(number: number): KnownChunkFile {
    const cached = this.#chunks.get(number)
    if (cached !== undefined) return cached
    const row = this.#get<ChunkFileRow>('SELECT * FROM chunk_file WHERE number = ?', number)
    if (row === undefined) throw new Error(`base.db names chunk file ${number} but does not hold it`)
    const known = knownChunkFile(row)
    this.#chunks.set(number, known)
    return known
  }

  chunkFileNumber(name: ChunkFileName): number | undefined {
    return this.#get<{ number: number }>('SELECT number FROM chunk_file WHERE name = ?', fromHex(name))?.number
  }

  /** Numbers of the chunk files that `vault` is known to hold and index. */
  placedChunks(vault: VaultId): Set<number> {
    const rows = this.#all<{ chunk: number }>('SELECT chunk FROM placement WHERE vault = ? AND placed = 1', vault)
    return new Set(rows.map((row) => row.chunk))
  }

  /** Chunk files that wait in the cache for `vault`, oldest first, as index segments list them. */
  waitingChunkFiles(vault: VaultId): IndexedChunkFile[] {
    return this.#all<ChunkFileRow>(
      `SELECT chunk_file.* FROM placement JOIN chunk_file ON number = chunk
       WHERE vault = ? AND placed = 0 ORDER BY number`,
      vault,
    ).map(indexedChunkFile)
  }

  /** True while any vault waits for the chunk file. */
  isWaiting(name: ChunkFileName): boolean {
    const row = this.#get<{ waiting: number }>(
      'SELECT count(*) AS waiting FROM placement JOIN chunk_file ON number = chunk WHERE name = ? AND placed = 0',
      fromHex(name),
    )
    return (row?.waiting ?? 0) > 0
  }

  /** The latest captured point of an item. */
  latestPoint(item: ItemId): CapturedPoint | undefined {
    const row = this.#get<PointRow>(
      'SELECT point.* FROM base JOIN point ON point.id = base.point WHERE base.item = ?',
      item,
    )
    return row && capturedPoint(row)
  }

  /** Points that `vault` has not confirmed yet, in the order they were captured. */
  unconfirmedPoints(vault: VaultId): CapturedPoint[] {
    return this.#all<PointRow>(
      `SELECT point.* FROM transfer JOIN point ON point.id = transfer.point
       WHERE transfer.vault = ? AND transfer.confirmed = 0 ORDER BY point.sequence`,
      vault,
    ).map(capturedPoint)
  }

  /** Highest index segment of a keyspace in `vault` that was read or written; −1 for none. */
  lastIndexSeen(vault: VaultId, keyspace: KeyspaceId): number {
    const row = this.#get<{ last: number | null }>(
      'SELECT max(sequence) AS last FROM index_seen WHERE vault = ? AND keyspace = ?',
      vault,
      fromHex(keyspace),
    )
    return row?.last ?? -1
  }

  /**
   * Adds the content of an index segment of `vault`, whose object has that SHA-256: its chunk files are known and
   * placed there. One transaction.
   */
  mergeIndex(
    vault: VaultId,
    keyspace: KeyspaceId,
    sequence: number,
    chunkFiles: readonly IndexedChunkFile[],
    sha256: Uint8Array,
  ): void {
    this.#transaction(() => {
      for (const file of chunkFiles) this.#place(vault, this.#addChunkFile(keyspace, file))
      this.#db
        .prepare('INSERT OR IGNORE INTO index_seen (vault, keyspace, sequence, sha256) VALUES (?, ?, ?, ?)')
        .run(vault, fromHex(keyspace), sequence, sha256)
    })
  }

  /** SHA-256 of an index segment's object as it was when it was merged. */
  indexSha256(vault: VaultId, keyspace: KeyspaceId, sequence: number): Buffer | undefined {
    return this.#get<{ sha256: Buffer }>(
      'SELECT sha256 FROM index_seen WHERE vault = ? AND keyspace = ? AND sequence = ?',
      vault,
      fromHex(keyspace),
      sequence,
    )?.sha256
  }

  /** Registers complete chunk files that an interrupted run left in the cache, to go to `vault`. One transaction. */
  adopt(vault: VaultId, keyspace: KeyspaceId, chunkFiles: readonly IndexedChunkFile[]): void {
    this.#transaction(() => {
      for (const file of chunkFiles) this.#await(vault, this.#addChunkFile(keyspace, file))
    })
  }

  /** Captured: merges the increment into the base. One synced transaction; all of it or nothing. */
  capture(increment: Increment): void {
    const { point } = increment
    this.#transaction(() => {
      for (const file of increment.chunkFiles) {
        const chunk = this.#addChunkFile(increment.keyspace, file)
        for (const vault of increment.vaults) this.#await(vault, chunk)
      }
      this.#putPoint(point)
      for (const vault of increment.vaults) {
        this.#db.prepare('INSERT INTO transfer (vault, point, confirmed) VALUES (?, ?, 0)').run(vault, point.id)
      }
      this.#db
        .prepare('INSERT INTO base (item, point) VALUES (?, ?) ON CONFLICT (item) DO UPDATE SET point = excluded.point')
        .run(point.item, point.id)
      for (const vault of increment.vaults) {
        const distrust = this.#fact(`distrust/${vault}`)
        if (distrust !== undefined) this.#setFact(`trust/${vault}/${point.item}`, distrust)
      }
      if (increment.lastFileId) this.#setFact(`last-file-id/${increment.keyspace}`, increment.lastFileId)
    })
  }

  /** Confirmed: `vault` holds the point whole. Points that nothing needs any more are dropped from the base. */
  confirm(vault: VaultId, point: PointId): void {
    this.#transaction(() => {
      this.#db.prepare('UPDATE transfer SET confirmed = 1 WHERE vault = ? AND point = ?').run(vault, point)
      this.#db
        .prepare(
          `DELETE FROM point WHERE id NOT IN (SELECT point FROM base)
             AND id NOT IN (SELECT point FROM transfer WHERE confirmed = 0)`,
        )
        .run()
      this.#db.prepare('DELETE FROM transfer WHERE point NOT IN (SELECT id FROM point)').run()
    })
  }

  /** Takes the state of `point`, read from a vault, as the base of its item (after the base was lost, or a take-over). */
  adoptPoint(point: CapturedPoint): void {
    this.#transaction(() => {
      this.#putPoint(point)
      this.#db.prepare('INSERT OR REPLACE INTO base (item, point) VALUES (?, ?)').run(point.item, point.id)
    })
  }

  /** Gives a captured point, which no vault holds yet, another number and parent. */
  renumber(point: CapturedPoint): void {
    this.#transaction(() => this.#putPoint(point))
  }

  /**
   * Forgets what `vault` was known to hold, and the points that wait for it, since they rest on that: the
   * vault is not what it was (put back from an older copy). Its index is read again from the start.
   */
  forgetVault(vault: VaultId): void {
    const waiting = this.unconfirmedPoints(vault)
    for (const { item } of waiting) this.forgetItem(item)
    this.#transaction(() => {
      this.#db.prepare('DELETE FROM placement WHERE vault = ? AND placed = 1').run(vault)
      this.#db.prepare('DELETE FROM index_seen WHERE vault = ?').run(vault)
    })
  }

  /** Forgets the latest state of an item: the next capture reads everything again. */
  forgetItem(item: ItemId): void {
    this.#transaction(() => {
      this.#db.prepare('DELETE FROM base WHERE item = ?').run(item)
      this.#db.prepare('DELETE FROM transfer WHERE point IN (SELECT id FROM point WHERE item = ?)').run(item)
      this.#db.prepare('DELETE FROM point WHERE item = ?').run(item)
    })
  }

  /**
   * The vault does not hold what it was known to hold: no item's next capture takes anything over from the point
   * before, until it was captured once more as a whole.
   */
  distrust(vault: VaultId): void {
    this.#transaction(() => {
      const count = Buffer.alloc(8)
      count.writeDoubleLE(this.#count(`distrust/${vault}`) + 1)
      this.#setFact(`distrust/${vault}`, count)
    })
  }

  /** True when the vault was distrusted since the item was last captured for it. */
  mustReadAll(vault: VaultId, item: ItemId): boolean {
    return this.#count(`distrust/${vault}`) > this.#count(`trust/${vault}/${item}`)
  }

  /** Forgets that `vault` holds these chunk files; where else they are stays known. */
  unplace(vault: VaultId, numbers: readonly number[]): void {
    this.#transaction(() => {
      this.#db
        .prepare('DELETE FROM placement WHERE vault = ? AND chunk IN (SELECT value FROM json_each(?))')
        .run(vault, JSON.stringify(numbers))
    })
  }

  /** Chunk files that `vault` is known to hold, with their lengths. */
  placedChunkFiles(
    vault: VaultId,
  ): { readonly name: ChunkFileName; readonly number: number; readonly sizeBytes: number }[] {
    return this.#all<{ name: Buffer; number: number; sizeBytes: number }>(
      `SELECT name, number, size_bytes AS sizeBytes FROM placement JOIN chunk_file ON number = chunk
         WHERE vault = ? AND placed = 1`,
      vault,
    ).map((row) => ({ ...row, name: toHex(row.name) as ChunkFileName }))
  }

  /** Forgets chunk files whose payload is lost; their blocks are read and stored again. */
  forgetChunkFiles(numbers: readonly number[]): void {
    this.#transaction(() => {
      const list = JSON.stringify(numbers)
      // One pass over the blocks, however many chunk files there are: they are not indexed by file.
      this.#db.prepare('DELETE FROM block WHERE chunk IN (SELECT value FROM json_each(?))').run(list)
      this.#db.prepare('DELETE FROM placement WHERE chunk IN (SELECT value FROM json_each(?))').run(list)
      this.#db.prepare('DELETE FROM chunk_file WHERE number IN (SELECT value FROM json_each(?))').run(list)
      for (const number of numbers) this.#chunks.delete(number)
    })
  }

  /**
   * Keeps tree pages. They are addressed by content, so they may come before the point that needs them;
   * what a failed run leaves is dropped by the next `keepTreePages`.
   */
  putTreePages(pages: Iterable<readonly [Uint8Array, Uint8Array]>): void {
    this.#transaction(() => {
      const put = this.#db.prepare('INSERT OR IGNORE INTO tree_page (id, page) VALUES (?, ?)')
      for (const [id, page] of pages) put.run(id, page)
    })
  }

  /** Tree pages held, live or not, and how many there were after the last `keepTreePages`. */
  treePageCounts(): { readonly held: number; readonly lastLive: number } {
    const counted = this.#get<{ held: number }>('SELECT count(*) AS held FROM tree_page')
    const live = this.#fact('live-tree-pages')
    return { held: counted?.held ?? 0, lastLive: live === undefined ? 0 : live.readDoubleLE(0) }
  }

  /** Drops all tree pages but `live` (ids as latin1 strings). */
  keepTreePages(live: ReadonlySet<string>): void {
    this.#transaction(() => {
      const ids = this.#db.prepare<[], { id: Buffer }>('SELECT id FROM tree_page').all()
      const drop = this.#db.prepare('DELETE FROM tree_page WHERE id = ?')
      for (const { id } of ids) if (!live.has(id.toString('latin1'))) drop.run(id)
      const count = Buffer.alloc(8)
      count.writeDoubleLE(live.size)
      this.#setFact('live-tree-pages', count)
    })
  }

  /** All latest points, one an item. */
  latestPoints(): CapturedPoint[] {
    return this.#all<PointRow>('SELECT point.* FROM base JOIN point ON point.id = base.point').map(capturedPoint)
  }

  /** File id of the last chunk file written for a keyspace. */
  lastFileId(keyspace: KeyspaceId): Uint8Array | undefined {
    return this.#fact(`last-file-id/${keyspace}`)
  }

  close(): void {
    this.#db.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #addChunkFile(keyspace: KeyspaceId, file: IndexedChunkFile): number {
    const existing = this.chunkFileNumber(file.name)
    if (existing !== undefined) return existing
    const { lastInsertRowid } = this.#db
      .prepare(
        'INSERT INTO chunk_file (keyspace, name, kind, size_bytes, epoch, salt, block_table) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(fromHex(keyspace), fromHex(file.name), file.kind, file.sizeBytes, file.epoch, file.salt, file.table)
    const number = Number(lastInsertRowid)
    const { extents, ids, lengths } = decodeBlockTable(file.table, file.name)
    const put = this.#db.prepare(
      'INSERT OR IGNORE INTO block (id, chunk, extent, ordinal, size_bytes) VALUES (?, ?, ?, ?, ?)',
    )
    let block = 0
    for (const [extent, { blockCount }] of extents.entries()) {
      for (let ordinal = 0; ordinal < blockCount; ordinal++, block++) {
        put.run(ids.subarray(block * 32, block * 32 + 32), number, extent, ordinal, lengths[block])
      }
    }
    return number
  }

  #putPoint(point: CapturedPoint): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO point (id, item, sequence, manifest, object) VALUES (?, ?, ?, ?, ?)')
      .run(point.id, point.item, point.sequence, point.manifest, point.object)
  }

  #place(vault: VaultId, chunk: number): void {
    this.#db.prepare('INSERT OR REPLACE INTO placement (vault, chunk, placed) VALUES (?, ?, 1)').run(vault, chunk)
  }

  #await(vault: VaultId, chunk: number): void {
    this.#db.prepare('INSERT OR IGNORE INTO placement (vault, chunk, placed) VALUES (?, ?, 0)').run(vault, chunk)
  }

  #count(key: string): number {
    return this.#fact(key)?.readDoubleLE(0) ?? 0
  }

  #setFact(key: string, value: Uint8Array): void {
    this.#db.prepare('INSERT OR REPLACE INTO fact (key, value) VALUES (?, ?)').run(key, value)
  }

  #fact(key: string): Buffer | undefined {
    return this.#get<{ value: Buffer }>('SELECT value FROM fact WHERE key = ?', key)?.value
  }

  #get<Row>(sql: string, ...parameters: readonly (string | number | Uint8Array)[]): Row | undefined {
    return this.#translated(() => this.#db.prepare<unknown[], Row>(sql).get(...parameters))
  }

  #all<Row>(sql: string, ...parameters: readonly (string | number | Uint8Array)[]): Row[] {
    return this.#translated(() => this.#db.prepare<unknown[], Row>(sql).all(...parameters))
  }

  #translated<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  #transaction(work: () => void): void {
    this.#translated(() => this.#db.transaction(work).immediate())
  }

  #prepare(readOnly: boolean): void {
    this.#db.pragma('cache_size = -8000')
    const version = this.#db.pragma('user_version', { simple: true }) as number
    if (version > baseSchemaVersion) {
      throw new AgentError('home.newer', { path: this.path, found: version, known: baseSchemaVersion })
    }
    if (readOnly) return
    this.#db.pragma('journal_mode = WAL')
    this.#db.pragma('synchronous = FULL')
    if (this.#db.pragma('synchronous', { simple: true }) !== 2) throw new Error('SQLite does not sync its commits')
    if (version === 0) {
      this.#db.transaction(() => {
        this.#db.exec(baseSchema)
        this.#db.pragma(`user_version = ${baseSchemaVersion}`)
      })()
    }
  }
}

function isWhole(path: string): boolean {
  try {
    return askFile(path, 'quick_check(1)') === 'ok'
  } catch (error) {
    if (isAgentError(error, 'cache.damaged')) return false
    throw error
  }
}

/** False for what a process leaves that ended before it had made the tables. */
function isMade(path: string): boolean {
  return askFile(path, 'user_version') !== 0
}

function askFile(path: string, pragma: string): unknown {
  try {
    const db = new Database(path, { readonly: true, timeout: 10_000 })
    try {
      return db.pragma(pragma, { simple: true })
    } finally {
      db.close()
    }
  } catch (error) {
    throw translate(error, path)
  }
}

function translate(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  if (error.code === 'SQLITE_FULL') return new AgentError('cache.full', { path }, error)
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(error.code)) {
    return new AgentError('cache.damaged', { path, reason: error.message }, error)
  }
  return new AgentError('cache.failed', { path, reason: error.message }, error)
}
