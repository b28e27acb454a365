/**
 * The jobs of a home folder: kept in state.db, with the progress of those that run here. Tells its watchers of every
 * change; changes that another process made are seen within a second.
 */
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import { isoTime } from '../base/date-text.ts'
import { type Random, randomId } from '../base/random.ts'
import type { JobDetails, JobDocument, JobFilter, JobLine, JobsEvent } from '../contract/documents/job.ts'
import type { Progress } from '../contract/documents/progress.ts'
import type { JobId, PointId } from '../contract/ids.ts'
import type { JobKind, JobTrigger } from '../contract/verb.ts'
import type { JobChange, JobRecord, JobTable, NewJobLine } from '../state/job-table.ts'
import type { JobOutcome } from './job-outcome.ts'
import { JobPhases } from './job-phases.ts'

export interface JobOrder {
  readonly kind: JobKind
  readonly item?: string
  readonly vault?: string
  readonly trigger: JobTrigger
  /** Why it runs now, where that is worth a word. */
  readonly reason?: string
  /** The verb and its arguments as JSON, for asking again after a crash. */
  readonly request?: string
}

export interface JobBookDeps {
  readonly table: JobTable
  readonly clock: Clock
  readonly random: Random
  /** Names this process, so that others can tell whether it is alive. */
  readonly owner: string
  /** Whether the process of that name is alive. */
  readonly isAlive: (owner: string) => boolean
}

/** What of a running job is not kept. */
interface LiveJob {
  readonly phases: JobPhases
  progress: Progress | undefined
  /** When its phases were kept last. */
  keptMs: number
}

const pollMs = 1000
const leastBetweenWritesMs = 1000
const mostLines = 10_000
const firstShown = 100
const mostLive = 10_000
const keptForMs = 400 * 86_400_000
const leastKept = 1000

export class JobBook {
  readonly #deps: JobBookDeps
  readonly #live = new Map<JobId, LiveJob>()
  readonly #listeners = new Set<(id: JobId) => void>()
  /** Lines that are kept with the next change of their job: each write waits for the disk. */
  readonly #lines = new Map<JobId, NewJobLine[]>()

  constructor(deps: JobBookDeps) {
    this.#deps = deps
  }

  /** Adds a job that waits for its turn, or that begins at once. */
  add({ kind, item, vault, trigger, reason, request }: JobOrder, isStarted = false): JobRecord {
    const { table, clock, random, owner } = this.#deps
    const nowMs = clock.nowMs()
    const id = randomId<JobId>(random)
    if (reason !== undefined) this.log(id, 'info', reason)
    if (isStarted) this.#begin(id)
    const record: Omit<JobRecord, 'revision'> = {
      id,
      kind,
      item: item ?? null,
      vault: vault ?? null,
      state: isStarted ? 'running' : 'queued',
      reason: reason ?? null,
      trigger,
      request: request ?? null,
      owner,
      queuedMs: nowMs,
      startedMs: isStarted ? nowMs : null,
      finishedMs: null,
      phases: [],
      warnings: [],
      result: null,
      error: null,
    }
    const job = table.add(record, this.#takeLines(id))
    this.#tell(id)
    return job
  }

  /** Adds a job that is over before it began. */
  addSkipped(order: JobOrder & { readonly reason: string }): JobRecord {
    const { id } = this.add(order)
    return this.#change(id, { state: 'skipped', finishedMs: this.#deps.clock.nowMs() })
  }

  start(id: JobId): void {
    this.#begin(id)
    this.#change(id, { state: 'running', startedMs: this.#deps.clock.nowMs() })
  }

  /** The job cannot go on before something else has happened; `reason` says what. */
  wait(id: JobId, reason: string): void {
    this.log(id, 'info', `waits: ${reason}`)
    this.#change(id, { state: 'waiting', reason })
  }

  progress(id: JobId, progress: Progress): void {
    const live = this.#live.get(id)
    if (live === undefined) return
    const isNewPhase = live.progress?.phase !== progress.phase
    live.progress = progress
    live.phases.note(progress)
    if (isNewPhase) this.log(id, 'info', `phase: ${progress.phase}`)
    const nowMs = this.#deps.clock.nowMs()
    // Where a long job was when its process died is worth a write.
    if (isNewPhase && nowMs - live.keptMs >= leastBetweenWritesMs) {
      live.keptMs = nowMs
      this.#change(id, { phases: live.phases.all() })
    } else this.#tell(id)
  }

  finish(id: JobId, outcome: JobOutcome): JobRecord {
    const { clock, table } = this.#deps
    const live = this.#live.get(id)
    live?.phases.end()
    this.#live.delete(id)
    const { state, reason, result, warnings, error, caughtUp = [] } = outcome
    const level = state === 'failed' ? 'error' : state === 'completed' ? 'info' : 'warning'
    for (const group of warnings) this.log(id, 'warning', `${group.count} × ${group.message}`)
    this.log(id, level, reason === undefined ? state : `${state}: ${reason}`)
    const finished = this.#change(id, {
      state,
      reason: reason ?? table.get(id)?.reason ?? null,
      result,
      warnings,
      error,
      finishedMs: clock.nowMs(),
      ...(live && { phases: live.phases.all() }),
    })
    if (caughtUp.length > 0) this.#settleWaiting(finished, new Set(caughtUp))
    return finished
  }

  /** Adds a line to the log of a job; it is kept with the job's next change. */
  log(id: JobId, level: JobLine['level'], text: string): void {
    const lines = this.#lines.get(id) ?? []
    lines.push({ atMs: this.#deps.clock.nowMs(), level, text: text.slice(0, 8000) })
    this.#lines.set(id, lines)
  }

  /** Marks the jobs whose process has died as interrupted, as every look at the jobs does; returns them, oldest first. */
  interruptDead(): readonly JobRecord[] {
    const { table, clock, owner, isAlive } = this.#deps
    const others = table.list({ live: true, limit: mostLive }).filter((job) => job.owner !== owner)
    const dead = others.filter((job) => !isAlive(job.owner))
    const reason = 'Its process ended; what was done so far is kept.'
    return dead.toReversed().flatMap(({ id }) => {
      const atMs = clock.nowMs()
      const lines: NewJobLine[] = [{ atMs, level: 'warning', text: 'interrupted: its process ended' }]
      // Its process may have finished it, and ended, since it was listed.
      const isLive = (job: JobRecord) => job.finishedMs === null
      const job = table.change(id, { state: 'interrupted', reason, finishedMs: atMs }, lines, isLive)
      if (job === undefined) return []
      this.#tell(id)
      return [job]
    })
  }

  /** Forgets what ended more than 400 days ago. */
  forgetOld(): void {
    this.#deps.table.forget(this.#deps.clock.nowMs() - keptForMs, leastKept)
  }

  list({ item, kind, live, limit = firstShown }: JobFilter): readonly JobDocument[] {
    this.interruptDead()
    const query = {
      limit,
      ...(item !== undefined && { item }),
      ...(kind && { kind }),
      ...(live !== undefined && { live }),
    }
    return this.#deps.table.list(query).map((job) => this.document(job))
  }

  /** Throws `job.not-found`, `job.ambiguous`. */
  find(prefix: string): JobRecord {
    this.interruptDead()
    const found = this.#deps.table.withPrefix(prefix)
    const [job] = found
    if (job === undefined) throw new AgentError('job.not-found', { job: prefix })
    if (found.length > 1) throw new AgentError('job.ambiguous', { job: prefix, matches: found.map(({ id }) => id) })
    return job
  }

  details(job: JobRecord): JobDetails {
    const phases = this.#live.get(job.id)?.phases.all() ?? job.phases
    const unkept = (this.#lines.get(job.id) ?? []).map(({ atMs, level, text }) => ({
      time: isoTime(atMs),
      level,
      text,
    }))
    const log = [...this.#deps.table.lines(job.id), ...unkept].slice(0, mostLines)
    return { ...this.document(job), phases, warnings: job.warnings, log }
  }

  document(job: JobRecord): JobDocument {
    const { id, revision, kind, item, vault, state, reason, trigger, result, error } = job
    return {
      id,
      revision,
      kind,
      item,
      vault,
      state,
      reason,
      trigger,
      result,
      error,
      queuedAt: isoTime(job.queuedMs),
      startedAt: job.startedMs === null ? null : isoTime(job.startedMs),
      finishedAt: job.finishedMs === null ? null : isoTime(job.finishedMs),
      progress: this.#live.get(id)?.progress ?? null,
    }
  }

  /** What has changed since `revision` (undefined: the newest and all that are live), then each change. */
  async *watch(revision: number | undefined, signal: AbortSignal): AsyncGenerator<JobsEvent, void, undefined> {
    const { table } = this.#deps
    const changed = new Set<JobId>()
    using news = this.listen((id) => changed.add(id))
    this.interruptDead()
    let seen = table.revision
    // A revision from the future belongs to a state that was put back: begin anew.
    const since = revision !== undefined && revision <= seen ? revision : undefined
    yield { revision: seen, jobs: this.#firstShown(since) }
    while (!signal.aborted) {
      await news.next(signal)
      this.interruptDead()
      for (const job of table.list({ afterRevision: seen, limit: mostLive })) changed.add(job.id)
      seen = table.revision
      for (const id of changed) {
        changed.delete(id)
        const job = table.get(id)
        if (job !== undefined) yield { revision: seen, job: this.document(job) }
      }
    }
  }

  /** Hears of changes of jobs; `next` resolves with the next one, or after a second, or when the signal aborts. */
  listen(hear: (id: JobId) => void): Disposable & { next(signal: AbortSignal): Promise<void> } {
    let news = Promise.withResolvers<void>()
    const listener = (id: JobId): void => {
      hear(id)
      news.resolve()
    }
    this.#listeners.add(listener)
    return {
      next: async (signal) => {
        const waited = new AbortController()
        const delay = this.#deps.clock.delay(pollMs, AbortSignal.any([signal, waited.signal])).catch(() => {})
        await Promise.race([news.promise, delay])
        waited.abort()
        news = Promise.withResolvers()
      },
      [Symbol.dispose]: () => void this.#listeners.delete(listener),
    }
  }

  #firstShown(since: number | undefined): readonly JobDocument[] {
    const { table } = this.#deps
    const newest =
      since === undefined ? table.list({ limit: firstShown }) : table.list({ afterRevision: since, limit: mostLive })
    const ids = new Set(newest.map(({ id }) => id))
    const live = table.list({ live: true, limit: mostLive }).filter(({ id }) => !ids.has(id))
    return [...newest, ...live].map((job) => this.document(job)).slice(0, mostLive)
  }

  /** Backups that were captured and waited for a vault, whose points have come there. */
  #settleWaiting({ id: by }: JobRecord, points: ReadonlySet<PointId>): void {
    const query = { kind: 'backup', live: false, state: 'waiting', limit: mostLive } as const
    for (const { id, result, warnings } of this.#deps.table.list(query)) {
      if (result?.point === undefined || !points.has(result.point.id)) continue
      const reason = `Its point came into the vault with job ${by.slice(0, 8)}.`
      this.log(id, 'info', reason)
      this.#change(id, {
        state: warnings.length > 0 ? 'completed with warnings' : 'completed',
        reason,
        error: null,
        result: { ...result, point: { ...result.point, confirmed: true } },
      })
    }
  }

  #change(id: JobId, change: JobChange): JobRecord {
    const job = this.#deps.table.change(id, change, this.#takeLines(id))
    if (job === undefined) throw new Error(`job ${id} is not there any more`)
    this.#tell(id)
    return job
  }

  #begin(id: JobId): void {
    const { clock } = this.#deps
    this.#live.set(id, { phases: new JobPhases(clock), progress: undefined, keptMs: clock.nowMs() })
    this.log(id, 'info', 'started')
  }

  #takeLines(id: JobId): readonly NewJobLine[] {
    const lines = this.#lines.get(id) ?? []
    this.#lines.delete(id)
    return lines
  }

  #tell(id: JobId): void {
    for (const listener of this.#listeners) listener(id)
  }
}
