/** Which vaults were found not to hold what the base knew of them, and which items were captured whole since. */
import type { ItemId, VaultId } from '../contract/ids.ts'
import type { BaseConnection } from './base-connection.ts'
import { BaseFacts } from './base-facts.ts'

/** What changes something is one transaction, but `settle`. */
export class BaseTrust {
  readonly #sql: BaseConnection
  readonly #facts: BaseFacts

  constructor(sql: BaseConnection) {
    this.#sql = sql
    this.#facts = new BaseFacts(sql)
  }

  /**
   * The vault does not hold what it was known to hold: no item's next capture takes anything over from the point
   * before, until it was captured once more as a whole. `isSpoilt`: a chunk file holds something else, and nobody knows which
   * others do: that capture rests on none of them.
   */
  distrust(vault: VaultId, { isSpoilt = false } = {}): void {
    this.#sql.transaction(() => {
      const count = this.count(vault) + 1
      this.#facts.setNumber(`distrust/${vault}`, count)
      if (isSpoilt) this.#facts.setNumber(`spoilt/${vault}`, count)
    })
  }

  /** How often the vault was distrusted. */
  count(vault: VaultId): number {
    return this.#facts.number(`distrust/${vault}`)
  }

  /** True when the vault was distrusted since the item was last captured for it. */
  mustReadAll(vault: VaultId, item: ItemId): boolean {
    return this.count(vault) > this.#settled(vault, item)
  }

  /** True when the vault was found spoilt since the item was last captured for it. */
  mustStoreAll(vault: VaultId, item: ItemId): boolean {
    return this.#facts.number(`spoilt/${vault}`) > this.#settled(vault, item)
  }

  /** The item was captured for the vault as a whole, when it had been distrusted `count` times. Part of a transaction. */
  settle(vault: VaultId, item: ItemId, count: number): void {
    this.#facts.setNumber(`trust/${vault}/${item}`, count)
  }

  #settled(vault: VaultId, item: ItemId): number {
    return this.#facts.number(`trust/${vault}/${item}`)
  }
}
