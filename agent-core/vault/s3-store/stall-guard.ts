/**
 * Ends a request on which nothing moves any more. Whoever works on it calls `beat` with each piece that moved; no beat for
 * `stallMs` aborts the guard's signal, and so does the caller's signal.
 */
import type { Clock } from '../../base/clock.ts'

export interface Guard {
  /** For the request: aborts when it stalls, when the caller wants no more, or on `fail`. */
  readonly signal: AbortSignal
  beat(): void
  /** Ends the request because of what happened on this side. */
  fail(error: unknown): void
}

/** Nothing has moved for too long. */
export class StallError extends Error {
  override readonly name = 'StallError'
}

export interface GuardOptions {
  readonly clock: Clock
  readonly stallMs: number
  readonly signal: AbortSignal | undefined
}

/** Runs `act`; rejects with what ended it: the caller's reason, what `fail` was given, a StallError, or its own error. */
export async function guardStalls<T>(options: GuardOptions, act: (guard: Guard) => Promise<T>): Promise<T> {
  const { clock, stallMs, signal } = options
  signal?.throwIfAborted()
  const ending = new AbortController()
  const finished = new AbortController()
  let beats = 0
  const onAbort = (): void => ending.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const guard: Guard = {
    signal: ending.signal,
    beat: () => {
      beats++
    },
    fail: (error) => ending.abort(error),
  }
  const watch = async (): Promise<void> => {
    for (let seen = -1; seen !== beats; ) {
      seen = beats
      await clock.delay(stallMs, finished.signal)
    }
    ending.abort(new StallError(`nothing moved for ${Math.round(stallMs / 1000)} s`))
  }
  // Ended by `finished`, whose reason nobody wants.
  watch().catch(() => undefined)
  try {
    return await act(guard)
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error
  } finally {
    finished.abort()
    signal?.removeEventListener('abort', onAbort)
  }
}
