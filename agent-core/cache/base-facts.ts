/** Single values that the base keeps under a name. */
import type { BaseConnection } from './base-connection.ts'

export class BaseFacts {
  readonly #sql: BaseConnection

  constructor(sql: BaseConnection) {
    this.#sql = sql
  }

  bytes(key: string): Buffer | undefined {
    return this.#sql.value<Buffer>('SELECT value FROM fact WHERE key = ?', key)
  }

  setBytes(key: string, value: Uint8Array): void {
    this.#sql.run('INSERT OR REPLACE INTO fact (key, value) VALUES (?, ?)', key, value)
  }

  /** 0 for what was never set. */
  number(key: string): number {
    return this.bytes(key)?.readDoubleLE(0) ?? 0
  }

  setNumber(key: string, value: number): void {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    this.setBytes(key, bytes)
  }
}
