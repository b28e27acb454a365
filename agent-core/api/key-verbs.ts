/** Use cases of a vault's second secret and of a vault that this home is to know no more. */
import { rmSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import { changeRecoveryCode } from '../vault/vault-keys.ts'
import type { RecoveryCodeDocument, RemovedVault } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { markFileOf } from './mark-memory.ts'
import { audit } from './mark-points.ts'
import { openBaseForWriting } from './open-base.ts'
import { forgetKey, knownVault, masterKeyOf, openKnownVault } from './open-vault.ts'
import { requirePin } from './pin-guard.ts'

/**
 * Makes a new recovery code for the machine's keyspace in that vault; the old one opens it no more. Throws `vault.foreign`,
 * and as `requirePin`. Cut off in between, both codes open, or the old one alone.
 */
export async function renewRecoveryCode(deps: AgentDeps, name: string): Promise<RecoveryCodeDocument> {
  const known = knownVault(deps, name)
  if (known.access !== 'owner') throw new AgentError('vault.foreign', { name: known.name, machine: known.machine })
  await requirePin(deps)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const vault = await openKnownVault(deps, known)
  try {
    await audit(deps, vault, { act: 'vault recovery-code', subject: `machine "${known.machine}"`, detail: undefined })
    const masterKey = await masterKeyOf(deps, known, vault.store)
    const recoveryCode = await changeRecoveryCode(vault.store, known.keyspace, masterKey, deps)
    deps.log.info('recovery code changed', { vault: known.name })
    const remark = 'Whoever copied the vault before and has the old code can still open that copy.'
    return { name: known.name, recoveryCode, remarks: [remark] }
  } finally {
    await vault.store.close()
  }
}

/**
 * Forgets a vault here, with the items that go nowhere else; what the vault holds stays there. Points that wait for it are
 * given up; their payload counts for the next backup into another vault. Throws as `requirePin`.
 */
export async function removeKnownVault(deps: AgentDeps, name: string): Promise<RemovedVault> {
  const known = knownVault(deps, name)
  await requirePin(deps)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const itemsBefore = deps.state.items().map((item) => item.name)
  using base = openBaseForWriting(deps)
  const waiting = base.unconfirmedPoints(known.id).length
  base.forgetVault(known.id)
  deps.state.removeVault(known.name)
  const isKeyUsed = deps.state.vaults().some(({ keyspace }) => keyspace === known.keyspace)
  if (!isKeyUsed) await forgetKey(deps, known.keyspace)
  rmSync(markFileOf(deps, known), { force: true })
  deps.log.info('vault removed', { vault: known.name, waiting })
  const itemsAfter = new Set(deps.state.items().map((item) => item.name))
  return {
    name: known.name,
    items: itemsBefore.filter((item) => !itemsAfter.has(item)),
    waitingPoints: waiting,
  }
}
