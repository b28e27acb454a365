import { systemClock } from '../base/clock.ts'
import { createTask } from '../base/task.ts'
import type { Vault } from '../vault/vault.ts'
import { checkVault } from './check-vault.ts'
import type { Damage } from './damage-log.ts'

/**
 * Checks the invariants of docs/format/write-order.md that a vault shows at rest, every byte of it: I1 (confirmed
 * points are whole), I2 (final names hold complete bytes), I7 (leftovers are no damage). Throws an Error that lists
 * what is broken; what the vault itself throws goes on.
 */
export async function assertInvariants(vault: Vault): Promise<void> {
  using task = createTask({ clock: systemClock })
  const { damaged } = await checkVault({ vault, readDataPercent: 100, task })
  if (damaged.length > 0) throw new Error(`the vault breaks its invariants:\n${damaged.map(violationOf).join('\n')}`)
}

function violationOf({ object, offset, reason, points, files }: Damage): string {
  const invariant = points.length > 0 ? 'I1' : 'I2'
  const hurt = points.length > 0 ? ` — points ${points.join(' ')}, files ${files.join(' ')}` : ''
  return `${invariant}: ${object} at offset ${offset}: ${reason}${hurt}`
}
