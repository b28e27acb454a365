/** What the tables of state/ need of the database: one file of this folder knows better-sqlite3. */
export type SqlValue = string | number | null

export interface StateSql {
  all<Row>(sql: string, ...values: readonly SqlValue[]): Row[]
  get<Row>(sql: string, ...values: readonly SqlValue[]): Row | undefined
  /** One statement that changes something, in a transaction of its own when it is not in one already. */
  run(sql: string, ...values: readonly SqlValue[]): void
  /** Runs `work` as one synced transaction; throws `home.unusable`. */
  write(work: () => void): void
}
