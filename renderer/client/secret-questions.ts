/** Questions for what only the person knows: the passphrase of a vault, or the PIN. One at a time is shown. */
export type WantedSecret = { readonly kind: 'passphrase'; readonly vault: string } | { readonly kind: 'pin' }

export interface SecretQuestion {
  readonly wanted: WantedSecret
  readonly answer: (secret: string) => void
  /** The verb that asked is given up. */
  readonly refuse: () => void
}

export class SecretQuestions {
  readonly #listeners = new Set<() => void>()
  #open: readonly SecretQuestion[] = []

  /** Resolves with what the person types. Throws an `AbortError` when they refuse. */
  async ask(wanted: WantedSecret): Promise<string> {
    const answered = Promise.withResolvers<string>()
    const question: SecretQuestion = {
      wanted,
      answer: answered.resolve,
      refuse: () => answered.reject(new DOMException('Nothing was given.', 'AbortError')),
    }
    this.#become([...this.#open, question])
    try {
      return await answered.promise
    } finally {
      this.#become(this.#open.filter((other) => other !== question))
    }
  }

  readonly first = (): SecretQuestion | undefined => this.#open[0]

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #become(open: readonly SecretQuestion[]): void {
    this.#open = open
    for (const listener of this.#listeners) listener()
  }
}
