/** Reads single blocks by their id out of chunk files that any of several sources holds. */
import type { KeyObject } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import { blockId } from '../codec/block-id.ts'
import { chunkFileKey, type KeyspaceKeys } from '../codec/key-derivation.ts'
import { openExtent } from '../codec/seal-extent.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { extentHeaderSizeBytes } from '../format/chunk-file.ts'
import { ensure } from '../format/invalid.ts'
import type { BlockLocation, KnownChunkFile } from './base-rows.ts'
import { type OwnTable, placeIn, readOwnTable } from './own-table.ts'

/** Somewhere chunk files can be read from: the cache folder, a vault. */
export interface ChunkSource {
  /** For messages: where the bytes came from. */
  readonly label: string
  /** Exactly `sizeBytes` from `offset`; undefined when this source does not hold the file. */
  read(name: ChunkFileName, offset: number, sizeBytes: number): Promise<Buffer | undefined>
  /** Where this process can read the file by itself, if the source holds it; absent for a source that is no folder. */
  readonly localPath?: (name: ChunkFileName) => string
}

/** Where blocks are: the base, or an index read from a vault. */
export interface BlockIndex {
  locate(id: Uint8Array): readonly BlockLocation[]
  chunkFile(number: number): KnownChunkFile
}

/** Chunk files in a local folder, named `<sha-256>.tcf`. */
export function folderSource(folder: string): ChunkSource {
  return {
    label: 'cache',
    localPath: (name) => join(folder, `${name}.tcf`),
    async read(name, offset, sizeBytes) {
      const path = join(folder, `${name}.tcf`)
      let file: Awaited<ReturnType<typeof open>>
      try {
        file = await open(path, 'r')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw new AgentError('cache.failed', { path, reason: (error as Error).message }, error)
      }
      try {
        const bytes = Buffer.allocUnsafe(sizeBytes)
        const { bytesRead } = await file.read(bytes, 0, sizeBytes, offset)
        ensure(bytesRead === sizeBytes, `${name}.tcf`, offset + bytesRead, 'the chunk file is cut off')
        return bytes
      } finally {
        await file.close()
      }
    },
  }
}

/** Opened extents kept for the next blocks, unless a caller says otherwise. */
const openedExtentsBudgetBytes = 48 * 1024 * 1024

/**
 * Reads blocks by id. Each extent is fetched and opened once while it stays among the recently used;
 * a copy that is damaged or missing in one source is looked for in the next, and in other chunk files. Where a chunk file is not
 * as the index has it, it is asked itself: its id proves a block.
 */
export class BlockReader {
  readonly #index: BlockIndex
  readonly #sources: readonly ChunkSource[]
  readonly #keys: KeyspaceKeys
  readonly #unavailable: AgentError | undefined
  readonly #budgetBytes: number
  readonly #opened = new Map<string, readonly Uint8Array[]>()
  /** Extents that are being fetched, by source: whoever asks meanwhile waits for the same. */
  readonly #opening = new Map<string, Promise<readonly Uint8Array[] | undefined>>()
  readonly #fileKeys = new Map<number, KeyObject>()
  /** By file and source; undefined: it does not help. */
  readonly #ownTables = new Map<string, OwnTable | undefined>()
  #openedBytes = 0
  #bytesFetched = 0

  /** `unavailable`: why a source that may hold more is not among `sources`. `budgetBytes`: of opened extents that are kept. */
  constructor(
    index: BlockIndex,
    sources: readonly ChunkSource[],
    keys: KeyspaceKeys,
    options: { readonly unavailable?: AgentError; readonly budgetBytes?: number } = {},
  ) {
    this.#index = index
    this.#sources = sources
    this.#keys = keys
    this.#unavailable = options.unavailable
    this.#budgetBytes = options.budgetBytes ?? openedExtentsBudgetBytes
  }

  /** Stored bytes fetched so far. */
  get bytesFetched(): number {
    return this.#bytesFetched
  }

  /**
   * The plain bytes of a block; they belong to this reader and must not be changed. Throws
   * `vault.damaged` when no whole copy is left, or the error of a source that does not answer or is among
   * the sources no more: nothing shows then that its copy is damaged.
   */
  async read(id: Uint8Array): Promise<Uint8Array> {
    let failure: unknown
    let silent: AgentError | undefined
    for (const location of this.#index.locate(id)) {
      const file = this.#index.chunkFile(location.chunk)
      if (file.keyspace !== this.#keys.keyspace) continue
      for (const source of this.#sources) {
        try {
          const blocks = await this.#openExtent(file, location.extent, source)
          if (blocks === undefined) continue
          const block = blocks[location.ordinal]
          ensure(
            block?.length === location.sizeBytes && blockId(this.#keys.id, block).equals(id),
            chunkObject(file),
            file.extents[location.extent]?.offset ?? 0,
            'a block is not the one the index names',
          )
          return block
        } catch (error) {
          if (isDamage(error)) failure ??= error
          else if (error instanceof AgentError) silent ??= error
          else throw error
        }
        const block = await this.#readByOwnTable(file, id, source)
        if (block !== undefined) return block
      }
      failure ??= new AgentError('vault.damaged', {
        object: chunkObject(file),
        offset: 0,
        reason: 'the chunk file is missing',
      })
    }
    throw silent ?? this.#unavailable ?? asDamage(failure, id)
  }

  async #openExtent(
    file: KnownChunkFile,
    extent: number,
    source: ChunkSource,
  ): Promise<readonly Uint8Array[] | undefined> {
    const slot = `${file.number}/${extent}`
    const opened = this.#opened.get(slot)
    if (opened !== undefined) {
      this.#opened.delete(slot)
      this.#opened.set(slot, opened)
      return opened
    }
    const key = `${slot}/${this.#sources.indexOf(source)}`
    const opening = this.#opening.get(key)
    if (opening !== undefined) return await opening
    const fetching = this.#fetchExtent(file, extent, source).finally(() => this.#opening.delete(key))
    this.#opening.set(key, fetching)
    return await fetching
  }

  async #fetchExtent(
    file: KnownChunkFile,
    extent: number,
    source: ChunkSource,
  ): Promise<readonly Uint8Array[] | undefined> {
    const place = file.extents[extent]
    ensure(place !== undefined, chunkObject(file), 0, `it has no extent ${extent}`)
    const sizeBytes = extentHeaderSizeBytes + place.storedSizeBytes
    const bytes = await source.read(file.name, place.offset, sizeBytes)
    if (bytes === undefined) return undefined
    this.#bytesFetched += sizeBytes
    const { blocks } = openExtent(this.#keyOf(file), extent, bytes, chunkObject(file), place.offset)
    this.#remember(`${file.number}/${extent}`, blocks, place.rawSizeBytes)
    return blocks
  }

  /** The block where the file itself says that it is; undefined when that does not bring it either. */
  async #readByOwnTable(file: KnownChunkFile, id: Uint8Array, source: ChunkSource): Promise<Uint8Array | undefined> {
    const slot = `${file.number}/${this.#sources.indexOf(source)}`
    const read = async (offset: number, sizeBytes: number) => await source.read(file.name, offset, sizeBytes)
    try {
      const known = this.#ownTables.get(slot)
      const own = known ?? (this.#ownTables.has(slot) ? undefined : await readOwnTable(read, file, this.#keys))
      this.#ownTables.set(slot, own)
      const at = own && placeIn(own.table, id)
      const place = at && own?.table.extents[at.extent]
      if (own === undefined || at === undefined || place === undefined) return undefined
      const bytes = await read(place.offset, extentHeaderSizeBytes + place.storedSizeBytes)
      if (bytes === undefined) return undefined
      this.#bytesFetched += bytes.length
      const { blocks } = openExtent(own.key, at.extent, bytes, chunkObject(file), place.offset)
      const block = blocks[at.ordinal]
      return block && blockId(this.#keys.id, block).equals(id) ? block : undefined
    } catch (error) {
      // The trouble that the index led to is told.
      if (!(error instanceof AgentError)) throw error
      this.#ownTables.set(slot, undefined)
      return undefined
    }
  }

  #keyOf(file: KnownChunkFile): KeyObject {
    let key = this.#fileKeys.get(file.number)
    if (key === undefined) {
      key = chunkFileKey(this.#keys, file.epoch, file.salt)
      this.#fileKeys.set(file.number, key)
    }
    return key
  }

  #remember(slot: string, blocks: readonly Uint8Array[], rawSizeBytes: number): void {
    // Two sources may have been asked at once.
    if (!this.#opened.has(slot)) this.#openedBytes += rawSizeBytes
    this.#opened.set(slot, blocks)
    for (const [oldest, old] of this.#opened) {
      if (this.#openedBytes <= this.#budgetBytes || oldest === slot) break
      this.#opened.delete(oldest)
      this.#openedBytes -= old.reduce((sum, block) => sum + block.length, 0)
    }
  }
}

/** Object name of a chunk file inside its keyspace, for messages. */
function chunkObject(file: { readonly name: ChunkFileName }): string {
  return `chunks/${file.name.slice(0, 2)}/${file.name}.tcf`
}

/** Damage of one copy; another may be whole. Everything else (vault gone, disk failing) is no damage. */
function isDamage(error: unknown): boolean {
  return (
    isAgentError(error, 'format.invalid') ||
    isAgentError(error, 'store.not-found') ||
    isAgentError(error, 'format.too-new')
  )
}

function asDamage(failure: unknown, id: Uint8Array): unknown {
  if (isAgentError(failure, 'format.invalid')) {
    const { what, offset, reason } = failure.data
    return new AgentError('vault.damaged', { object: what, offset, reason }, failure)
  }
  if (failure !== undefined) return failure
  return new AgentError('vault.damaged', {
    object: `block ${toHex(id).slice(0, 16)}…`,
    offset: 0,
    reason: 'no index segment says where it is',
  })
}
