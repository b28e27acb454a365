/** Where this home may find what a vault has lost: its cache, other vaults of the machine, a replica, the folders themselves. */
import { AgentError } from '../base/agent-error.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import { BlockReader } from '../cache/chunk-reader.ts'
import { decodePointManifest } from '../format/point.ts'
import { vaultFileName } from '../format/vault-layout.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { Vault } from '../vault/vault.ts'
import { type HealSource, ifReadable } from '../verify/heal-source.ts'
import { LiveSource } from '../verify/live-source.ts'
import { vaultSource } from '../verify/vault-source.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownHere, madeVaultFile } from './heal-vault-file.ts'
import { openReplica } from './open-replica.ts'
import { openKnownVault } from './open-vault.ts'
import { manifestsReadBefore } from './vault-memory.ts'

export class HealSources implements AsyncDisposable {
  readonly #opened: Vault[] = []
  readonly all: HealSource[] = []
  /** Places that could not be asked, as sentences. */
  readonly remarks: string[] = []

  /** Opens what can be opened now; dispose it. */
  static async open(
    deps: AgentDeps,
    known: KnownVault,
    vault: Vault,
    cache: { readonly base: BaseDb; readonly chunks: ChunkFolder },
  ): Promise<HealSources> {
    const sources = new HealSources()
    sources.all.push(cacheSource(vault, cache), {
      label: 'what this home has read before',
      manifests: async (name) => await manifestsReadBefore(deps, vault, name),
    })
    try {
      if (deps.state.replica(known.name) !== undefined) {
        await sources.#add('the replica', true, async () => await openReplica(deps, known, vault.keys))
      }
      for (const other of deps.state.vaults()) {
        if (other.keyspace !== known.keyspace || other.name === known.name) continue
        await sources.#add(`vault "${other.name}"`, false, async () => await openKnownVault(deps, other))
      }
    } catch (error) {
      await sources[Symbol.asyncDispose]()
      throw error
    }
    sources.all.push(new LiveSource(vault.keys), vaultFileSource(vault))
    return sources
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { store } of this.#opened.splice(0)) await store.close()
  }

  async #add(label: string, isReplica: boolean, open: () => Promise<Vault>): Promise<void> {
    try {
      const vault = await open()
      this.#opened.push(vault)
      this.all.push(vaultSource(vault, label, isReplica))
    } catch (error) {
      if (!(error instanceof AgentError)) throw error
      this.remarks.push(`Nothing could be healed from ${label}: ${error.message}`)
    }
  }
}

/** vault.json where it opens, but is not what the keyspace has sealed. */
function vaultFileSource(vault: Vault): HealSource {
  return {
    label: knownHere,
    object: async (name) =>
      name === vaultFileName
        ? await ifReadable(async () => await madeVaultFile(vault, await vault.readFacts()))
        : undefined,
  }
}

/** Chunk files in the cache, tree pages of the base, and the points that it keeps. */
function cacheSource(
  vault: Vault,
  { base, chunks }: { readonly base: BaseDb; readonly chunks: ChunkFolder },
): HealSource {
  const reader = new BlockReader(base, [chunks.source()], vault.keys, { budgetBytes: 8 * 1024 * 1024 })
  return {
    label: 'the cache',
    block: async ({ id }) => base.pages.page(id) ?? (await ifReadable(() => reader.read(id))),
    object: async (name) => {
      for (const { manifest, object } of [...base.latestPoints(), ...base.unconfirmedPoints(vault.id)]) {
        const point = await ifReadable(async () => decodePointManifest(manifest, 'captured point'))
        if (point !== undefined && vault.layout.point(point.item, point.sequence, point.id) === name) {
          return Buffer.from(object)
        }
      }
      return undefined
    },
  }
}
