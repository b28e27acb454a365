/** The time of the machine that shows the pages: the one place of the renderer that asks for it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs(): number
  /** Resolves after so long, or at once when `signal` aborts. */
  delay(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Calls `listener` again and again; returns what ends it. */
  every(intervalMs: number, listener: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  delay: async (delayMs, signal) => {
    if (signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs)
      const stop = () => {
        clearTimeout(timer)
        resolve()
      }
      signal?.addEventListener('abort', stop, { once: true })
    })
  },
  every: (intervalMs, listener) => {
    const timer = setInterval(listener, intervalMs)
    return () => clearInterval(timer)
  },
}
