/** The marks and manifests of vaults that this home has read before. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../base/bytes.ts'
import { sha256 } from '../codec/block-id.ts'
import type { ItemId } from '../contract/ids.ts'
import { parsePointName } from '../format/vault-layout.ts'
import { ManifestMemory } from '../vault/manifest-memory.ts'
import { type ObjectMemory, openObjectMemory } from '../vault/object-memory.ts'
import type { Vault } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'

type Place = Pick<Vault, 'id'> & { readonly keyspace: string }

/** Opens what is kept of the marks of a vault's keyspace. */
export async function openMarkMemory(deps: AgentDeps, vault: Vault): Promise<ObjectMemory> {
  return await openObjectMemory(markFileOf(deps, { id: vault.id, keyspace: vault.keys.keyspace }), deps.log)
}

/** Opens what is kept of the manifests of an item's points there; a replica has its own. */
export async function openManifestMemory(deps: AgentDeps, vault: Vault, item: ItemId): Promise<ManifestMemory> {
  const folder = manifestFolderOf(deps, { id: vault.id, keyspace: vault.keys.keyspace })
  const place = toHex(sha256(Buffer.from(vault.store.address))).slice(0, 8)
  return new ManifestMemory(vault, await openObjectMemory(join(folder, `${item}-${place}`), deps.log))
}

/** What this home has read before under the name of a point's manifest, there or in a replica. */
export async function manifestsReadBefore(deps: AgentDeps, vault: Vault, name: string): Promise<readonly Buffer[]> {
  const item = parsePointName(name)?.item
  const folder = manifestFolderOf(deps, { id: vault.id, keyspace: vault.keys.keyspace })
  if (item === undefined || !existsSync(folder)) return []
  const files = readdirSync(folder).filter((file) => file.startsWith(`${item}-`))
  const memories = await Promise.all(files.map(async (file) => await openObjectMemory(join(folder, file), deps.log)))
  return memories.flatMap((memory) => [...memory.named(name).values()])
}

/** Forgets everything that was read there. */
export function forgetVaultMemory(deps: AgentDeps, vault: Place): void {
  rmSync(markFileOf(deps, vault), { force: true })
  rmSync(manifestFolderOf(deps, vault), { recursive: true, force: true })
}

/** True when this home has ever met a mark there. */
export function hasMetMarks(deps: AgentDeps, vault: Place): boolean {
  return existsSync(markFileOf(deps, vault))
}

function manifestFolderOf(deps: AgentDeps, { id, keyspace }: Place): string {
  return join(deps.paths.manifests, `${id}-${keyspace}`)
}

function markFileOf(deps: AgentDeps, { id, keyspace }: Place): string {
  return join(deps.paths.marks, `${id}-${keyspace}`)
}
