/**
 * Names of machines are unique in a vault, though each is sealed with its own keys: docs/format/vault-layout.md, *Claim of a
 * name*. A claim stands under a hash of the name, so it tells nobody who does not know the name already.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { sha256 } from '../codec/block-id.ts'
import type { KeyspaceId, VaultId } from '../contract/ids.ts'
import { ensure } from '../format/invalid.ts'
import { keyspaceLayout, machineClaimName, machineClaimsPrefix } from '../format/vault-layout.ts'
import type { ObjectStore } from './object-store.ts'
import { readObject } from './read-object.ts'

/** A claim whose keyspace is not there yet belongs to a machine that is just coming; after so long it is left over. */
const abandonedMs = 10 * 60_000

export interface MachineName {
  readonly vaultId: VaultId
  readonly keyspace: KeyspaceId
  readonly machine: string
}

/** Claims a name for a keyspace; done again it is done already. Throws `vault.machine-taken`, and what the store throws. */
export async function claimMachineName(store: ObjectStore, named: MachineName, clock: Clock): Promise<void> {
  const { vaultId, keyspace, machine } = named
  const name = machineClaim(vaultId, machine)
  const body = Buffer.from(fromHex(keyspace))
  for (let mayBeVoid = true; ; mayBeVoid = false) {
    try {
      await store.put(name, body)
      return
    } catch (error) {
      if (!isAgentError(error, 'store.conflict')) throw error
      // Deleted at most once: who is faster has the name.
      if (mayBeVoid && (await isLeftOver(store, name, clock))) {
        await store.delete(name)
        continue
      }
      const free = await freeMachineName(store, vaultId, machine)
      throw new AgentError('vault.machine-taken', { address: store.address, machine, free }, error)
    }
  }
}

/** Gives back the names that a keyspace has. Throws what the store throws. */
export async function releaseMachineNames(store: ObjectStore, keyspace: KeyspaceId): Promise<void> {
  const claims: string[] = []
  for await (const { name } of store.list(machineClaimsPrefix)) claims.push(name)
  for (const name of claims) if (toHex(await readObject(store, name)) === keyspace) await store.delete(name)
}

/** A free name for one more machine beside `named`, whose own name is claimed first: its vault may be older than claims. */
export async function nameBeside(store: ObjectStore, named: MachineName, clock: Clock): Promise<string> {
  try {
    await claimMachineName(store, named, clock)
  } catch (error) {
    if (!isAgentError(error, 'vault.machine-taken')) throw error
  }
  return await freeMachineName(store, named.vaultId, named.machine)
}

/** `wanted`, or the first of `wanted 2`, `wanted 3` … that nobody has claimed. */
async function freeMachineName(store: ObjectStore, vaultId: VaultId, wanted: string): Promise<string> {
  for (let count = 1; ; count++) {
    const machine = count === 1 ? wanted : `${wanted} ${count}`
    if ((await store.stat(machineClaim(vaultId, machine))) === undefined) return machine
  }
}

/** The object that claims a name. Case and composition of letters make no other name. */
export function machineClaim(vaultId: VaultId, machine: string): string {
  const folded = machine.normalize('NFC').toLowerCase()
  const text = Buffer.concat([Buffer.from('tharsis/v1/machine'), fromHex(vaultId), Buffer.from(folded, 'utf8')])
  return machineClaimName(toHex(sha256(text)))
}

/** True for the claim of a machine that was never made to its end, or is gone. */
async function isLeftOver(store: ObjectStore, name: string, clock: Clock): Promise<boolean> {
  const stored = await store.stat(name)
  if (stored === undefined || stored.modifiedAtMs > clock.nowMs() - abandonedMs) return false
  const body = await readObject(store, name)
  ensure(body.length === 16, name, 0, 'it is no claim')
  const keyspace = toHex(body) as KeyspaceId
  return (await store.stat(keyspaceLayout(keyspace).facts)) === undefined
}
