/**
 * One open SQLite file: the only module of the cache that imports SQLite. Statements are prepared when they are first
 * used and kept; every error of SQLite becomes `cache.failed`, `cache.full` or `cache.damaged`.
 *
 *  - Every commit is synced (`synchronous=FULL`, asserted): what capture acknowledged is not lost.
 *  - The file is not mapped into memory: where a disk fails, SQLite answers with an error, and no signal ends the process.
 *  - Where a page is found damaged, `<path>.suspect` is left beside the file for who opens it next (`base-file.ts`).
 */
import { statSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { AgentError } from '../base/agent-error.ts'

type Parameter = string | number | Uint8Array

type Statement = Database.Statement<unknown[], unknown>

const pageCacheKib = 8000
/** A log that has grown beyond this is cut once its content is in the file. */
const logLimitBytes = 32 * 1024 * 1024

export class BaseConnection implements Disposable {
  readonly path: string
  readonly #db: Database.Database
  /** By what they answer: objects, arrays of columns, or single values. */
  readonly #statements = {
    rows: new Map<string, Statement>(),
    tuples: new Map<string, Statement>(),
    values: new Map<string, Statement>(),
  }

  /** Opens the file as it is, or makes an empty one unless `readOnly`; `:memory:` is a base for this process alone. */
  constructor(path: string, readOnly: boolean) {
    this.path = path
    try {
      this.#db = new Database(path, { readonly: readOnly, timeout: 10_000 })
    } catch (error) {
      throw translate(error, path)
    }
    try {
      this.pragma(`cache_size = -${pageCacheKib}`)
      if (!readOnly) this.#writeSafely()
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** The first row, or undefined. */
  get<Row>(sql: string, ...parameters: readonly Parameter[]): Row | undefined {
    try {
      return this.#statement('rows', sql).get(...parameters) as Row | undefined
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  all<Row>(sql: string, ...parameters: readonly Parameter[]): Row[] {
    try {
      return this.#statement('rows', sql).all(...parameters) as Row[]
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  /** The first column of the first row, or undefined. */
  value<Value>(sql: string, ...parameters: readonly Parameter[]): Value | undefined {
    try {
      return this.#statement('values', sql).get(...parameters) as Value | undefined
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  /** The first column of all rows. */
  values<Value>(sql: string, ...parameters: readonly Parameter[]): Value[] {
    try {
      return this.#statement('values', sql).all(...parameters) as Value[]
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  /** All rows, each as its columns in their order. */
  tuples<Row extends readonly unknown[]>(sql: string, ...parameters: readonly Parameter[]): Row[] {
    try {
      return this.#statement('tuples', sql).all(...parameters) as Row[]
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  /** Runs a statement that answers no rows; answers the row number of what it inserted last. */
  run(sql: string, ...parameters: readonly Parameter[]): number {
    try {
      return Number(this.#statement('rows', sql).run(...parameters).lastInsertRowid)
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  /** Runs several statements without parameters. */
  script(sql: string): void {
    try {
      this.#db.exec(sql)
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  pragma(text: string): unknown {
    try {
      return this.#db.pragma(text, { simple: true })
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  /** One synced transaction: all of `work` or nothing. */
  transaction(work: () => void): void {
    try {
      this.#db.transaction(work).immediate()
    } catch (error) {
      throw translate(error, this.path)
    }
  }

  /** Brings a long write-ahead log into the file and cuts it; readers may keep it from doing so, which does no harm. */
  shortenLog(): void {
    const log = statSync(`${this.path}-wal`, { throwIfNoEntry: false })
    if (log !== undefined && log.size > logLimitBytes) this.pragma('wal_checkpoint(TRUNCATE)')
  }

  /** Says that what should be in the file is not there; the mark makes the next writer look. */
  damaged(reason: string, cause?: unknown): AgentError<'cache.damaged'> {
    leaveMark(this.path)
    return new AgentError('cache.damaged', { path: this.path, reason }, cause)
  }

  close(): void {
    this.#db.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #writeSafely(): void {
    this.pragma('journal_mode = WAL')
    this.pragma(`journal_size_limit = ${logLimitBytes}`)
    this.pragma('synchronous = FULL')
    if (this.pragma('synchronous') !== 2) throw new Error('SQLite does not sync its commits')
  }

  #statement(answer: 'rows' | 'tuples' | 'values', sql: string): Statement {
    const known = this.#statements[answer].get(sql)
    if (known !== undefined) return known
    const prepared: Statement = this.#db.prepare(sql)
    if (answer === 'tuples') prepared.raw()
    if (answer === 'values') prepared.pluck()
    this.#statements[answer].set(sql, prepared)
    return prepared
  }
}

/** Name of the mark that a reader leaves where it found damage. */
export function suspectMark(path: string): string {
  return `${path}.suspect`
}

/** What is asked of the file is fixed: where it has no such table or column, its own description of them has rotted. */
const rottenSchema = /^(no such (table|column|index)|table \S+ has no column|malformed database schema)/

function translate(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  if (error.code === 'SQLITE_FULL') return new AgentError('cache.full', { path }, error)
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(error.code) || rottenSchema.test(error.message)) {
    leaveMark(path)
    return new AgentError('cache.damaged', { path, reason: error.message }, error)
  }
  return new AgentError('cache.failed', { path, reason: error.message }, error)
}

/** As good as it goes: who may not write there has said what was found, and that is reported. */
function leaveMark(path: string): void {
  if (path === ':memory:') return
  try {
    writeFileSync(suspectMark(path), '')
  } catch {
    return
  }
}
