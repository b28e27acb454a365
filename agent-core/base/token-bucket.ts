/**
 * Token bucket as virtual scheduling (the leaky bucket as a meter of ITU-T I.371, "GCRA"): no timer and no clock of its
 * own. In any stretch of time no more than `rate × stretch + burst + the largest amount taken at once` is let go, and
 * who always asks again gets the whole rate.
 */
export interface TokenBucket {
  /**
   * Takes `amount` at `nowMs`, whatever is left, and returns how many ms to wait before it is used. What was taken is
   * counted at once, so that several takers share the rate in the order in which they ask.
   */
  take(amount: number, nowMs: number): number
}

/** `ratePerSecond` in units a second, above 0; `burst`: so much may go at once after a pause. */
export function createTokenBucket(options: { readonly ratePerSecond: number; readonly burst: number }): TokenBucket {
  const { ratePerSecond, burst } = options
  if (!(ratePerSecond > 0) || !(burst >= 0)) throw new RangeError('a token bucket needs a rate above 0')
  const burstMs = (burst * 1000) / ratePerSecond
  let lastMs = Number.NEGATIVE_INFINITY
  // When all that was taken will have gone at the rate.
  let goneMs = Number.NEGATIVE_INFINITY
  return {
    take: (amount, nowMs) => {
      // A clock that was set back must not make anybody wait for what it shows to come again.
      if (nowMs < lastMs) goneMs -= lastMs - nowMs
      lastMs = nowMs
      goneMs = Math.max(goneMs, nowMs - burstMs) + (amount * 1000) / ratePerSecond
      return Math.max(0, goneMs - nowMs)
    },
  }
}
