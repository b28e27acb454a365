/**
 * Follows the schedules of all items while the agent runs. Each tick asks `plan-run` for those whose time may have come;
 * how far a schedule was followed is kept before its job starts, so that a crash never runs it twice.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../base/clock.ts'
import { minuteText } from '../base/date-text.ts'
import type { Log } from '../base/log.ts'
import { KnownRuns } from './known-runs.ts'
import { planRun } from './plan-run.ts'
import type { ScheduleRule } from './schedule-rule.ts'
import type { StartTicks } from './ticks.ts'

/** How far the schedule of an item was followed, and which rule that was. */
interface Progress {
  readonly rule: string
  readonly handledMs: number
}

/** What the scheduler keeps. */
export interface ScheduleStore {
  progress(item: string): Progress | undefined
  /** By item; all of them are kept, or none: each write waits for the disk. */
  put(progress: ReadonlyMap<string, Progress>): void
  readonly pause: number | 'forever' | undefined
}

export interface ScheduledItem {
  readonly name: string
  readonly rule: ScheduleRule
}

export interface SchedulerDeps {
  readonly clock: Clock
  readonly log: Log
  readonly ticks: StartTicks
  readonly store: ScheduleStore
  /** The items with their rules as they are now. */
  readonly items: () => readonly ScheduledItem[]
  /** Starts a backup; `missed` tells in words which runs it makes up for. */
  readonly start: (item: string, missed: string | undefined) => void
  /** Hears that a run is left out because schedules rest; once a pause and item. */
  readonly skip: (item: string, reason: string) => void
}

interface Followed {
  readonly rule: ScheduleRule
  /** Nothing is due before, unless the clock is set back. */
  readonly nextMs: number
  /** Whether a run that falls into this pause was told. */
  toldPause: number | 'forever' | undefined
}

export class Scheduler implements Disposable {
  readonly #deps: SchedulerDeps
  readonly #followed = new Map<string, Followed>()
  readonly #runs = new KnownRuns()
  #lastTickMs = Number.NEGATIVE_INFINITY
  #ticks: Disposable | undefined

  constructor(deps: SchedulerDeps) {
    this.#deps = deps
  }

  /** Looks at once what is due, then with every tick. */
  begin(): void {
    this.tick()
    this.#ticks = this.#deps.ticks(() => this.tick())
  }

  tick(): void {
    const nowMs = this.#deps.clock.nowMs()
    const wasSetBack = nowMs < this.#lastTickMs
    this.#lastTickMs = nowMs
    const paused = this.#pausedAt(nowMs)
    const items = this.#deps.items()
    const names = new Set(items.map(({ name }) => name))
    for (const name of this.#followed.keys()) if (!names.has(name)) this.#followed.delete(name)
    const looked = items.flatMap((item) => {
      const followed = this.#followed.get(item.name)
      const isSame = followed !== undefined && isDeepStrictEqual(followed.rule, item.rule)
      if (isSame && !wasSetBack && nowMs < followed.nextMs) return []
      return [{ item, before: isSame ? followed : undefined }]
    })
    try {
      this.#beginNew(
        looked.map(({ item }) => item),
        nowMs,
      )
    } catch (error) {
      this.#deps.log.error('new schedules cannot be noted', { error })
      return
    }
    for (const { item, before } of looked) this.#look(item, nowMs, paused, before)
  }

  [Symbol.dispose](): void {
    this.#ticks?.[Symbol.dispose]()
  }

  #pausedAt(nowMs: number): number | 'forever' | undefined {
    const { pause } = this.#deps.store
    return pause === undefined || (pause !== 'forever' && pause <= nowMs) ? undefined : pause
  }

  #look(item: ScheduledItem, nowMs: number, paused: number | 'forever' | undefined, before: Followed | undefined) {
    const { name, rule } = item
    try {
      const handledMs = this.#deps.store.progress(name)?.handledMs ?? nowMs
      const plan = planRun(rule, handledMs, nowMs, this.#runs)
      const toldPause = this.#act(item, plan, paused, before?.toldPause)
      // What is due in a pause is looked at again with each tick, until the pause is over.
      const nextMs = toldPause === undefined ? (plan.nextMs ?? Number.POSITIVE_INFINITY) : nowMs
      this.#followed.set(name, { rule, nextMs, toldPause })
    } catch (error) {
      this.#deps.log.error('a schedule cannot be followed', { item: name, error })
      this.#followed.set(name, { rule, nextMs: nowMs + 3_600_000, toldPause: undefined })
    }
  }

  /** Starts what is due or tells that it is left out; returns the pause that was told. */
  #act(
    { name, rule }: ScheduledItem,
    { due, handledMs, handledThenMs }: ReturnType<typeof planRun>,
    paused: number | 'forever' | undefined,
    toldPause: number | 'forever' | undefined,
  ): number | 'forever' | undefined {
    const { store, start, skip } = this.#deps
    if (due === undefined) {
      if (store.progress(name)?.handledMs !== handledMs) store.put(new Map([[name, { rule: textOf(rule), handledMs }]]))
      return undefined
    }
    if (paused !== undefined) {
      if (toldPause === undefined) {
        skip(name, `schedules rest until ${paused === 'forever' ? 'they are resumed' : minuteText(paused)}`)
      }
      return paused
    }
    store.put(new Map([[name, { rule: textOf(rule), handledMs: handledThenMs }]]))
    start(name, due.missed === 0 ? undefined : missedWords(due.dueMs, due.missed, toldPause))
    return undefined
  }

  /** A rule that is new, or new for its item, begins now: nothing of it was missed. */
  #beginNew(items: readonly ScheduledItem[], nowMs: number): void {
    const { store } = this.#deps
    const fresh = items.filter(({ name, rule }) => store.progress(name)?.rule !== textOf(rule))
    if (fresh.length === 0) return
    store.put(new Map(fresh.map(({ name, rule }) => [name, { rule: textOf(rule), handledMs: nowMs }])))
  }
}

function textOf({ timeZone, schedule }: ScheduleRule): string {
  return JSON.stringify({ timeZone, schedule })
}

function missedWords(dueMs: number, missed: number, pause: number | 'forever' | undefined): string {
  const why = pause === undefined ? 'this computer was off or asleep, or no agent ran' : 'schedules were paused'
  const which =
    missed === 1
      ? `the run of ${minuteText(dueMs)}`
      : `${missed >= 100 ? '100 or more' : missed} runs up to ${minuteText(dueMs)}`
  return `makes up for ${which}: ${why}`
}
