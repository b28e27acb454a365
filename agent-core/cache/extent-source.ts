/** What a thread must know to read blocks by itself, out of chunk files in local folders. */
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { ExtentPlace } from '../format/block-table.ts'
import { BlockFinder, type BlockPlace, type BlockTables } from './block-finder.ts'
import type { ChunkSource } from './chunk-reader.ts'

/** A chunk file that may stand in these places. Plain data. */
export interface ReadableChunkFile {
  readonly number: number
  /** Object name, for messages. */
  readonly object: string
  readonly paths: readonly string[]
  readonly epoch: number
  readonly salt: Uint8Array
  readonly extents: readonly ExtentPlace[]
}

export class ExtentSource {
  readonly keys: KeyspaceKeys
  readonly #index: BlockTables
  readonly #sources: readonly ChunkSource[]
  readonly #finder: BlockFinder
  readonly #files = new Map<number, ReadableChunkFile>()

  constructor(index: BlockTables, sources: readonly ChunkSource[], keys: KeyspaceKeys) {
    this.keys = keys
    this.#index = index
    this.#sources = sources
    this.#finder = new BlockFinder(index, keys.keyspace)
  }

  /** A place of the block; undefined when none is known. */
  find(id: Uint8Array): BlockPlace | undefined {
    return this.#finder.find(id)
  }

  /** True when a source is a folder, where a worker can look for the chunk file. */
  isLocal(chunk: number): boolean {
    return this.chunkFile(chunk).paths.length > 0
  }

  /** The chunk file of a place; its paths come in the order of the sources. */
  chunkFile(number: number): ReadableChunkFile {
    const known = this.#files.get(number)
    if (known !== undefined) return known
    const { name, epoch, salt, extents } = this.#index.chunkFile(number)
    const paths = this.#sources.flatMap(({ localPath }) => (localPath === undefined ? [] : [localPath(name)]))
    const file = { number, object: `chunks/${name.slice(0, 2)}/${name}.tcf`, paths, epoch, salt, extents }
    this.#files.set(number, file)
    return file
  }
}
