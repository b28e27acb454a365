import { lastRun, nextRun } from './next-run.ts'
import type { ScheduleRule } from './schedule-rule.ts'

/** Where the runs of a rule are looked up. */
export interface RunTimes {
  /** As `nextRun`. */
  next(rule: ScheduleRule, afterMs: number): number | undefined
  /** As `lastRun`. */
  last(rule: ScheduleRule, untilMs: number): number | undefined
}

/** Each time computed anew. */
export const computedRuns: RunTimes = { next: nextRun, last: lastRun }

/** From one run, which belongs to it, up to the next, which does not. */
interface Span {
  readonly lastMs: number
  readonly nextMs: number
}

/** Spans kept of one rule; what was not asked for longest goes first. */
const mostSpans = 64
const mostRules = 1000

/**
 * Runs that were computed before. Between two runs of a rule every instant has the same last and next one, and the items of
 * a home share few rules, while to compute a run takes about a millisecond.
 */
export class KnownRuns implements RunTimes {
  readonly #spans = new Map<string, Span[]>()

  next(rule: ScheduleRule, afterMs: number): number | undefined {
    return isCheap(rule) ? nextRun(rule, afterMs) : (this.#spanAt(rule, afterMs)?.nextMs ?? nextRun(rule, afterMs))
  }

  last(rule: ScheduleRule, untilMs: number): number | undefined {
    return isCheap(rule) ? lastRun(rule, untilMs) : (this.#spanAt(rule, untilMs)?.lastMs ?? lastRun(rule, untilMs))
  }

  /** Undefined where there is no run before or none after the instant. */
  #spanAt(rule: ScheduleRule, atMs: number): Span | undefined {
    const key = JSON.stringify([rule.timeZone, rule.schedule])
    const spans = this.#spans.get(key) ?? []
    const known = spans.findIndex(({ lastMs, nextMs }) => lastMs <= atMs && atMs < nextMs)
    const [span] = known === -1 ? [spanOf(rule, atMs)] : spans.splice(known, 1)
    if (span === undefined) return undefined
    spans.push(span)
    if (spans.length > mostSpans) spans.shift()
    if (this.#spans.size >= mostRules) this.#spans.clear()
    this.#spans.set(key, spans)
    return span
  }
}

function spanOf(rule: ScheduleRule, atMs: number): Span | undefined {
  const [lastMs, nextMs] = [lastRun(rule, atMs), nextRun(rule, atMs)]
  return lastMs === undefined || nextMs === undefined ? undefined : { lastMs, nextMs }
}

function isCheap({ schedule: { kind } }: ScheduleRule): boolean {
  return kind === 'none' || kind === 'interval'
}
