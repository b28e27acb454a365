/**
 * What clean-ups say of a vault's chunk files, as it was last read: *condemned* ones, which may go at any time, and those
 * that are *gone*, which are never there again under their names.
 */
import { fromHex, toHex } from '../base/bytes.ts'
import type { ChunkFileName, KeyspaceId, VaultId } from '../contract/ids.ts'
import type { BaseConnection } from './base-connection.ts'

/** What changes something is one transaction. */
export class BaseCleanUps {
  readonly #sql: BaseConnection

  constructor(sql: BaseConnection) {
    this.#sql = sql
  }

  condemned(vault: VaultId, keyspace: KeyspaceId): Set<ChunkFileName> {
    const sql = 'SELECT name FROM condemned_chunk WHERE vault = ? AND keyspace = ?'
    const names = this.#sql.values<Buffer>(sql, vault, fromHex(keyspace))
    return new Set(names.map((name) => toHex(name) as ChunkFileName))
  }

  /** From now on these are condemned and no others. */
  condemn(vault: VaultId, keyspace: KeyspaceId, names: Iterable<ChunkFileName>): void {
    const wanted = new Set(names)
    const known = this.condemned(vault, keyspace)
    if (wanted.size === known.size && [...wanted].every((name) => known.has(name))) return
    this.#sql.transaction(() => {
      this.#sql.run('DELETE FROM condemned_chunk WHERE vault = ? AND keyspace = ?', vault, fromHex(keyspace))
      const sql = 'INSERT INTO condemned_chunk (vault, keyspace, name) VALUES (?, ?, ?)'
      for (const name of wanted) this.#sql.run(sql, vault, fromHex(keyspace), fromHex(name))
    })
  }

  /** Highest index-gone object that was read; −1 for none. */
  lastSeen(vault: VaultId, keyspace: KeyspaceId): number {
    const sql = 'SELECT sequence FROM gone_seen WHERE vault = ? AND keyspace = ?'
    return this.#sql.value<number>(sql, vault, fromHex(keyspace)) ?? -1
  }

  /** Takes in an index-gone object: the vault does not hold these any more, nor does it wait for them. */
  take(vault: VaultId, keyspace: KeyspaceId, sequence: number, names: Iterable<ChunkFileName>): void {
    this.#sql.transaction(() => {
      for (const name of names) {
        this.#sql.run('INSERT OR IGNORE INTO gone_chunk (vault, name) VALUES (?, ?)', vault, fromHex(name))
        const number = '(SELECT number FROM chunk_file WHERE name = ?)'
        this.#sql.run(`DELETE FROM placement WHERE vault = ? AND chunk = ${number}`, vault, fromHex(name))
      }
      const sql = 'INSERT OR REPLACE INTO gone_seen (vault, keyspace, sequence) VALUES (?, ?, ?)'
      this.#sql.run(sql, vault, fromHex(keyspace), sequence)
    })
  }

  isGone(vault: VaultId, name: ChunkFileName): boolean {
    const sql = 'SELECT 1 FROM gone_chunk WHERE vault = ? AND name = ?'
    return this.#sql.value<number>(sql, vault, fromHex(name)) !== undefined
  }

  /** True when a clean-up of the vault has ever deleted anything, or is about to. */
  hasAny(vault: VaultId, keyspace: KeyspaceId): boolean {
    if (this.lastSeen(vault, keyspace) >= 0) return true
    const sql = 'SELECT 1 FROM condemned_chunk WHERE vault = ? AND keyspace = ? LIMIT 1'
    return this.#sql.value<number>(sql, vault, fromHex(keyspace)) !== undefined
  }

  /** Forgets all that is known of the vault's clean-ups. */
  forget(vault: VaultId): void {
    for (const table of ['condemned_chunk', 'gone_chunk', 'gone_seen']) {
      this.#sql.run(`DELETE FROM ${table} WHERE vault = ?`, vault)
    }
  }
}
