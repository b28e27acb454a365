/**
 * Keys of other machines, which a verb has missed and its client has unlocked with their passphrase before it asks again: in
 * memory alone, for one verb, and for a minute at most.
 */
import type { Clock } from '../base/clock.ts'
import type { VaultId } from '../contract/ids.ts'
import type { UnlockedKeyspace } from '../vault/vault-keys.ts'

const lentForMs = 60_000

interface Loan {
  readonly keyspaces: readonly UnlockedKeyspace[]
  readonly atMs: number
  /** Ends the wait for its end. */
  readonly over: AbortController
}

/** Dispose it at the end: a loan that nobody took would hold the process until its minute is over. */
export class LentKeys implements Disposable {
  readonly #clock: Clock
  readonly #missed = new Set<VaultId>()
  readonly #lent = new Map<VaultId, Loan>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A verb ends for want of another machine's keys. */
  miss(vault: VaultId): void {
    this.#missed.add(vault)
  }

  /** Nothing where no verb has missed them: a loan that is left over would be taken for what a later passphrase opens. */
  lend(vault: VaultId, keyspaces: readonly UnlockedKeyspace[]): void {
    if (!this.#missed.delete(vault)) return
    this.#forget(vault)
    const loan: Loan = { keyspaces, atMs: this.#clock.nowMs(), over: new AbortController() }
    this.#lent.set(vault, loan)
    void this.#forgetInTime(vault, loan)
  }

  /** True while something of a vault is lent that no verb has taken. */
  holds(vault: VaultId): boolean {
    const lent = this.#lent.get(vault)
    return lent !== undefined && this.#isFresh(lent.atMs)
  }

  /** What was lent of a vault, once; undefined: nothing was. */
  take(vault: VaultId): readonly UnlockedKeyspace[] | undefined {
    const lent = this.#lent.get(vault)
    this.#forget(vault)
    return lent !== undefined && this.#isFresh(lent.atMs) ? lent.keyspaces : undefined
  }

  #isFresh(atMs: number): boolean {
    return Math.abs(this.#clock.nowMs() - atMs) <= lentForMs
  }

  [Symbol.dispose](): void {
    for (const vault of this.#lent.keys()) this.#forget(vault)
  }

  #forget(vault: VaultId): void {
    this.#lent.get(vault)?.over.abort()
    this.#lent.delete(vault)
  }

  async #forgetInTime(vault: VaultId, loan: Loan): Promise<void> {
    await this.#clock.delay(lentForMs, loan.over.signal).catch(() => undefined)
    if (this.#lent.get(vault) === loan) this.#lent.delete(vault)
  }
}
