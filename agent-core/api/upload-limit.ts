/**
 * The settings `upload-limit`, `work-upload-limit` and `work-hours`: what uploads to servers keep to, all of a home together.
 * They are looked at again while uploads go on.
 */
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import { createPace, type Pace } from '../base/pace.ts'
import type { WorkHours } from '../contract/documents/home.ts'
import type { StateDb } from '../state/state-db.ts'
import { type ClockFace, createClockFace, isWorkTime, parseWorkHours, usualWorkHours } from './work-hours.ts'

/** 512 kbit/s and 1 Gbit/s, in bytes a second. */
const leastUploadLimit = 64_000
const mostUploadLimit = 125_000_000
/** So often an upload that is under way looks whether its limit is another one now. */
const lookMs = 1000

/** Bytes a second; null: no limit. */
export function uploadLimitOf(state: StateDb): number | null {
  return numberOf(state.setting('upload-limit'))
}

/** What counts in work hours; null: as at any other time. */
export function workUploadLimitOf(state: StateDb): number | null {
  return numberOf(state.setting('work-upload-limit'))
}

export function workHoursOf(state: StateDb): WorkHours {
  const text = state.setting('work-hours')
  return text === undefined ? usualWorkHours : parseWorkHours(text)
}

function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text)
}

/** Throws `usage.invalid`. */
export function checkUploadLimit(limit: number | null | undefined): void {
  if (limit === undefined || limit === null || (limit >= leastUploadLimit && limit <= mostUploadLimit)) return
  throw new AgentError('usage.invalid', {
    problem: `Uploads cannot be limited to ${Math.round((limit * 8) / 1000)} kbit/s.`,
    advice: 'Give 512kbit to 1Gbit (a second), or default for no limit.',
  })
}

/** Throws `usage.invalid`. */
export function checkWorkHours(hours: WorkHours | null | undefined): void {
  if (hours === undefined || hours === null || hours.days.length > 0) return
  throw new AgentError('usage.invalid', {
    problem: 'Work hours need a day at least.',
    advice: 'Name one or more days, or give up the limit of work hours.',
  })
}

/** The pace of uploads that begin now, undefined while there is no limit; it follows the settings and the hours. */
export function createUploadPace(state: StateDb, clock: Clock, timeZone: string): () => Pace | undefined {
  const pace = new UploadPace(state, clock, timeZone)
  return () => (pace.isLimited ? pace : undefined)
}

class UploadPace implements Pace {
  readonly #state: StateDb
  readonly #clock: Clock
  readonly #timeZone: string
  #faceOf: ((timeMs: number) => ClockFace) | undefined
  #current: Pace | undefined
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(state: StateDb, clock: Clock, timeZone: string) {
    this.#state = state
    this.#clock = clock
    this.#timeZone = timeZone
  }

  get isLimited(): boolean {
    return this.#look(0) !== undefined
  }

  get bytesPerSecond(): number {
    return this.#look(lookMs)?.bytesPerSecond ?? mostUploadLimit
  }

  get pieceBytes(): number {
    return (this.#look(lookMs) ?? createPace(mostUploadLimit, this.#clock)).pieceBytes
  }

  async take(sizeBytes: number, signal?: AbortSignal): Promise<void> {
    await this.#look(lookMs)?.take(sizeBytes, signal)
  }

  /** The pace that goes with the limit as it was at most `ageMs` ago: the same one as long as the limit stays. */
  #look(ageMs: number): Pace | undefined {
    const nowMs = this.#clock.nowMs()
    // A clock that was set back is no reason to look later.
    if (Math.abs(nowMs - this.#lookedMs) < ageMs) return this.#current
    this.#lookedMs = nowMs
    const limit = this.#limitAt(nowMs)
    if (limit === null) this.#current = undefined
    else if (this.#current?.bytesPerSecond !== limit) this.#current = createPace(limit, this.#clock)
    return this.#current
  }

  #limitAt(nowMs: number): number | null {
    const limit = uploadLimitOf(this.#state)
    const atWork = workUploadLimitOf(this.#state)
    if (atWork === null) return limit
    this.#faceOf ??= createClockFace(this.#timeZone)
    return isWorkTime(workHoursOf(this.#state), this.#faceOf(nowMs)) ? atWork : limit
  }
}
