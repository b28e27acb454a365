/**
 * A vault that lacks the last point of an item, because it was added to the item or put back from an older copy, gets
 * that point: the chunk files that the point needs wait for it, and the point does. Earlier points stay where they are.
 */
import { isAgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { TreeReader } from '../cache/tree-reader.ts'
import type { KeyspaceId, VaultId } from '../contract/ids.ts'
import type { ListRef } from '../format/paged-list.ts'
import type { PointManifest } from '../format/point.ts'
import { writeTombstones } from '../vault/tombstone-ledger.ts'
import type { Vault } from '../vault/vault.ts'

export interface SeedDeps {
  readonly base: BaseDb
  /** Reads the tree of the point. */
  readonly tree: TreeReader
  readonly keyspace: KeyspaceId
  readonly signal: AbortSignal
}

/**
 * Lets the point, the latest of its item, wait for `vault`; answers false when the base does not know where all of it is:
 * the vault is then distrusted, so that the next capture reads everything.
 */
export async function seedVault(vault: VaultId, manifest: PointManifest, deps: SeedDeps): Promise<boolean> {
  const { base } = deps
  const needs = new ChunkNeeds(vault, deps)
  if (!(await needs.addPoint(manifest))) {
    base.trust.distrust(vault)
    return false
  }
  base.awaitPoint(vault, manifest.id, needs.chunks)
  return true
}

/**
 * Tells a vault that has no point of the item yet why the one before its first is missing there; without a word it would be
 * told as lost. Throws the store's errors.
 */
export async function excuseParent(
  vault: Vault,
  { item, sequence, parent }: PointManifest,
  { clock, machine }: { readonly clock: Clock; readonly machine: string },
): Promise<void> {
  if (parent === undefined) return
  const reason = 'made before this vault was added to the item'
  const removedAtMs = clock.nowMs()
  const tombstone = {
    point: parent.id,
    item,
    sequence: sequence - 1,
    sha256: parent.sha256,
    removedAtMs,
    who: machine,
    reason,
  }
  await writeTombstones(vault, [tombstone])
}

/** Chunk files that must come into a vault, so that it holds all blocks that are added. */
class ChunkNeeds {
  readonly chunks = new Set<number>()
  /** A block is nowhere. */
  #isIncomplete = false
  readonly #deps: SeedDeps
  readonly #held: ReadonlySet<number>

  constructor(vault: VaultId, deps: SeedDeps) {
    this.#deps = deps
    this.#held = new Set([...deps.base.placedChunks(vault), ...deps.base.waitingChunks(vault)])
  }

  /** False where a block of it is nowhere, or its tree cannot be read any more. */
  async addPoint({ chunkFiles, warnings, missing, root }: PointManifest): Promise<boolean> {
    try {
      for (const list of [chunkFiles, warnings, missing]) await this.#addList(list)
      await this.#addDirectory(root)
    } catch (error) {
      if (!isAgentError(error, 'vault.damaged')) throw error
      return false
    }
    return !this.#isIncomplete
  }

  async #addList(list: ListRef | undefined): Promise<void> {
    if (list === undefined) return
    for await (const id of this.#deps.tree.pageIds(list)) this.#add(id)
  }

  async #addDirectory(root: ListRef | undefined): Promise<void> {
    const { tree, signal } = this.#deps
    const open = root === undefined ? [] : [root]
    for (let list = open.pop(); list !== undefined; list = open.pop()) {
      signal.throwIfAborted()
      await this.#addList(list)
      for await (const { entry } of tree.entries(list)) {
        if (entry.directory?.list !== undefined) open.push(entry.directory.list)
        if (entry.content === undefined) continue
        if ('id' in entry.content.parts) await this.#addList(entry.content.parts)
        for await (const { id } of tree.parts(entry.content)) if (id !== null) this.#add(id)
      }
    }
  }

  #add(id: Uint8Array): void {
    const { base, keyspace } = this.#deps
    const places = base.locate(id).filter(({ chunk }) => base.chunkFile(chunk).keyspace === keyspace)
    if (places.some(({ chunk }) => this.#held.has(chunk) || this.chunks.has(chunk))) return
    const [place] = places
    if (place === undefined) this.#isIncomplete = true
    else this.chunks.add(place.chunk)
  }
}
