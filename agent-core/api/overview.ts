/**
 * The overview: what a person wants to know of all items at a glance. No vault is asked for what this home has captured
 * itself. What costs a look into the base is kept until a job of the item ends, or a minute has passed.
 */
import type { LastPoint } from '../contract/documents/item.ts'
import type { JobState } from '../contract/documents/job.ts'
import type {
  ItemOverview,
  OverviewDocument,
  OverviewEvent,
  PauseDocument,
  ProtectionState,
} from '../contract/documents/overview.ts'
import type { CallContext } from '../contract/verb.ts'
import type { JobBook } from '../jobs/job-book.ts'
import { nextRun } from '../schedule/next-run.ts'
import { overdueFrom } from '../schedule/overdue.ts'
import type { JobRecord } from '../state/job-table.ts'
import type { Pause } from '../state/schedule-table.ts'
import type { Item } from '../state/state-db.ts'
import type { AgentDeps } from './agent-deps.ts'
import { scheduleOf } from './item-schedules.ts'
import { itemVaults } from './item-vaults.ts'
import { lastPointsOf } from './last-points.ts'

const dayMs = 86_400_000
const shownDays = 30
const keptMs = 60_000
const mostJobs = 1000
const mostSizes = 400
const quietMs = 250

interface PointFacts {
  readonly lastPoint: LastPoint | null | undefined
  readonly confirmedMs: number | undefined
  /** The item's newest job and the time for which this was found. */
  readonly newestJob: string | undefined
  readonly foundMs: number
}

export class Overview {
  readonly #deps: AgentDeps
  readonly #book: JobBook
  readonly #facts = new Map<string, PointFacts>()

  constructor(deps: AgentDeps, book: JobBook) {
    this.#deps = deps
    this.#book = book
  }

  async read(): Promise<OverviewDocument> {
    const { state } = this.#deps
    const items = state.items()
    const nowMs = this.#deps.clock.nowMs()
    const jobs = state.jobs.list({ kind: 'backup', sinceMs: nowMs - (shownDays + 1) * dayMs, limit: mostJobs * 10 })
    const byItem = Map.groupBy(jobs, ({ item }) => item ?? '')
    await this.#findFacts(items, byItem, nowMs)
    return {
      pausedUntil: pauseText(state.schedules.pause, nowMs),
      items: items.map((item) => this.#overviewOf(item, byItem.get(item.name) ?? [], nowMs)),
    }
  }

  /**
   * The overview now, and again whenever a job or anything else has changed, at most four times a second. While nothing
   * changes it is not made anew but once a minute: a tray watches for as long as a person is logged in.
   */
  async *watch(
    since: { readonly revision?: number },
    context: Pick<CallContext, 'signal'> = {},
  ): AsyncGenerator<OverviewEvent, void, undefined> {
    const signal = context.signal ?? new AbortController().signal
    const { state, clock } = this.#deps
    let isChanged = since.revision === undefined || since.revision !== state.jobs.revision
    using news = this.#book.listen(() => {
      isChanged = true
    })
    let shown = ''
    let made = { version: '', atMs: 0 }
    while (!signal.aborted) {
      const [version, nowMs] = [state.version, clock.nowMs()]
      if (isChanged || version !== made.version || Math.abs(nowMs - made.atMs) >= keptMs) {
        const isNews = isChanged
        isChanged = false
        made = { version, atMs: nowMs }
        const { revision } = state.jobs
        const overview = await this.read()
        const text = JSON.stringify(overview)
        if (isNews || text !== shown) yield { revision, overview }
        shown = text
      }
      await clock.delay(quietMs, signal).catch(() => {})
      if (!isChanged) await news.next(signal)
    }
  }

  pause(until: Pause): PauseDocument {
    const { state, clock } = this.#deps
    state.schedules.pause = until
    return { pausedUntil: pauseText(until, clock.nowMs()) }
  }

  async #findFacts(items: readonly Item[], jobs: ReadonlyMap<string, readonly JobRecord[]>, nowMs: number) {
    const newestOf = (item: Item) => jobs.get(item.name)?.find(({ finishedMs }) => finishedMs !== null)?.id
    const stale = items.filter((item) => {
      const facts = this.#facts.get(item.name)
      if (facts === undefined || facts.newestJob !== newestOf(item)) return true
      return nowMs - facts.foundMs > keptMs || nowMs < facts.foundMs
    })
    if (stale.length === 0) return
    const lastPoints = await lastPointsOf(this.#deps, stale)
    for (const item of stale) {
      this.#facts.set(item.name, {
        lastPoint: lastPoints.get(item.id),
        confirmedMs: this.#confirmedMs(item),
        newestJob: newestOf(item),
        foundMs: nowMs,
      })
    }
  }

  #confirmedMs(item: Item): number | undefined {
    const times = itemVaults(this.#deps, item).flatMap(({ confirmed }) => (confirmed === null ? [] : [confirmed.time]))
    return times.length === 0 ? undefined : Math.max(...times.map((time) => Date.parse(time)))
  }

  #overviewOf(item: Item, jobs: readonly JobRecord[], nowMs: number): ItemOverview {
    const facts = this.#facts.get(item.name)
    const rule = scheduleOf(this.#deps, item)
    const live = jobs.find(({ finishedMs }) => finishedMs === null)
    const ended = jobs.find(({ finishedMs, state }) => finishedMs !== null && state !== 'skipped')
    const inVault = facts?.lastPoint?.tiers.includes('vault') === true
    const confirmedMs = facts?.confirmedMs ?? (inVault ? Date.parse(facts?.lastPoint?.time ?? '') : undefined)
    const nextMs = nextRun(rule, nowMs)
    const overdueMs = confirmedMs === undefined ? undefined : overdueFrom(rule, confirmedMs)
    const isOverdue = overdueMs !== undefined && nowMs >= overdueMs
    return {
      item: item.name,
      vaults: item.vaults,
      ...protectionOf(facts?.lastPoint, ended, isOverdue),
      lastPoint: facts?.lastPoint ?? null,
      lastConfirmedAt: timeOrNull(confirmedMs),
      nextRunAt: timeOrNull(nextMs),
      overdueAt: timeOrNull(overdueMs),
      liveJob: live === undefined ? null : this.#book.document(live),
      days: daysOf(jobs, nowMs),
      sizes: sizesOf(jobs),
    }
  }
}

function protectionOf(
  lastPoint: LastPoint | null | undefined,
  job: JobRecord | undefined,
  isOverdue: boolean,
): { readonly protection: ProtectionState; readonly reason: string } {
  if (lastPoint === undefined) return { protection: 'unknown', reason: 'The vault could not be asked.' }
  if (job?.state === 'failed') return { protection: 'failed', reason: job.reason ?? 'The last backup failed.' }
  if (lastPoint === null) return { protection: 'never', reason: 'There is no point yet.' }
  if (isOverdue) return { protection: 'overdue', reason: 'No vault has confirmed a point for too long.' }
  if (!lastPoint.tiers.includes('vault')) {
    return { protection: 'captured', reason: 'The last point is on this machine only; no vault has it yet.' }
  }
  if (job?.state === 'completed with warnings') {
    return { protection: 'warnings', reason: `${job.result?.warnings ?? 0} file(s) could not be read as they should.` }
  }
  return { protection: 'protected', reason: '' }
}

/** `jobs` are newest first. */
function daysOf(jobs: readonly JobRecord[], nowMs: number): ItemOverview['days'] {
  const days = new Map<string, { state: JobState | null; jobs: number }>()
  for (let at = shownDays - 1; at >= 0; at--) days.set(localDay(nowMs - at * dayMs), { state: null, jobs: 0 })
  for (const { state, finishedMs } of jobs) {
    const day = finishedMs === null ? undefined : days.get(localDay(finishedMs))
    if (day === undefined) continue
    day.jobs++
    day.state ??= state
  }
  return [...days].map(([day, { state, jobs: count }]) => ({ day, state, jobs: count }))
}

/** `YYYY-MM-DD` in this machine's time zone: the days that its person lives by. */
function localDay(ms: number): string {
  const date = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

function sizesOf(jobs: readonly JobRecord[]): ItemOverview['sizes'] {
  return jobs
    .flatMap(({ result, finishedMs }) => {
      if (finishedMs === null || result?.point === undefined) return []
      const time = new Date(finishedMs).toISOString()
      return [{ time, sizeBytes: result.point.sizeBytes, storedBytes: result.storedBytes ?? 0 }]
    })
    .slice(0, mostSizes)
    .toReversed()
}

export function pauseText(pause: Pause, nowMs: number): PauseDocument['pausedUntil'] {
  if (pause === undefined || pause === 'forever') return pause ?? null
  return pause <= nowMs ? null : new Date(pause).toISOString()
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
