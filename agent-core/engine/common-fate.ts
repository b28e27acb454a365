interface Waiting<Value> {
  readonly resolve: (value: Value) => void
  readonly reject: (error: unknown) => void
}

/** Promises that all fail with the first error of what they wait for. */
export class CommonFate {
  readonly #waiting = new Set<Waiting<never>>()
  #failure: Error | undefined

  get failure(): Error | undefined {
    return this.#failure
  }

  /** A promise that has failed, or fails, with all others. */
  promise<Value>(): { readonly promise: Promise<Value>; readonly resolve: (value: Value) => void } {
    const { promise, resolve, reject } = Promise.withResolvers<Value>()
    if (this.#failure !== undefined) reject(this.#failure)
    const entry: Waiting<never> = { resolve, reject }
    this.#waiting.add(entry)
    return {
      promise,
      resolve: (value) => {
        this.#waiting.delete(entry)
        resolve(value)
      },
    }
  }

  /** Fails every promise; the first error stays. */
  fail(error: Error): void {
    this.#failure ??= error
    for (const waiting of this.#waiting) waiting.reject(this.#failure)
    this.#waiting.clear()
  }

  /** Promises made from now on fail; nobody waits for the others any more. */
  close(error: Error): void {
    this.#failure ??= error
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
