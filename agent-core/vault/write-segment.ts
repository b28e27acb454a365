import { isAgentError } from '../base/agent-error.ts'
import type { IndexSegment } from '../format/index-segment.ts'
import { listNumbered } from './numbered-objects.ts'
import type { Vault } from './vault.ts'

const maxAttempts = 5

/**
 * Writes an index segment under the next free number, for a writer that need not know what the others wrote. Throws
 * `store.conflict` when others take the numbers, time and again.
 */
export async function writeSegment(vault: Vault, segment: IndexSegment) {
  let last = (await listNumbered(vault.store, vault.layout.index)).at(-1)?.sequence ?? -1
  for (let attempt = 1; ; attempt++, last++) {
    try {
      return { segment, ...(await vault.writeIndex(last, segment)) }
    } catch (error) {
      if (!isAgentError(error, 'store.conflict') || attempt === maxAttempts) throw error
    }
  }
}
