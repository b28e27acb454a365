/**
 * What a thread must know to read blocks by itself, out of chunk files in local folders; and the sealed extents of those that lie in
 * no folder.
 */
import { existsSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { ExtentPlace } from '../format/block-table.ts'
import { extentHeaderSizeBytes } from '../format/chunk-file.ts'
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
  readonly #remote: readonly ChunkSource[]
  readonly #files = new Map<number, ReadableChunkFile>()
  readonly #isHere = new Map<number, boolean>()

  constructor(index: BlockTables, sources: readonly ChunkSource[], keys: KeyspaceKeys) {
    this.keys = keys
    this.#index = index
    this.#sources = sources
    this.#remote = sources.filter(({ localPath }) => localPath === undefined)
    this.#finder = new BlockFinder(index, keys.keyspace)
  }

  /** A place of the block; undefined when none is known. */
  find(id: Uint8Array): BlockPlace | undefined {
    return this.#finder.find(id)
  }

  /** True when the chunk file stood in a folder when this was first asked: a worker can read it by itself. */
  isHere(chunk: number): boolean {
    let isHere = this.#isHere.get(chunk)
    if (isHere === undefined) {
      isHere = this.chunkFile(chunk).paths.some((path) => existsSync(path))
      this.#isHere.set(chunk, isHere)
    }
    return isHere
  }

  /** True when a block there can be read, or fetched, for a worker. */
  isWithinReach(chunk: number): boolean {
    return this.#remote.length > 0 || this.isHere(chunk)
  }

  /** Length of an extent with its header; 0 when the chunk file has none of that number. */
  sealedSizeBytes(chunk: number, extent: number): number {
    const place = this.chunkFile(chunk).extents[extent]
    return place === undefined ? 0 : extentHeaderSizeBytes + place.storedSizeBytes
  }

  /** The sealed bytes of an extent, the caller's own, from the first source that is no folder and gives them; undefined when none does. */
  async fetch(chunk: number, extent: number): Promise<Buffer | undefined> {
    const place = this.chunkFile(chunk).extents[extent]
    if (place === undefined) return undefined
    const { name } = this.#index.chunkFile(chunk)
    for (const source of this.#remote) {
      try {
        const bytes = await source.read(name, place.offset, extentHeaderSizeBytes + place.storedSizeBytes)
        if (bytes !== undefined) return bytes
      } catch (error) {
        // Whoever reads every copy says what is wrong with this one.
        if (!(error instanceof AgentError)) throw error
      }
    }
    return undefined
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
