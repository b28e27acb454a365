/** Lets timers, signals and I/O have their turn: for loops whose awaits are mostly answered at once. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
