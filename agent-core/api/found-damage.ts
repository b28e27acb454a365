/**
 * Damage of vaults that verifications have found and nobody has healed since. The table of jobs is read once; after that
 * what is new in it.
 */
import type { VaultDamage } from '../contract/documents/overview.ts'
import { formatTime } from '../contract/format-time.ts'
import type { JobTable, VerifyGlance } from '../state/job-table.ts'

export class FoundDamage {
  readonly #table: JobTable
  readonly #newest = new Map<string, VerifyGlance>()
  #revision = 0

  constructor(table: JobTable) {
    this.#table = table
  }

  /**
   * Of the vaults with these names, as their newest verification left them. A verification begins with what was found
   * damaged before. What was found in a vault that had the name before tells nothing.
   */
  of(vaults: Iterable<string>): VaultDamage[] {
    const { revision } = this.#table
    if (revision > this.#revision) {
      for (const glance of this.#table.verificationsAfter(this.#revision)) this.#newest.set(glance.vault, glance)
      this.#revision = revision
    }
    return Array.from(vaults).flatMap((vault) => {
      const newest = this.#newest.get(vault)
      if (newest === undefined || newest.openDamage === 0) return []
      if (newest.revision <= this.#table.forgottenVaultRevision(vault)) return []
      const { id: job, openDamage: objects, finishedMs } = newest
      return [{ vault, objects, foundAt: new Date(finishedMs).toISOString(), job }]
    })
  }
}

/** What is not kept anywhere else a healing cannot mend: it says what to do then. */
export function healAdvice(vault: string): string {
  return `"tharsis vault verify ${vault} --heal" mends what it can and says what helps against the rest.`
}

/** Sentences on known damage, for whoever looks at what the vault holds. */
export function damageRemark({ vault, objects, foundAt }: VaultDamage): string {
  return (
    `Vault "${vault}" is damaged (objects that points need: ${objects}, found ${formatTime(foundAt)}). ` +
    healAdvice(vault)
  )
}
