/**
 * The overview: what a person wants to know of all items at a glance. No vault is asked for what this home has captured
 * itself. What costs a look into the base is kept until a job of the item ends, or a minute has passed.
 */
import { openBase } from '../cache/base-db.ts'
import type { ItemVaultDocument, LastPoint } from '../contract/documents/item.ts'
import type {
  ItemOverview,
  OverviewDocument,
  OverviewEvent,
  PauseDocument,
  ProtectionState,
} from '../contract/documents/overview.ts'
import type { CallContext } from '../contract/verb.ts'
import type { JobBook } from '../jobs/job-book.ts'
import { KnownRuns } from '../schedule/known-runs.ts'
import { overdueFrom } from '../schedule/overdue.ts'
import type { Pause } from '../state/schedule-table.ts'
import type { Item } from '../state/state-db.ts'
import type { AgentDeps } from './agent-deps.ts'
import { BackupHistory, type EndedBackup, type ItemHistory } from './backup-history.ts'
import { FoundDamage } from './found-damage.ts'
import { scheduleOf } from './item-schedules.ts'
import { ItemVaults } from './item-vaults.ts'
import { lastPointsOf } from './last-points.ts'

const dayMs = 86_400_000
const shownDays = 30
const keptMs = 60_000
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
  readonly #history: BackupHistory
  readonly #damage: FoundDamage
  readonly #runs = new KnownRuns()

  constructor(deps: AgentDeps, book: JobBook) {
    this.#deps = deps
    this.#book = book
    this.#history = new BackupHistory(deps.state.jobs)
    this.#damage = new FoundDamage(deps.state.jobs)
  }

  async read(): Promise<OverviewDocument> {
    const { state } = this.#deps
    const items = state.items()
    const nowMs = this.#deps.clock.nowMs()
    this.#history.update(nowMs - (shownDays + 1) * dayMs)
    await this.#findFacts(items, nowMs)
    const days = Array.from({ length: shownDays }, (_, at) => localDay(nowMs - (shownDays - 1 - at) * dayMs))
    return {
      pausedUntil: pauseText(state.schedules.pause, nowMs),
      items: items.map((item) => this.#overviewOf(item, days, nowMs)),
      damage: this.#damage.of(state.vaults().map(({ name }) => name)),
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

  async #findFacts(items: readonly Item[], nowMs: number): Promise<void> {
    const stale = items.filter((item) => {
      const facts = this.#facts.get(item.name)
      if (facts === undefined || facts.newestJob !== this.#history.of(item.name).newestEnded) return true
      return nowMs - facts.foundMs > keptMs || nowMs < facts.foundMs
    })
    if (stale.length === 0) return
    const newest = new Map(stale.map(({ name }) => [name, this.#history.of(name).newestEnded]))
    const lastPoints = await lastPointsOf(this.#deps, stale)
    using base = openBase(this.#deps.paths.base, { readOnly: true })
    const vaults = new ItemVaults(this.#deps, base)
    for (const item of stale) {
      this.#facts.set(item.name, {
        lastPoint: lastPoints.get(item.id),
        confirmedMs: confirmedMs(vaults.of(item)),
        newestJob: newest.get(item.name),
        foundMs: nowMs,
      })
    }
  }

  #overviewOf(item: Item, days: readonly string[], nowMs: number): ItemOverview {
    const facts = this.#facts.get(item.name)
    const history = this.#history.of(item.name)
    const rule = scheduleOf(this.#deps, item)
    const live = history.live && this.#deps.state.jobs.get(history.live)
    const inVault = facts?.lastPoint?.tiers.includes('vault') === true
    const confirmedAtMs = facts?.confirmedMs ?? (inVault ? Date.parse(facts?.lastPoint?.time ?? '') : undefined)
    const nextMs = this.#runs.next(rule, nowMs)
    const overdueMs = confirmedAtMs === undefined ? undefined : overdueFrom(rule, confirmedAtMs, this.#runs)
    const isOverdue = overdueMs !== undefined && nowMs >= overdueMs
    return {
      item: item.name,
      vaults: item.vaults,
      ...protectionOf(facts?.lastPoint, history.outcome, isOverdue),
      lastPoint: facts?.lastPoint ?? null,
      lastConfirmedAt: timeOrNull(confirmedAtMs),
      nextRunAt: timeOrNull(nextMs),
      overdueAt: timeOrNull(overdueMs),
      liveJob: live === undefined ? null : this.#book.document(live),
      days: daysOf(history.ended, days),
      sizes: sizesOf(history.ended),
    }
  }
}

function confirmedMs(vaults: readonly ItemVaultDocument[]): number | undefined {
  const times = vaults.flatMap(({ confirmed }) => (confirmed === null ? [] : [Date.parse(confirmed.time)]))
  return times.length === 0 ? undefined : Math.max(...times)
}

function protectionOf(
  lastPoint: LastPoint | null | undefined,
  outcome: ItemHistory['outcome'],
  isOverdue: boolean,
): { readonly protection: ProtectionState; readonly reason: string } {
  if (lastPoint === undefined) return { protection: 'unknown', reason: 'The vault could not be asked.' }
  if (outcome?.state === 'failed') return { protection: 'failed', reason: outcome.reason ?? 'The last backup failed.' }
  if (lastPoint === null) return { protection: 'never', reason: 'There is no point yet.' }
  if (isOverdue) return { protection: 'overdue', reason: 'No vault has confirmed a point for too long.' }
  if (!lastPoint.tiers.includes('vault')) {
    return { protection: 'captured', reason: 'The last point is on this machine only; no vault has it yet.' }
  }
  if (outcome?.state === 'completed with warnings') {
    return { protection: 'warnings', reason: `Files that could not be read as they should: ${outcome.warnings}.` }
  }
  return { protection: 'protected', reason: '' }
}

/** How many backups ended on each of these days, and how the newest of them did. */
function daysOf(ended: readonly EndedBackup[], days: readonly string[]): ItemOverview['days'] {
  const byDay = Map.groupBy(ended, ({ finishedMs }) => localDay(finishedMs))
  return days.map((day) => {
    const backups = byDay.get(day) ?? []
    return { day, state: backups.at(-1)?.state ?? null, jobs: backups.length }
  })
}

/** `YYYY-MM-DD` in this machine's time zone: the days that its person lives by. */
function localDay(ms: number): string {
  const date = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

function sizesOf(ended: readonly EndedBackup[]): ItemOverview['sizes'] {
  return ended
    .flatMap(({ finishedMs, sizeBytes, storedBytes }) =>
      sizeBytes === undefined ? [] : [{ time: new Date(finishedMs).toISOString(), sizeBytes, storedBytes }],
    )
    .slice(-mostSizes)
}

export function pauseText(pause: Pause, nowMs: number): PauseDocument['pausedUntil'] {
  if (pause === undefined || pause === 'forever') return pause ?? null
  return pause <= nowMs ? null : new Date(pause).toISOString()
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
