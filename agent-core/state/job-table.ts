/**
 * The jobs of a home folder. Each change of a job gets the next revision, so that a reader who knows one can ask for what
 * came after it. Revisions are never given twice, also when jobs are forgotten.
 */
import type { Failure } from '../contract/bounds.ts'
import type { JobLine, JobPhase, JobResult, JobState, WarningGroup } from '../contract/documents/job.ts'
import type { JobId } from '../contract/ids.ts'
import type { JobKind, JobTrigger } from '../contract/verb.ts'
import type { SqlValue, StateSql } from './state-tables.ts'

/** A job as it is kept. Times are milliseconds since 1970. */
export interface JobRecord {
  readonly id: JobId
  readonly revision: number
  readonly kind: JobKind
  readonly item: string | null
  readonly vault: string | null
  readonly state: JobState
  readonly reason: string | null
  readonly trigger: JobTrigger
  /** The verb and its arguments as JSON, to ask for it again; null: it cannot be. */
  readonly request: string | null
  /** The process that runs it. */
  readonly owner: string
  readonly queuedMs: number
  readonly startedMs: number | null
  readonly finishedMs: number | null
  readonly phases: readonly JobPhase[]
  readonly warnings: readonly WarningGroup[]
  readonly result: JobResult | null
  readonly error: Failure | null
}

export type JobChange = Partial<Omit<JobRecord, 'id' | 'revision' | 'kind' | 'item' | 'vault'>>

/** A line of a job's log that is to be kept. */
export type NewJobLine = Omit<JobLine, 'time'> & { readonly atMs: number }

export interface JobQuery {
  readonly item?: string
  readonly kind?: JobKind
  readonly live?: boolean
  readonly state?: JobState
  readonly sinceMs?: number
  readonly afterRevision?: number
  readonly limit: number
}

/** What of a backup is told at a glance: few columns of many jobs. */
export interface BackupGlance {
  readonly id: JobId
  readonly revision: number
  readonly item: string
  readonly state: JobState
  readonly reason: string | null
  readonly queuedMs: number
  readonly finishedMs: number | null
  /** Null, like the sizes: it has no result, or made no point. */
  readonly warnings: number | null
  readonly sizeBytes: number | null
  readonly storedBytes: number | null
}

/** What of a verification is told at a glance. */
export interface VerifyGlance {
  readonly id: JobId
  readonly revision: number
  readonly vault: string
  readonly finishedMs: number
  /** Damaged objects that matter. */
  readonly openDamage: number
}

interface JobRow {
  readonly id: JobId
  readonly revision: number
  readonly kind: JobKind
  readonly item: string | null
  readonly vault: string | null
  readonly state: JobState
  readonly reason: string | null
  readonly caused_by: JobTrigger
  readonly request: string | null
  readonly owner: string
  readonly queued_ms: number
  readonly started_ms: number | null
  readonly finished_ms: number | null
  readonly report: string
}

type Report = Pick<JobRecord, 'phases' | 'warnings' | 'result' | 'error'>

export class JobTable {
  readonly #sql: StateSql

  constructor(sql: StateSql) {
    this.#sql = sql
  }

  /** The newest revision that was given; 0: none. */
  get revision(): number {
    const row = this.#sql.get<{ value: string }>("SELECT value FROM fact WHERE key = 'job-revision'")
    return row === undefined ? 0 : Number(row.value)
  }

  /** Adds a job with the first lines of its log. One transaction. */
  add(job: Omit<JobRecord, 'revision'>, lines: readonly NewJobLine[] = []): JobRecord {
    let added: JobRecord | undefined
    this.#sql.write(() => {
      added = { ...job, revision: this.#nextRevision() }
      this.#put(added)
      this.#addLines(job.id, lines)
    })
    return added as JobRecord
  }

  /** Changes a job that `isStill` as it was thought to be, and adds lines to its log; undefined when there is none. One transaction. */
  change(
    id: JobId,
    change: JobChange,
    lines: readonly NewJobLine[] = [],
    isStill: (job: JobRecord) => boolean = () => true,
  ): JobRecord | undefined {
    let changed: JobRecord | undefined
    this.#sql.write(() => {
      const job = this.get(id)
      if (job === undefined || !isStill(job)) return
      changed = { ...job, ...change, revision: this.#nextRevision() }
      this.#put(changed)
      this.#addLines(id, lines)
    })
    return changed
  }

  get(id: JobId): JobRecord | undefined {
    const row = this.#sql.get<JobRow>('SELECT * FROM job WHERE id = ?', id)
    return row && recordOf(row)
  }

  /** Jobs whose id begins so. */
  withPrefix(prefix: string): JobRecord[] {
    return this.#sql
      .all<JobRow>('SELECT * FROM job WHERE id >= ? AND id < ? LIMIT 10', prefix, `${prefix}g`)
      .map(recordOf)
  }

  /** Newest first. */
  list(query: JobQuery): JobRecord[] {
    const conditions: [sql: string, value: SqlValue | undefined][] = [
      ['item = ?', query.item],
      ['kind = ?', query.kind],
      ['(finished_ms IS NULL) = ?', query.live === undefined ? undefined : Number(query.live)],
      ['state = ?', query.state],
      ['queued_ms >= ?', query.sinceMs],
      ['revision > ?', query.afterRevision],
    ]
    const given = conditions.filter((condition): condition is [string, SqlValue] => condition[1] !== undefined)
    const where = given.length === 0 ? '' : `WHERE ${given.map(([sql]) => sql).join(' AND ')}`
    const sql = `SELECT * FROM job ${where} ORDER BY queued_ms DESC, revision DESC LIMIT ?`
    return this.#sql.all<JobRow>(sql, ...given.map(([, value]) => value), query.limit).map(recordOf)
  }

  /** Backups that have changed after a revision, of those queued from `sinceMs` on, in the order in which they came. */
  backupsAfter(revision: number, sinceMs: number): BackupGlance[] {
    return this.#sql.all<BackupGlance>(
      `SELECT id, revision, item, state, reason, queued_ms AS queuedMs, finished_ms AS finishedMs,
         report ->> '$.result.warnings' AS warnings, report ->> '$.result.point.sizeBytes' AS sizeBytes,
         report ->> '$.result.storedBytes' AS storedBytes
       FROM job WHERE kind = 'backup' AND item IS NOT NULL AND revision > ? AND queued_ms >= ?
       ORDER BY queued_ms, revision`,
      revision,
      sinceMs,
    )
  }

  /**
   * Verifications that have come to their end after a revision, in the order in which they did: of this machine's own keyspace, and
   * not by the listing alone.
   */
  verificationsAfter(revision: number): VerifyGlance[] {
    return this.#sql.all<VerifyGlance>(
      `SELECT id, revision, vault, finished_ms AS finishedMs, report ->> '$.result.openDamage' AS openDamage
       FROM job WHERE kind = 'verify' AND vault IS NOT NULL AND finished_ms IS NOT NULL AND revision > ?
         AND openDamage IS NOT NULL AND request ->> '$.given[1].keyspace' IS NULL
         AND coalesce(request ->> '$.given[1].level', '') <> 'listing'
       ORDER BY finished_ms, revision`,
      revision,
    )
  }

  /** What verifications have told so far is not of a vault that gets this name later. */
  noteForgottenVault(vault: string): void {
    const sql = 'INSERT OR REPLACE INTO fact (key, value) VALUES (?, ?)'
    this.#sql.run(sql, `forgotten-vault/${vault}`, String(this.revision))
  }

  /** The newest revision when a vault of that name was forgotten last; 0: none was. */
  forgottenVaultRevision(vault: string): number {
    const sql = 'SELECT value FROM fact WHERE key = ?'
    return Number(this.#sql.get<{ value: string }>(sql, `forgotten-vault/${vault}`)?.value ?? 0)
  }

  lines(id: JobId): JobLine[] {
    return this.#sql
      .all<{ at_ms: number; level: JobLine['level']; words: string }>(
        'SELECT at_ms, level, words FROM job_line WHERE job = ? ORDER BY number LIMIT 10000',
        id,
      )
      .map(({ at_ms, level, words }) => ({ time: new Date(at_ms).toISOString(), level, text: words }))
  }

  /** Forgets jobs that ended before `beforeMs`, except for the newest `least`. */
  forget(beforeMs: number, least: number): void {
    this.#sql.write(() => {
      this.#sql.run(
        `DELETE FROM job WHERE finished_ms < ? AND id NOT IN (SELECT id FROM job ORDER BY queued_ms DESC LIMIT ?)`,
        beforeMs,
        least,
      )
      this.#sql.run('DELETE FROM job_line WHERE job NOT IN (SELECT id FROM job)')
    })
  }

  #addLines(id: JobId, lines: readonly NewJobLine[]): void {
    for (const { atMs, level, text } of lines) {
      this.#sql.run(
        `INSERT INTO job_line (job, number, at_ms, level, words)
         SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ? FROM job_line WHERE job = ?`,
        id,
        atMs,
        level,
        text,
        id,
      )
    }
  }

  #nextRevision(): number {
    const next = this.revision + 1
    this.#sql.run("INSERT OR REPLACE INTO fact (key, value) VALUES ('job-revision', ?)", String(next))
    return next
  }

  #put(job: JobRecord): void {
    const { phases, warnings, result, error } = job
    this.#sql.run(
      `INSERT OR REPLACE INTO job (id, revision, kind, item, vault, state, reason, caused_by, request, owner, queued_ms,
         started_ms, finished_ms, report) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      job.id,
      job.revision,
      job.kind,
      job.item,
      job.vault,
      job.state,
      job.reason,
      job.trigger,
      job.request,
      job.owner,
      job.queuedMs,
      job.startedMs,
      job.finishedMs,
      JSON.stringify({ phases, warnings, result, error } satisfies Report),
    )
  }
}

function recordOf(row: JobRow): JobRecord {
  const report = JSON.parse(row.report) as Report
  return {
    id: row.id,
    revision: row.revision,
    kind: row.kind,
    item: row.item,
    vault: row.vault,
    state: row.state,
    reason: row.reason,
    trigger: row.caused_by,
    request: row.request,
    owner: row.owner,
    queuedMs: row.queued_ms,
    startedMs: row.started_ms,
    finishedMs: row.finished_ms,
    ...report,
  }
}
