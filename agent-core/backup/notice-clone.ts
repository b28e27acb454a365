/**
 * A copied home folder is noticed by what its vault says: the newest point is of this home, and this home has not made it. So
 * another copy goes on as the same machine. The clock decides nothing, nor does the name or hardware of a computer.
 */
import { AgentError } from '../base/agent-error.ts'
import type { PointManifest } from '../format/point.ts'
import type { Vault } from '../vault/vault.ts'
import type { BackupRequest, MadeHere } from './backup-request.ts'

/** `newest`: of the confirmed points of the item, where it is not the one that this home knows. Throws `vault.cloned`. */
export function refuseCloned(
  newest: PointManifest | undefined,
  { source }: BackupRequest,
  vault: Vault,
  made: MadeHere | undefined,
): void {
  if (newest === undefined || made === undefined || !made.isKnown) return
  if (newest.source.home !== source.home || made.has(newest.id)) return
  throw new AgentError('vault.cloned', { address: vault.store.address, machine: newest.source.machine })
}
