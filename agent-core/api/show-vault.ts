/** What this home knows of its vaults, and what their places tell. */
import { isVaultTrouble } from '../backup/vault-trouble.ts'
import { AgentError } from '../base/agent-error.ts'
import { openBase } from '../cache/base-db.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import type { KnownVault } from '../state/state-db.ts'
import { readFreeSpace } from '../vault/directory-probe.ts'
import type { Vault } from '../vault/vault.ts'
import type { VaultDetails, VaultDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { FoundDamage } from './found-damage.ts'
import { lockOf } from './keep-locks.ts'
import { knownVault, openKnownStore, openKnownVault } from './open-vault.ts'
import { proofsOf, unverifiedDocument } from './proof-files.ts'
import { describeReplica, replicaAsKnown } from './replica-verbs.ts'

export async function listKnownVaults(deps: AgentDeps): Promise<readonly VaultDocument[]> {
  const { place } = await deps.secrets()
  return await Promise.all(
    deps.state.vaults().map(async (known) => {
      try {
        const store = await openKnownStore(deps, known)
        await store.close()
        return { ...knownVaultDocument(known, place), state: 'reachable' as const }
      } catch (error) {
        if (!(error instanceof AgentError)) throw error
        return { ...knownVaultDocument(known, place), state: 'unreachable' as const, reason: error.message }
      }
    }),
  )
}

/** What the vault holds; while its place is not reachable, what this home knows of it. Throws `vault.not-found`, `vault.locked`. */
export async function showKnownVault(deps: AgentDeps, name: string): Promise<VaultDetails> {
  const known = knownVault(deps, name)
  const { place } = await deps.secrets()
  using base = openBase(deps.paths.base, { readOnly: true })
  const items = deps.state.items().filter((item) => item.vaults.includes(known.name))
  const lock = lockOf(deps, known)
  const [damage] = new FoundDamage(deps.state.jobs).of([known.name])
  const knownHere = {
    ...knownVaultDocument(known, place),
    waitingPoints: known.access === 'owner' ? base.unconfirmedPoints(known.id).length : 0,
    items: items.map((item) => item.name),
    ...(lock && { lock }),
    ...(damage && { damage }),
  }
  let vault: Vault
  try {
    vault = await openKnownVault(deps, known)
  } catch (error) {
    if (!isVaultTrouble(error)) throw error
    const replica = replicaAsKnown(deps, known)
    const unknown = { points: null, objects: null, storedBytes: null, oldestUnverified: null }
    return { ...knownHere, ...unknown, state: 'unreachable', reason: error.message, ...(replica && { replica }) }
  }
  try {
    return { ...knownHere, state: 'reachable', ...(await contentOf(deps, known, vault)) }
  } finally {
    await vault.store.close()
  }
}

/** What the vault's place tells. One LIST of the vault, and one of its points. */
async function contentOf(deps: AgentDeps, known: KnownVault, vault: Vault) {
  let objects = 0
  let storedBytes = 0
  const chunkFiles: { readonly name: ChunkFileName; readonly storedAtMs: number }[] = []
  for await (const { name: object, sizeBytes, modifiedAtMs } of vault.store.list('')) {
    objects++
    storedBytes += sizeBytes
    const chunk = object.startsWith(vault.layout.root) ? parseChunkName(object) : undefined
    if (chunk !== undefined) chunkFiles.push({ name: chunk, storedAtMs: modifiedAtMs })
  }
  const points = (await vault.listPoints()).filter((point) => point.confirmationName !== undefined)
  const free = known.kind === 'local' ? { freeBytes: (await readFreeSpace(known.address)).freeBytes } : {}
  const replica = await describeReplica(deps, known, vault.store)
  return {
    points: points.length,
    oldestUnverified: unverifiedDocument(deps, proofsOf(deps, known), chunkFiles),
    objects,
    storedBytes,
    ...free,
    ...(replica && { replica }),
  }
}

/** What stands here of a vault, whether or not its place answers. */
export function knownVaultDocument(known: KnownVault, secretPlace: string): Omit<VaultDocument, 'state'> {
  const { name, id, kind, address, machine, access } = known
  return { name, id, kind, address, machine, access, secretPlace }
}
