/** Which index segments of a keyspace were read from a vault, or written there. */
import { fromHex } from '../base/bytes.ts'
import type { KeyspaceId, VaultId } from '../contract/ids.ts'
import type { BaseConnection } from './base-connection.ts'

export class BaseSegments {
  readonly #sql: BaseConnection

  constructor(sql: BaseConnection) {
    this.#sql = sql
  }

  /** The highest number; −1 for none. */
  last(vault: VaultId, keyspace: KeyspaceId): number {
    const sql = 'SELECT max(sequence) FROM index_seen WHERE vault = ? AND keyspace = ?'
    return this.#sql.value<number | null>(sql, vault, fromHex(keyspace)) ?? -1
  }

  /** Numbers of those that no other one supersedes. */
  live(vault: VaultId, keyspace: KeyspaceId): number[] {
    const sql = 'SELECT sequence FROM index_seen WHERE vault = ? AND keyspace = ? ORDER BY sequence'
    return this.#sql.values<number>(sql, vault, fromHex(keyspace))
  }

  /** SHA-256 of a segment's object as it was when it was merged. */
  sha256(vault: VaultId, keyspace: KeyspaceId, sequence: number): Buffer | undefined {
    const sql = 'SELECT sha256 FROM index_seen WHERE vault = ? AND keyspace = ? AND sequence = ?'
    return this.#sql.value<Buffer>(sql, vault, fromHex(keyspace), sequence)
  }

  /** Says that a segment which is merged next repeats these. One transaction. */
  supersede(vault: VaultId, keyspace: KeyspaceId, sequences: readonly number[]): void {
    if (sequences.length === 0) return
    this.#sql.transaction(() => {
      const sql = 'DELETE FROM index_seen WHERE vault = ? AND keyspace = ? AND sequence = ?'
      for (const sequence of sequences) this.#sql.run(sql, vault, fromHex(keyspace), sequence)
    })
  }

  /** Belongs into the transaction that merges the segment. */
  note(vault: VaultId, keyspace: KeyspaceId, sequence: number, sha256: Uint8Array): void {
    const sql = 'INSERT OR IGNORE INTO index_seen (vault, keyspace, sequence, sha256) VALUES (?, ?, ?, ?)'
    this.#sql.run(sql, vault, fromHex(keyspace), sequence, sha256)
  }

  /** Belongs into a transaction of the caller. */
  forget(vault: VaultId, keyspace: KeyspaceId): void {
    this.#sql.run('DELETE FROM index_seen WHERE vault = ? AND keyspace = ?', vault, fromHex(keyspace))
  }
}
