/**
 * Reads blocks by their places, synchronously, for a worker thread. It promises no more than whole extents: what a
 * block is, its id tells the caller. Whoever gets nothing asks the BlockReader, which tries every copy and says what is
 * wrong.
 */
import type { KeyObject } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { releaseBytes } from '../base/bytes.ts'
import { chunkFileKey, type KeyspaceKeys } from '../codec/key-derivation.ts'
import { type OpenedExtent, openExtent } from '../codec/seal-extent.ts'
import { extentHeaderSizeBytes, maxBlockSizeBytes } from '../format/chunk-file.ts'
import type { BlockPlace } from './block-finder.ts'
import type { ReadableChunkFile } from './extent-source.ts'

/** A sealed extent that was fetched for a thread, at the beginning of memory that it shares. Plain data. */
export interface FetchedExtent {
  readonly chunk: number
  readonly extent: number
  readonly memory: SharedArrayBuffer
  readonly sizeBytes: number
}

interface KnownFile {
  readonly file: ReadableChunkFile
  readonly key: KeyObject
  /** Open while the file is among the last used. */
  fd: number | undefined
}

/** Opened extents kept for the next blocks. */
const openedExtentsBudgetBytes = 4 * 1024 * 1024
const maxOpenFiles = 16

export class ExtentReader implements Disposable {
  readonly #keys: KeyspaceKeys
  readonly #files = new Map<number, KnownFile>()
  readonly #openFiles = new Set<KnownFile>()
  readonly #opened = new Map<number, OpenedExtent>()
  #openedBytes = 0
  #offered = new Map<number, FetchedExtent>()
  /** Sealed bytes of one extent. */
  #sealed = Buffer.allocUnsafeSlow(512 * 1024)

  constructor(keys: KeyspaceKeys) {
    this.#keys = keys
  }

  /** Makes a chunk file known; places name it by its number. One whose key is not known stays unknown. */
  add(file: ReadableChunkFile): void {
    if (this.#files.has(file.number) || this.#keys.data[file.epoch] === undefined) return
    const key = chunkFileKey(this.#keys, file.epoch, file.salt)
    this.#files.set(file.number, { file, key, fd: undefined })
  }

  /** Makes known what was fetched for the next blocks, in the place of what was before: chunk files are not asked for that. */
  offer(extents: readonly FetchedExtent[]): void {
    this.#offered = new Map(extents.map((one) => [slotOf(one), one]))
  }

  /** The plain bytes of the block, valid until the next call; undefined when its extent cannot be read or opened. */
  block(place: BlockPlace): Uint8Array | undefined {
    const { chunk, extent, ordinal } = place
    const slot = slotOf(place)
    let opened = this.#opened.get(slot)
    if (opened === undefined) {
      const known = this.#files.get(chunk)
      opened = known && this.#open(known, extent)
      if (opened === undefined) return undefined
      this.#remember(slot, opened)
    }
    return opened.blocks[ordinal]
  }

  [Symbol.dispose](): void {
    for (const known of this.#openFiles) this.#close(known)
  }

  #open(known: KnownFile, extent: number): OpenedExtent | undefined {
    const { file, key } = known
    const place = file.extents[extent]
    if (place === undefined) return undefined
    const sizeBytes = extentHeaderSizeBytes + place.storedSizeBytes
    const offered = this.#offered.get(slotOf({ chunk: file.number, extent }))
    const sealed = offered === undefined ? this.#read(known, place.offset, sizeBytes) : this.#copy(offered, sizeBytes)
    if (sealed === undefined) return undefined
    try {
      return openExtent(key, extent, sealed, file.object, place.offset)
    } catch (error) {
      if (error instanceof AgentError) return undefined
      throw error
    }
  }

  /** Bytes of a chunk file, valid until the next call. */
  #read(known: KnownFile, offset: number, sizeBytes: number): Buffer | undefined {
    if (!this.#hasRoom(sizeBytes)) return undefined
    try {
      const fd = this.#fdOf(known)
      if (fd === undefined) return undefined
      for (let done = 0; done < sizeBytes; ) {
        const count = readSync(fd, this.#sealed, done, sizeBytes - done, offset + done)
        if (count === 0) return undefined
        done += count
      }
      return this.#sealed.subarray(0, sizeBytes)
    } catch (error) {
      if (error instanceof Error && 'syscall' in error) return undefined
      throw error
    }
  }

  /** What was fetched, valid until the next call. */
  #copy({ memory, sizeBytes }: FetchedExtent, wanted: number): Buffer | undefined {
    if (sizeBytes !== wanted || !this.#hasRoom(wanted)) return undefined
    this.#sealed.set(new Uint8Array(memory, 0, wanted))
    return this.#sealed.subarray(0, wanted)
  }

  #hasRoom(sizeBytes: number): boolean {
    if (sizeBytes > maxBlockSizeBytes * 2) return false
    if (sizeBytes > this.#sealed.length) this.#sealed = Buffer.allocUnsafeSlow(sizeBytes)
    return true
  }

  #fdOf(known: KnownFile): number | undefined {
    if (known.fd !== undefined) return known.fd
    for (const path of known.file.paths) {
      try {
        known.fd = openSync(path, 'r')
        break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
    if (known.fd === undefined) return undefined
    this.#openFiles.add(known)
    const [oldest] = this.#openFiles
    if (this.#openFiles.size > maxOpenFiles && oldest !== undefined) this.#close(oldest)
    return known.fd
  }

  #close(known: KnownFile): void {
    if (known.fd !== undefined) closeSync(known.fd)
    known.fd = undefined
    this.#openFiles.delete(known)
  }

  #remember(slot: number, opened: OpenedExtent): void {
    this.#opened.set(slot, opened)
    this.#openedBytes += opened.raw.length
    for (const [oldest, { raw }] of this.#opened) {
      if (this.#openedBytes <= openedExtentsBudgetBytes || oldest === slot) break
      this.#opened.delete(oldest)
      this.#openedBytes -= raw.length
      releaseBytes(raw)
    }
  }
}

function slotOf({ chunk, extent }: Pick<BlockPlace, 'chunk' | 'extent'>): number {
  return chunk * 2 ** 20 + extent
}
