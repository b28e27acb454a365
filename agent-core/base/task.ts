/**
 * How a long operation tells what it does and hears that it shall stop. Counters belong to the
 * current phase; warnings to the whole task. One listener hears of changes at most every 250 ms,
 * always with the newest state; how a phase ended and that the next begins it hears at once, however short they are.
 */
import type { Phase, Progress } from '../contract/documents/progress.ts'
import type { FileWarning } from '../contract/errors.ts'
import type { Clock } from './clock.ts'

export type { Phase, Progress } from '../contract/documents/progress.ts'

/** Amounts that have been done since the last call. */
export interface ProgressStep {
  readonly files?: number
  readonly bytes?: number
  readonly current?: string
}

export interface Task extends Disposable {
  readonly signal: AbortSignal
  /** The newest state, whether the listener has heard of it or not. */
  readonly progress: Progress
  /** The first 10,000 warnings, in order. */
  readonly warnings: readonly FileWarning[]
  /** Count of all warnings. */
  readonly warningCount: number
  /** Starts a phase; its counters start at 0, with nothing expected. */
  setPhase(phase: Phase): void
  add(step: ProgressStep): void
  /** Says how much the phase will do in all; what is left out stays as it is. */
  expect(total: { readonly files?: number; readonly bytes?: number }): void
  /** Says what the task waits for; undefined: it goes on. */
  wait(what: 'vault' | undefined): void
  warn(warning: FileWarning): void
  /** What was done is done once more: what it has told is forgotten. */
  beginAnew(): void
  /** Throws the signal's reason once the task was aborted. */
  throwIfAborted(): void
  /** Tells the listener the last state if it has not heard it; it hears nothing afterwards. */
  [Symbol.dispose](): void
}

export interface TaskOptions {
  readonly clock: Clock
  /** Phase at the start; 'estimate' when left out. */
  readonly phase?: Phase
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

const intervalMs = 250
const keptWarnings = 10_000

/** Starts a task. Dispose it at the end. */
export function createTask(options: TaskOptions): Task {
  const signal = options.signal ?? new AbortController().signal
  const warnings: FileWarning[] = []
  const announcer = createAnnouncer(options.clock, () => options.onProgress?.(progress))
  let warningCount = 0
  let progress: Progress = { phase: options.phase ?? 'estimate', filesDone: 0, bytesDone: 0, warnings: 0 }
  const change = (next: Progress): void => {
    progress = next
    announcer.announce()
  }
  return {
    signal,
    get progress() {
      return progress
    },
    warnings,
    get warningCount() {
      return warningCount
    },
    setPhase: (phase) => {
      announcer.tellUnheard()
      progress = { phase, filesDone: 0, bytesDone: 0, warnings: warningCount }
      announcer.tellNow()
    },
    add: (step) =>
      change({
        ...progress,
        filesDone: progress.filesDone + (step.files ?? 0),
        bytesDone: progress.bytesDone + (step.bytes ?? 0),
        ...(step.current === undefined ? {} : { current: step.current }),
      }),
    expect: (total) =>
      change({
        ...progress,
        ...(total.files === undefined ? {} : { filesExpected: total.files }),
        ...(total.bytes === undefined ? {} : { bytesExpected: total.bytes }),
      }),
    wait: (what) => {
      const { waitsFor: _, ...going } = progress
      change(what === undefined ? going : { ...going, waitsFor: what })
    },
    warn: (warning) => {
      warningCount++
      if (warnings.length < keptWarnings) warnings.push(warning)
      change({ ...progress, warnings: warningCount })
    },
    beginAnew: () => {
      warnings.length = 0
      warningCount = 0
      change({ ...progress, filesDone: 0, bytesDone: 0, warnings: 0 })
    },
    throwIfAborted: () => signal.throwIfAborted(),
    [Symbol.dispose]: () => announcer[Symbol.dispose](),
  }
}

interface Announcer extends Disposable {
  announce(): void
  /** Tells at once what an announcement still waits for. */
  tellUnheard(): void
  tellNow(): void
}

/** Calls `tell` at once when it was silent for the interval, else once at the interval's end. */
function createAnnouncer(clock: Clock, tell: () => void): Announcer {
  const ended = new AbortController()
  let lastMs = Number.NEGATIVE_INFINITY
  let waiting = false
  const tellNow = (): void => {
    if (ended.signal.aborted) return
    waiting = false
    lastMs = clock.nowMs()
    tell()
  }
  const tellUnheard = (): void => {
    if (waiting) tellNow()
  }
  return {
    announce: () => {
      if (waiting || ended.signal.aborted) return
      const silentMs = clock.nowMs() - lastMs
      // A clock that was set back must not silence the task.
      if (silentMs >= intervalMs || silentMs < 0) {
        tellNow()
        return
      }
      waiting = true
      clock.delay(intervalMs - silentMs, ended.signal).then(
        () => tellUnheard(),
        () => undefined,
      )
    },
    tellUnheard,
    tellNow,
    [Symbol.dispose]: () => {
      tellUnheard()
      ended.abort()
    },
  }
}
