/**
 * Keys of other machines, which a verb has missed and its client has unlocked with their passphrase before it asks again: in
 * memory alone, for one verb, and for a minute at most.
 */
import type { Clock } from '../base/clock.ts'
import type { VaultId } from '../contract/ids.ts'
import type { UnlockedKeyspace } from '../vault/vault-keys.ts'

const lentForMs = 60_000

export class LentKeys {
  readonly #clock: Clock
  readonly #missed = new Set<VaultId>()
  readonly #lent = new Map<VaultId, { readonly keyspaces: readonly UnlockedKeyspace[]; readonly atMs: number }>()

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
    const loan = { keyspaces, atMs: this.#clock.nowMs() }
    this.#lent.set(vault, loan)
    void this.#forgetInTime(vault, loan)
  }

  /** What was lent of a vault, once; undefined: nothing was. */
  take(vault: VaultId): readonly UnlockedKeyspace[] | undefined {
    const lent = this.#lent.get(vault)
    this.#lent.delete(vault)
    if (lent === undefined || Math.abs(this.#clock.nowMs() - lent.atMs) > lentForMs) return undefined
    return lent.keyspaces
  }

  async #forgetInTime(vault: VaultId, loan: object): Promise<void> {
    await this.#clock.delay(lentForMs)
    if (this.#lent.get(vault) === loan) this.#lent.delete(vault)
  }
}
