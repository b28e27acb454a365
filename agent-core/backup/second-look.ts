/**
 * The second look of docs/format/write-order.md, step 4: is every block of a provisional point in a chunk file of the
 * vault that is neither condemned nor gone? What is not is sealed again into new chunk files of the cache, with its bytes
 * from the cache, else from the condemned chunk file, else from another vault, else from the source where the block's id
 * proves that it has not changed.
 *
 * A look that found all in order is written down in the base. The item's next point then need be looked at only where it
 * differs, as long as no clean-up has begun or ended since.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import { BlockReader, type ChunkSource } from '../cache/chunk-reader.ts'
import { ChunkWriter, type CompleteChunkFile } from '../cache/chunk-writer.ts'
import { TreeReader } from '../cache/tree-reader.ts'
import { blockId } from '../codec/block-id.ts'
import type { ListRef } from '../format/paged-list.ts'
import type { PointManifest } from '../format/point.ts'
import type { Vault } from '../vault/vault.ts'
import { blocksOfPoint, type NamedBlock } from './point-blocks.ts'

export interface SecondLookDeps {
  readonly vault: Vault
  readonly base: BaseDb
  readonly chunks: ChunkFolder
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Other vaults of the item, and whatever else may hold chunk files of this keyspace. */
  readonly otherSources?: readonly ChunkSource[]
}

export interface SecondLook {
  /** New chunk files in the cache that hold what the vault lacked. */
  readonly stored: readonly CompleteChunkFile[]
  /** Paths on the source of what no place has any more. */
  readonly lost: readonly Buffer[]
}

const nothing: SecondLook = { stored: [], lost: [] }

/** Looks at all blocks of a point that must be looked at. The base knows the vault as `refreshIndex` has just found it. */
export async function lookAgain(manifest: PointManifest, deps: SecondLookDeps): Promise<SecondLook> {
  const { base, vault } = deps
  if (!base.cleanUps.hasAny(vault.id, vault.keys.keyspace)) return nothing
  const state = stateOfCleanUps(deps)
  const last = readLook(base.lastLook(vault.id, manifest.item))
  const look = await new Look(deps).run(manifest, last?.state === state ? last.root : undefined)
  if (look.stored.length > 0 || look.lost.length > 0) return look
  const { root } = manifest
  const kept = root && { ...root, id: toHex(root.id) }
  base.keepLook(vault.id, manifest.item, JSON.stringify({ state, root: kept }))
  return look
}

/** Changes with every clean-up that is announced, taken back or done, and where the vault is found to have lost something. */
function stateOfCleanUps({ base, vault }: SecondLookDeps): string {
  const { keyspace } = vault.keys
  const lastSeen = base.cleanUps.lastSeen(vault.id, keyspace)
  const condemned = [...base.cleanUps.condemned(vault.id, keyspace)].sort()
  return toHex(blockId(vault.keys.id, Buffer.from(`${lastSeen} ${base.trust.count(vault.id)} ${condemned.join(' ')}`)))
}

function readLook(text: string | undefined): { readonly state: string; readonly root?: ListRef } | undefined {
  if (text === undefined) return undefined
  const { state, root } = JSON.parse(text) as { state: string; root?: Omit<ListRef, 'id'> & { id: string } }
  return { state, ...(root && { root: { ...root, id: fromHex(root.id) } }) }
}

class Look {
  readonly #deps: SecondLookDeps
  readonly #reader: BlockReader
  readonly #tree: TreeReader
  /** Chunk files that the vault holds and that are not condemned, by their numbers in the base. */
  readonly #available: ReadonlySet<number>
  readonly #writers: Record<'data' | 'tree', ChunkWriter>
  readonly #stored: CompleteChunkFile[] = []
  /** Ids (hex) of what is in `#stored`, or in a chunk file under way. */
  readonly #storedIds = new Set<string>()
  readonly #lost = new Map<string, Buffer>()

  constructor(deps: SecondLookDeps) {
    const { base, vault, chunks, clock, otherSources = [] } = deps
    this.#deps = deps
    this.#available = base.placedChunks(vault.id)
    this.#reader = new BlockReader(base, [chunks.source(), vault.chunkSource(), ...otherSources], vault.keys)
    this.#tree = new TreeReader((id) => this.#page(id))
    const writer = (kind: 'data' | 'tree') =>
      new ChunkWriter({
        folder: chunks.path,
        kind,
        keys: vault.keys,
        compression: 'lz4',
        clock,
        random: vault.random,
        parentFileId: base.lastFileId(vault.keys.keyspace),
        onComplete: (file) => this.#stored.push(file),
      })
    this.#writers = { data: writer('data'), tree: writer('tree') }
  }

  async run(manifest: PointManifest, before: ListRef | undefined): Promise<SecondLook> {
    try {
      for await (const block of blocksOfPoint(this.#tree, manifest, before)) {
        this.#deps.signal.throwIfAborted()
        if (!this.#isThere(block.id)) await this.#store(block)
      }
      this.#writers.data.finish()
      this.#writers.tree.finish()
    } catch (error) {
      this.#writers.data.abandon()
      this.#writers.tree.abandon()
      throw error
    }
    return { stored: this.#stored, lost: [...this.#lost.values()] }
  }

  #isThere(id: Uint8Array): boolean {
    return this.#deps.base.locate(id).some(({ chunk }) => this.#available.has(chunk)) || this.#storedIds.has(toHex(id))
  }

  async #store(block: NamedBlock): Promise<void> {
    const bytes = await this.#find(block)
    if (bytes === undefined) {
      this.#lost.set(block.path.toString('latin1'), block.path)
      return
    }
    this.#storedIds.add(toHex(block.id))
    this.#writers[block.kind].add(Buffer.from(block.id), bytes)
  }

  async #find(block: NamedBlock): Promise<Uint8Array | undefined> {
    if (block.kind === 'tree') return await this.#page(block.id)
    try {
      return await this.#reader.read(block.id)
    } catch (error) {
      if (!isAgentError(error, 'vault.damaged')) throw error
      return readSource(block, this.#deps.vault.keys.id)
    }
  }

  /** A page that nobody has any more leaves unknown what the point needs: `vault.damaged`. */
  async #page(id: Uint8Array): Promise<Uint8Array> {
    const { base, vault } = this.#deps
    const here = base.pages.page(id)
    return here !== undefined && blockId(vault.keys.id, here).equals(id) ? here : await this.#reader.read(id)
  }
}

/** The bytes of a block from the file that it was read from; undefined when they are not there any more. */
function readSource({ id, path, offset, sizeBytes }: NamedBlock, idKey: Uint8Array): Buffer | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const bytes = Buffer.allocUnsafe(sizeBytes)
    let done = 0
    while (done < sizeBytes) {
      const count = readSync(fd, bytes, done, sizeBytes - done, offset + done)
      if (count === 0) return undefined
      done += count
    }
    return blockId(idKey, bytes).equals(id) ? bytes : undefined
  } catch (error) {
    if (error instanceof AgentError || !(error instanceof Error && 'syscall' in error)) throw error
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
