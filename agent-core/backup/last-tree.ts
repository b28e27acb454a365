/** The tree of the last point, which a capture is compared with: from the base, else from cache and vaults. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { BlockReader } from '../cache/chunk-reader.ts'
import type { PageStore } from '../cache/page-store.ts'
import { TreeReader } from '../cache/tree-reader.ts'
import { gatherIndex, type VaultIndex } from '../cache/vault-index.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { readIndex } from '../vault/read-index.ts'
import type { Vault } from '../vault/vault.ts'
import type { BackupDeps } from './backup-request.ts'

/**
 * No vault has a whole copy of a page of the last point any more. The base has learned it: the same work, begun anew, takes
 * nothing over from that point.
 */
export class LastTreeLost extends AgentError<'vault.damaged'> {}

/**
 * Reads the last point's tree. A page that the base does not lead to is looked for by the vaults' own indexes, since a base may
 * have rotted where SQLite does not see it: one that has throws `cache.damaged`, so that it is built anew; while it alone knows
 * of a point that waits for a vault, only its index of blocks is. Throws LastTreeLost.
 */
export function lastTree(deps: BackupDeps, pages: PageStore): TreeReader {
  const reader = new LastTreePages(deps)
  return new TreeReader((id) => pages.read(id, (page) => reader.read(page)))
}

class LastTreePages {
  readonly #deps: BackupDeps
  readonly #open: readonly Vault[]
  readonly #reader: BlockReader
  readonly #ownIndexes = new Map<Vault, OwnIndex>()
  #isRebuilt = false

  constructor(deps: BackupDeps) {
    const { base, chunks, keys, vaults } = deps
    this.#deps = deps
    this.#open = vaults.flatMap(({ vault }) => ('store' in vault ? [vault] : []))
    const away = vaults.flatMap(({ vault }) => ('store' in vault ? [] : [vault]))[0]
    const sources = [chunks.source(), ...this.#open.map((vault) => vault.chunkSource())]
    this.#reader = new BlockReader(base, sources, keys, away === undefined ? {} : { unavailable: away })
  }

  async read(id: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#reader.read(id)
    } catch (error) {
      if (!isAgentError(error, 'vault.damaged')) throw error
      return (await this.#readByOwnIndex(id)) ?? (await this.#lost(id, error))
    }
  }

  /** What a vault's own index leads to; undefined when that is no whole copy either. */
  async #readByOwnIndex(id: Uint8Array): Promise<Uint8Array | undefined> {
    const { base, log } = this.#deps
    for (const vault of this.#open) {
      try {
        const { reader } = await this.#ownIndex(vault)
        const page = await reader.read(id)
        const reason = `it does not lead to a page of the last point that the vault ${vault.store.address} holds`
        if (!base.hasUnconfirmed) throw base.damaged(reason)
        log.warn('the base has rotted, and knows of a point that waits: its index is built anew', { reason })
        if (!this.#isRebuilt) base.rebuildBlockIndex()
        this.#isRebuilt = true
        return page
      } catch (error) {
        if (!isAgentError(error, 'vault.damaged')) throw error
      }
    }
    return undefined
  }

  async #ownIndex(vault: Vault): Promise<OwnIndex> {
    const known = this.#ownIndexes.get(vault)
    if (known !== undefined) return known
    // What a damaged segment lists may stand in others, too.
    const index = await gatherIndex(
      vault.keys.keyspace,
      readIndex(vault, -1, () => undefined),
    )
    const own = { index, reader: new BlockReader(index, [vault.chunkSource()], this.#deps.keys) }
    this.#ownIndexes.set(vault, own)
    return own
  }

  async #lost(id: Uint8Array, error: AgentError<'vault.damaged'>): Promise<never> {
    const { base, log } = this.#deps
    log.warn('a page of the last point is lost', { reason: error.message })
    const useless = base.locate(id).map(({ chunk }) => chunk)
    for (const vault of this.#open) {
      const placed = base.placedChunks(vault.id)
      const { index } = await this.#ownIndex(vault)
      const isSpoilt = await isAnyThere(vault, [
        ...useless.map((chunk) => base.chunkFile(chunk).name),
        ...index.copies(id).map((copy) => index.fileOf(copy).name),
      ])
      base.unplace(
        vault.id,
        useless.filter((chunk) => placed.has(chunk)),
      )
      base.trust.distrust(vault.id, { isSpoilt })
    }
    throw new LastTreeLost('vault.damaged', error.data, error)
  }
}

/** The index of a vault as it stands there, and what reads blocks by it. */
interface OwnIndex {
  readonly index: VaultIndex
  readonly reader: BlockReader
}

/** True when a chunk file that should bring a page is there: what it holds is something else. */
async function isAnyThere(vault: Vault, names: readonly ChunkFileName[]): Promise<boolean> {
  for (const name of names) if ((await vault.store.stat(vault.layout.chunk(name))) !== undefined) return true
  return false
}
