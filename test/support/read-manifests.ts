/** Manifests for a clean-up that has read none before. */
import { KeyspaceManifests, ManifestMemory } from '../../agent-core/vault/manifest-memory.ts'
import type { Vault } from '../../agent-core/vault/vault.ts'

/** Reads each from the vault and keeps none. */
export function manifestsOf(vault: Vault): KeyspaceManifests {
  const nothingKept = { get: () => undefined, named: () => new Map(), keep: async () => {} }
  return new KeyspaceManifests(async () => new ManifestMemory(vault, nothingKept))
}
