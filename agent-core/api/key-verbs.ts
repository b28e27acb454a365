/** Use cases of a vault's second secret and of a vault that this home is to know no more. */
import { AgentError } from '../base/agent-error.ts'
import { deriveKeys } from '../codec/key-derivation.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import { Vault } from '../vault/vault.ts'
import { changeRecoveryCode, checkPassphrase } from '../vault/vault-keys.ts'
import type { NewKeyDocument, RecoveryCodeDocument, RemovedVault } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { audit } from './mark-points.ts'
import { takeNewKeyspace } from './new-keyspace.ts'
import { openBaseForWriting } from './open-base.ts'
import { forgetKey, knownVault, masterKeyOf, openKnownStore, provenMasterKey } from './open-vault.ts'
import { requirePin } from './pin-guard.ts'
import { requireWriter } from './publish-items.ts'
import { forgetVaultMemory } from './vault-memory.ts'
import { forgetSchedules } from './vault-schedules.ts'

/**
 * Makes a new recovery code for the machine's keyspace in that vault; the old one opens it no more. Throws `vault.foreign`,
 * and as `requirePin`. Cut off in between, both codes open, or the old one alone.
 */
export async function renewRecoveryCode(deps: AgentDeps, name: string): Promise<RecoveryCodeDocument> {
  const known = knownVault(deps, name)
  if (known.access !== 'owner') throw new AgentError('vault.foreign', { name: known.name, machine: known.machine })
  await requirePin(deps)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const store = await openKnownStore(deps, known)
  try {
    const masterKey = await provenMasterKey(deps, known, store)
    const vault = new Vault({ store, id: known.id, keys: deriveKeys(masterKey, known.keyspace), random: deps.random })
    await audit(deps, vault, { act: 'vault recovery-code', subject: `machine "${known.machine}"`, detail: undefined })
    const recoveryCode = await changeRecoveryCode(store, known.keyspace, masterKey, deps)
    deps.log.info('recovery code changed', { vault: known.name })
    const remark = 'Whoever copied the vault before and has the old code can still open that copy.'
    return { name: known.name, recoveryCode, remarks: [remark] }
  } finally {
    await store.close()
  }
}

/**
 * Has everything stored under new keys from the next backup on, in all vaults of this machine; whoever has the old key opens
 * nothing of it. What is stored stays with the old keys, as a machine by itself. Throws `vault.foreign`, `vault.points-wait`,
 * `vault.weak-passphrase`, the error of a vault that is away, and as `requirePin`.
 */
export async function takeNewKey(deps: AgentDeps, name: string, passphrase: string): Promise<NewKeyDocument> {
  checkPassphrase(passphrase)
  const known = knownVault(deps, name)
  if (known.access !== 'owner') throw new AgentError('vault.foreign', { name: known.name, machine: known.machine })
  await requirePin(deps)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const { homeId } = deps.state
  const renewed = await takeNewKeyspace(deps, new Set([known.keyspace]), { passphrase, homeId }, async (vaults) => {
    for (const { store, vault } of vaults) {
      const keys = deriveKeys(await masterKeyOf(deps, vault, store), vault.keyspace)
      const before = new Vault({ store, id: vault.id, keys, random: deps.random })
      await requireWriter(deps, vault, before)
      await audit(deps, before, { act: 'vault new-key', subject: `machine "${vault.machine}"`, detail: undefined })
    }
  })
  const machine = renewed.find((vault) => vault.name === known.name)?.machine ?? known.machine
  deps.log.info('new keys', { before: known.machine, machine })
  return {
    before: known.machine,
    vaults: renewed.map((vault) => ({ name: vault.name, machine: vault.machine, recoveryCode: vault.recoveryCode })),
    remarks: [
      'The next backup stores everything anew.',
      `Earlier points stay as machine "${known.machine}", with the old passphrase: "tharsis vault connect" with --read shows them, "tharsis vault prune ${known.name} --keyspace "${known.machine}"" cleans them up as their policies say, "tharsis vault remove-machine" takes them away.`,
    ],
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
  // A vault that is connected here to be read may also be one that this machine writes to: that goes on.
  const waiting = known.access === 'owner' ? base.unconfirmedPoints(known.id).length : 0
  base.forgetVault(known.id, known.keyspace)
  deps.state.removeVault(known.name)
  forgetSchedules(deps, known.name)
  const isKeyUsed = deps.state.vaults().some(({ keyspace }) => keyspace === known.keyspace)
  if (!isKeyUsed) await forgetKey(deps, known.keyspace)
  forgetVaultMemory(deps, known)
  deps.log.info('vault removed', { vault: known.name, waiting })
  const itemsAfter = new Set(deps.state.items().map((item) => item.name))
  return {
    name: known.name,
    items: itemsBefore.filter((item) => !itemsAfter.has(item)),
    waitingPoints: waiting,
  }
}
