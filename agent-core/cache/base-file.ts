/**
 * Opens the file of the base and finds out whether it is whole. A check of every page takes time in proportion to the
 * base, so it is made when there is reason to, and once a day without one:
 *
 *  1. a page was found damaged (`<path>.suspect` is there): every page and index is checked; where they are whole, what was
 *     missing was an entry of the block index, which is built anew;
 *  2. the last writer did not end in order (its write-ahead log is still there), or the last check is a day old, or
 *     nobody says what time it is: the structure of every page is checked, and in 1 and 2 that no column is missing;
 *  3. otherwise only the schema is read; a page that went bad since is found when it is read, and leads to 1.
 *
 * What is damaged is set aside as `<path>.damaged-<n>`, and an empty base takes its place.
 */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import { BaseConnection, suspectMark } from './base-connection.ts'
import { BaseFacts } from './base-facts.ts'
import { baseSchemaVersion, leastReadableVersion, prepareTables, rebuildBlockIndex } from './base-schema.ts'

const checkIntervalMs = 24 * 60 * 60 * 1000
const checkedFact = 'checked-at'

export interface OpenedBaseFile {
  readonly sql: BaseConnection
  /** Where a damaged file was moved to. */
  readonly setAside: string | undefined
}

/** For the one writer of a home. Throws `home.newer`, `cache.failed`, `cache.full`. */
export function openForWriting(path: string, clock: Clock | undefined): OpenedBaseFile {
  const isNew = !existsSync(path)
  try {
    return { sql: openWhole(path, clock), setAside: undefined }
  } catch (error) {
    if (isNew || !isAgentError(error, 'cache.damaged')) throw error
  }
  const setAside = setBaseAside(path)
  return { sql: openWhole(path, clock), setAside }
}

/**
 * For readers beside a writer. An empty base in memory stands for one that is not made yet, is damaged, or is of an
 * older version that its next writer will bring up to date. Throws `home.newer`, `cache.failed`.
 */
export function openForReading(path: string): BaseConnection {
  if (!existsSync(path)) return openWhole(':memory:', undefined)
  try {
    const sql = new BaseConnection(path, true)
    try {
      if (versionOf(sql) >= leastReadableVersion) return sql
    } catch (error) {
      sql.close()
      throw error
    }
    sql.close()
  } catch (error) {
    if (!isAgentError(error, 'cache.damaged')) throw error
  }
  return openWhole(':memory:', undefined)
}

/** Throws `cache.damaged` for a file that is not whole. */
function openWhole(path: string, clock: Clock | undefined): BaseConnection {
  const isUnclean = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
  const isSuspect = existsSync(suspectMark(path))
  const sql = new BaseConnection(path, false)
  try {
    const version = versionOf(sql)
    const isDue = version === 0 || isSuspect || isUnclean || isCheckDue(sql, clock)
    if (isDue) check(sql, isSuspect ? 'integrity_check(1)' : 'quick_check(1)')
    prepareTables(sql, version)
    if (isDue) checkColumns(sql)
    if (isSuspect) {
      rebuildBlockIndex(sql)
      rmSync(suspectMark(path), { force: true })
    }
    if (isDue && clock !== undefined) new BaseFacts(sql).setNumber(checkedFact, clock.nowMs())
    return sql
  } catch (error) {
    sql.close()
    throw error
  }
}

function versionOf(sql: BaseConnection): number {
  const version = sql.pragma('user_version') as number
  if (version > baseSchemaVersion) {
    throw new AgentError('home.newer', { path: sql.path, found: version, known: baseSchemaVersion })
  }
  return version
}

/** A clock that was set back makes a check due: how long ago the last one was is not known then. */
function isCheckDue(sql: BaseConnection, clock: Clock | undefined): boolean {
  if (clock === undefined) return true
  const age = clock.nowMs() - new BaseFacts(sql).number(checkedFact)
  return age < 0 || age >= checkIntervalMs
}

function check(sql: BaseConnection, pragma: string): void {
  const answer = String(sql.pragma(pragma))
  if (answer !== 'ok') throw new AgentError('cache.damaged', { path: sql.path, reason: answer })
}

/** SQLite does not see that a name in its own description of the tables has rotted. */
function checkColumns(sql: BaseConnection): void {
  using made = new BaseConnection(':memory:', false)
  prepareTables(made, 0)
  const found = new Set(columnsOf(sql))
  const missing = columnsOf(made).find((column) => !found.has(column))
  if (missing !== undefined) throw sql.damaged(`it has no column ${missing}`)
}

function columnsOf(sql: BaseConnection): string[] {
  return sql.values<string>(`
    SELECT described.name || '.' || part.name FROM sqlite_schema AS described, pragma_table_info(described.name) AS part
    WHERE described.type = 'table'`)
}

const fileSuffixes = ['', '-wal', '-shm']

/** Moves the base at `path`, which nobody has open for writing, out of the way; returns where it is then. */
export function setBaseAside(path: string): string {
  let attempt = 1
  while (existsSync(`${path}.damaged-${attempt}`)) attempt++
  const setAside = `${path}.damaged-${attempt}`
  for (const suffix of fileSuffixes) {
    if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
  }
  rmSync(suspectMark(path), { force: true })
  return setAside
}
