/**
 * Gives this home's machine a new keyspace in all of its vaults, under a name that is free there. In this order: new keys into each
 * vault; the cache forgets the old keyspace; the state changes in one transaction. Cut off before that nothing has changed
 * here, and what was put into vaults is an empty machine.
 */
import { AgentError } from '../base/agent-error.ts'
import { randomId } from '../base/random.ts'
import { openBase } from '../cache/base-db.ts'
import { masterKeySizeBytes } from '../codec/key-derivation.ts'
import type { HomeId, ItemId, KeyspaceId } from '../contract/ids.ts'
import type { KnownVault } from '../state/state-db.ts'
import { nameBeside } from '../vault/machine-claims.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { addKeyspace, readVaultFile } from '../vault/vault-keys.ts'
import type { AgentDeps } from './agent-deps.ts'
import { openBaseForWriting } from './open-base.ts'
import { forgetKey, openKnownStore, rememberKey } from './open-vault.ts'

/** A vault of this home's machine as it is from now on, and the code that opens the new keyspace there. */
export type RenewedVault = KnownVault & { readonly recoveryCode: string }

/**
 * `passphrase` opens the new keyspace, `homeId` writes to it; `check` is asked for each vault before anything is written. Only
 * under the home lock. Throws `vault.points-wait`, and the error of a vault that is away: all are needed.
 */
export async function takeNewKeyspace(
  deps: AgentDeps,
  keyspace: KeyspaceId,
  given: { readonly passphrase: string; readonly homeId: HomeId },
  check: (store: ObjectStore, vault: KnownVault) => Promise<void> = async () => undefined,
): Promise<readonly RenewedVault[]> {
  const vaults = deps.state.vaults().filter((vault) => vault.access === 'owner' && vault.keyspace === keyspace)
  const own = { id: randomId<KeyspaceId>(deps.random), masterKey: deps.random.bytes(masterKeySizeBytes) }
  await using stores = new AsyncDisposableStack()
  const opened: { readonly vault: KnownVault; readonly store: ObjectStore }[] = []
  for (const vault of vaults) {
    const store = await openKnownStore(deps, vault)
    stores.defer(async () => await store.close())
    requireNothingWaits(deps, vault)
    await check(store, vault)
    opened.push({ vault, store })
  }
  const renewed: RenewedVault[] = []
  for (const { vault, store } of opened) {
    const machine = await nameBeside(store, { vaultId: vault.id, keyspace, machine: vault.machine }, deps.clock)
    const place = { store, vaultId: vault.id, vaultFile: (await readVaultFile(store)).bytes }
    const owner = { machine, home: given.homeId, keyspace: own }
    const { recoveryCode } = await addKeyspace(place, given.passphrase, owner, deps)
    renewed.push({ ...vault, keyspace: own.id, machine, recoveryCode })
  }
  await rememberKey(deps, own.id, own.masterKey)
  takeState(deps, keyspace, given.homeId, renewed)
  await forgetKey(deps, keyspace)
  return renewed
}

/** Throws `vault.points-wait`: they could not be brought into the vault any more. */
function requireNothingWaits(deps: AgentDeps, vault: KnownVault): void {
  using base = openBase(deps.paths.base, { readOnly: true })
  const points = base.unconfirmedPoints(vault.id).length
  if (points > 0) throw new AgentError('vault.points-wait', { name: vault.name, points })
}

function takeState(deps: AgentDeps, keyspace: KeyspaceId, homeId: HomeId, vaults: readonly KnownVault[]): void {
  const names = new Set(vaults.map(({ name }) => name))
  const items = deps.state.items().filter((item) => item.vaults.some((vault) => names.has(vault)))
  using base = openBaseForWriting(deps)
  base.forgetKeyspace(
    keyspace,
    vaults.map(({ id }) => id),
  )
  for (const { id } of items) base.forgetItem(id)
  const renewed = new Map(items.map(({ id }) => [id, randomId<ItemId>(deps.random)]))
  deps.state.becomeOther({ homeId, vaults, items: renewed })
}
