/** Whether two places are a vault and its replica, or may become that. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { Task } from '../base/task.ts'
import { sha256 } from '../codec/block-id.ts'
import type { VaultId } from '../contract/ids.ts'
import { ensure } from '../format/invalid.ts'
import { keyspaceOfName, probePrefix, vaultFileName } from '../format/vault-layout.ts'
import { refusalIn } from '../vault/let-go.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import type { Vault } from '../vault/vault.ts'
import { listKeyspaces, readVaultFile } from '../vault/vault-keys.ts'

export interface ReplicaPlaceDeps {
  readonly vault: ObjectStore
  readonly vaultId: VaultId
  readonly replica: ObjectStore
  /** True when the replica was complete before: then a place without vault.json is not the replica. */
  readonly wasComplete: boolean
  readonly task: Task
}

/**
 * Answers vault.json as the vault holds it. Throws `vault.replaced` for another vault in the vault's place,
 * `replica.other` when the replica's place holds something else, `vault.unreachable` when a replica was there and is not.
 */
export async function checkReplicaPlace(deps: ReplicaPlaceDeps): Promise<Buffer> {
  const { vault, vaultId, replica, wasComplete, task } = deps
  const { file, bytes } = await readVaultFile(vault)
  if (file.vaultId !== vaultId) throw new AgentError('vault.replaced', { address: vault.address })
  const there = await readVaultFile(replica).catch((error: unknown) => {
    const isAbsent = isAgentError(error, 'vault.unreachable') || isAgentError(error, 'vault.file-missing')
    if (wasComplete || !isAbsent) throw error
    return undefined
  })
  if (there !== undefined && !there.bytes.equals(bytes)) {
    throw new AgentError('replica.other', { address: replica.address })
  }
  if (there === undefined) await requireOwnBeginning(vault, replica, task)
  return bytes
}

/** Throws `replica.same` when what is put into one of two places is seen in the other: aliases, mounts, one bucket. */
export async function requireApart(vault: ObjectStore, replica: ObjectStore, random: Random): Promise<void> {
  const name = `${probePrefix}apart-${toHex(random.bytes(8))}`
  await replica.put(name, random.bytes(16))
  let isSeen: boolean
  try {
    isSeen = (await vault.stat(name)) !== undefined
  } finally {
    await replica.delete(name).catch((error: unknown) => {
      // It stays, as what other probes put there.
      if (refusalIn(error) === undefined) throw error
    })
  }
  if (isSeen) throw new AgentError('replica.same', { address: replica.address })
}

/** Throws `format.invalid` unless vault.json is the one that the keyspace was made for. */
export async function requireItsVaultFile(machine: Vault, vaultFile: Buffer): Promise<void> {
  const { vaultSha256 } = await machine.readFacts()
  ensure(sha256(vaultFile).equals(vaultSha256), vaultFileName, 0, 'it is not the file the keyspace was made for')
}

/** A replica that was begun and never completed holds nothing but keyspaces of its vault. */
async function requireOwnBeginning(vault: ObjectStore, replica: ObjectStore, { signal }: Task): Promise<void> {
  const keyspaces = new Set(await listKeyspaces(vault))
  for await (const { name } of replica.list('', { signal })) {
    const keyspace = keyspaceOfName(name)
    if (keyspace === undefined || !keyspaces.has(keyspace)) {
      throw new AgentError('replica.other', { address: replica.address })
    }
  }
}
