/**
 * Gives this home's machine a new keyspace in all vaults of one or several old ones, under a name that is free there. In this order: new keys into each
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
import { lockVaultFile, noteFreshLocks } from './keep-locks.ts'
import { openBaseForWriting } from './open-base.ts'
import { forgetKey, openKnownStore, rememberKey } from './open-vault.ts'

/** A vault of this home's machine as it is from now on, and the code that opens the new keyspace there. */
export type RenewedVault = KnownVault & { readonly recoveryCode: string }

/** A vault of this home's machine as it was, with its store. */
export interface VaultBefore {
  readonly vault: KnownVault
  readonly store: ObjectStore
}

/**
 * `passphrase` opens the new keyspace, `homeId` writes to it; `check` sees all vaults of the old keyspaces before anything is
 * written. Only under the home lock. Throws `vault.points-wait`, and the error of a vault that is away: all are needed.
 */
export async function takeNewKeyspace(
  deps: AgentDeps,
  keyspaces: ReadonlySet<KeyspaceId>,
  given: { readonly passphrase: string; readonly homeId: HomeId },
  check: (vaults: readonly VaultBefore[]) => Promise<void>,
): Promise<readonly RenewedVault[]> {
  const vaults = deps.state.vaults().filter((vault) => vault.access === 'owner' && keyspaces.has(vault.keyspace))
  const own = { id: randomId<KeyspaceId>(deps.random), masterKey: deps.random.bytes(masterKeySizeBytes) }
  await using stores = new AsyncDisposableStack()
  const opened: VaultBefore[] = []
  for (const vault of vaults) {
    const store = await openKnownStore(deps, vault)
    stores.defer(async () => await store.close())
    requireNothingWaits(deps, vault)
    opened.push({ vault, store })
  }
  await check(opened)
  const renewed: RenewedVault[] = []
  const begunMs = deps.clock.nowMs()
  for (const { vault, store } of opened) {
    const { id: vaultId, keyspace, machine: before } = vault
    const machine = await nameBeside(store, { vaultId, keyspace, machine: before }, deps.clock)
    const place = { store, vaultId, vaultFile: (await readVaultFile(store)).bytes }
    const owner = { machine, home: given.homeId, keyspace: own }
    await lockVaultFile(store, begunMs)
    const { recoveryCode } = await addKeyspace(place, given.passphrase, owner, deps)
    renewed.push({ ...vault, keyspace: own.id, machine, recoveryCode })
  }
  await rememberKey(deps, own.id, own.masterKey)
  takeState(deps, vaults, given.homeId, renewed)
  for (const { vault, store } of opened) noteFreshLocks(deps, { ...vault, keyspace: own.id }, store, begunMs)
  for (const keyspace of keyspaces) await forgetKey(deps, keyspace)
  return renewed
}

/** Throws `vault.points-wait`: they could not be brought into the vault any more. */
function requireNothingWaits(deps: AgentDeps, vault: KnownVault): void {
  using base = openBase(deps.paths.base, { readOnly: true })
  const points = base.unconfirmedPoints(vault.id).length
  if (points > 0) throw new AgentError('vault.points-wait', { name: vault.name, points })
}

function takeState(
  deps: AgentDeps,
  before: readonly KnownVault[],
  homeId: HomeId,
  vaults: readonly KnownVault[],
): void {
  const names = new Set(vaults.map(({ name }) => name))
  const items = deps.state.items().filter((item) => item.vaults.some((vault) => names.has(vault)))
  using base = openBaseForWriting(deps)
  for (const [keyspace, of] of Map.groupBy(before, (vault) => vault.keyspace)) {
    base.forgetKeyspace(
      keyspace,
      of.map(({ id }) => id),
    )
  }
  for (const { id } of items) base.forgetItem(id)
  const renewed = new Map(items.map(({ id }) => [id, randomId<ItemId>(deps.random)]))
  deps.state.becomeOther({ homeId, vaults, items: renewed })
}
