/** The use case of a home folder that is a copy of another one: it becomes a machine of its own in all of its vaults. */
import { AgentError } from '../base/agent-error.ts'
import { randomId } from '../base/random.ts'
import { deriveKeys } from '../codec/key-derivation.ts'
import type { HomeId } from '../contract/ids.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import type { KnownVault } from '../state/state-db.ts'
import { Vault } from '../vault/vault.ts'
import { unlockKeyspaces } from '../vault/vault-keys.ts'
import type { ForkedMachine, ForkOptions } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { takeNewKeyspace, type VaultBefore } from './new-keyspace.ts'
import { knownVault, rememberedKey } from './open-vault.ts'
import { requirePin } from './pin-guard.ts'

/**
 * Makes this home a machine of its own, in all vaults that it writes to: with another home id it could go on as before in none.
 * `passphrase`: that of the machine that it was in vault `name`; it opens the new one too. Throws `vault.foreign`,
 * `vault.wrong-passphrase`, `vault.points-wait`, without `force` `vault.not-cloned`, the error of a vault that is away, and as
 * `requirePin`. Nothing has changed then.
 */
export async function forkMachine(
  deps: AgentDeps,
  name: string,
  passphrase: string,
  options: ForkOptions = {},
): Promise<ForkedMachine> {
  const known = knownVault(deps, name)
  if (known.access !== 'owner') throw new AgentError('vault.foreign', { name: known.name, machine: known.machine })
  await requirePin(deps)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const own = deps.state.vaults().filter((vault) => vault.access === 'owner')
  const given = { passphrase, homeId: randomId<HomeId>(deps.random) }
  const keyspaces = new Set(own.map(({ keyspace }) => keyspace))
  const forked = await takeNewKeyspace(deps, keyspaces, given, async (vaults) => {
    let masterKey: Uint8Array | undefined
    for (const { vault, store } of vaults.filter((each) => each.vault.keyspace === known.keyspace)) {
      const [unlocked] = await unlockKeyspaces(store, passphrase, [vault.keyspace])
      if (unlocked === undefined) throw new AgentError('vault.wrong-passphrase', { address: vault.address })
      masterKey = unlocked.masterKey
    }
    // A copied disk seldom brings the keychain along: what the passphrase opens need not be remembered here.
    const keyOf = async ({ keyspace }: KnownVault) =>
      keyspace === known.keyspace ? masterKey : await rememberedKey(deps, keyspace)
    if (options.force === true || (await wasCopySeen(deps, vaults, keyOf))) return
    throw new AgentError('vault.not-cloned', { name: known.name, machine: known.machine })
  })
  const machine = forked.find((vault) => vault.name === known.name)?.machine ?? known.machine
  deps.log.warn('this home is a copy and becomes a machine of its own', { before: known.machine, machine })
  const others = forked.filter((vault) => vault.name !== known.name)
  return { vault: known.name, before: known.machine, machine, remarks: remarksOf(known, machine, others) }
}

/** Whether a vault says that another copy of this home folder has made the newest point of an item, as backups look at it. */
async function wasCopySeen(
  deps: AgentDeps,
  vaults: readonly VaultBefore[],
  keyOf: (vault: KnownVault) => Promise<Uint8Array | undefined>,
): Promise<boolean> {
  const { homeId, madePoints } = deps.state
  for (const { vault: known, store } of vaults) {
    const masterKey = await keyOf(known)
    if (masterKey === undefined) continue
    const keys = deriveKeys(masterKey, known.keyspace)
    const vault = new Vault({ store, id: known.id, keys, random: deps.random })
    for (const [item, points] of Map.groupBy(await vault.listPoints(), (point) => point.item)) {
      const newest = points.findLast(({ confirmationName }) => confirmationName !== undefined)
      if (newest === undefined || !madePoints.hasAny(item) || madePoints.has(item, newest.point)) continue
      if ((await vault.readPoint(newest)).manifest.source.home === homeId) return true
    }
  }
  return false
}

function remarksOf({ name, machine: before }: KnownVault, machine: string, others: readonly KnownVault[]): string[] {
  return [
    `This home folder is a copy of another one, which goes on as machine "${before}". From now on this one is machine "${machine}", and stores everything anew under keys of its own.`,
    ...others.map(
      (vault) => `In vault "${vault.name}" it is machine "${vault.machine}" now, with the same passphrase.`,
    ),
    `Earlier points stay with "${before}": "tharsis vault connect" with --read "${before}" shows them.`,
    `The passphrase is the same; make a recovery code of its own with "tharsis vault recovery-code ${name}".`,
  ]
}
