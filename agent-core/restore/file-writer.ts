/**
 * One file's way in a worker, from extents to its final name:
 *   1. made        in the worker's own folder, which nobody else can reach
 *   2. content     block by block, zeros as holes where the source had holes
 *   3. proof       read back and compared by block ids
 *   4. metadata
 *   5. published   by a rename that replaces nothing
 * A file that does not come to its end is removed.
 */
import { fstatSync, ftruncateSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { asBuffer } from '../base/bytes.ts'
import { ExtentReader } from '../cache/extent-reader.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import { decodeCbor } from '../format/cbor.ts'
import { decodeEntry, type Entry } from '../format/tree.ts'
import { closeFile, createFileAt, renameNoReplaceAt, unlinkAt, writeAt } from '../platform/file-at.ts'
import { WriteBehind } from '../platform/write-behind.ts'
import { isSystemError } from './failure.ts'
import { holdsPart, writeZeros } from './file-parts.ts'
import {
  type FileBatch,
  type MetadataLoss,
  type PlacedPart,
  type Stretch,
  unpackParts,
  unpackPlace,
  type WorkerFolder,
} from './messages.ts'
import { creationMode, type LossCode, type MetadataOptions, MetadataWriter } from './metadata.ts'

/** The work was given up; nothing but the end of the thread follows. */
export class GivenUp extends Error {}

export interface BatchOutcome {
  readonly isUndone: Uint8Array
  readonly losses: readonly MetadataLoss[]
  readonly inodes: BigUint64Array
}

/** Where a new file goes. */
interface FilePlace {
  readonly staging: WorkerFolder
  readonly folder: number
  readonly asksInode: boolean
}

/** Shorter files stay in the page cache: they are many, and the disk takes them faster together. */
const leastWorthSizeBytes = 256 * 1024

export class FileWriter {
  readonly blocks: ExtentReader
  readonly #idKey: Uint8Array
  readonly #options: MetadataOptions
  readonly #metadata: MetadataWriter
  readonly #checkpoint: () => void
  #losses = new Map<string, MetadataLoss>()
  #index = 0
  #lastNumber = 0

  /** `checkpoint` throws GivenUp once the work is to be given up. */
  constructor(keys: KeyspaceKeys, options: MetadataOptions, checkpoint: () => void) {
    this.blocks = new ExtentReader(keys)
    this.#idKey = keys.id
    this.#options = options
    this.#metadata = new MetadataWriter(options, (reason, _, code) => this.#note(reason, code))
    this.#checkpoint = checkpoint
  }

  restoreFiles({ staging, folders, asksInodes, entries, ends, folderOf, places }: FileBatch): BatchOutcome {
    const isUndone = new Uint8Array(ends.length)
    const inodes = new BigUint64Array(ends.length)
    this.#losses = new Map()
    let start = 0
    let block = 0
    for (const [index, end] of ends.entries()) {
      const entry = decodeEntry(decodeCbor(entries.subarray(start, end), 'tree page'), 'tree page')
      start = end
      const parts = (entry.content?.parts ?? []) as readonly PlacedPart['part'][]
      const placed = parts.map((part) => ({
        part,
        place: part.id === null ? undefined : unpackPlace(places, block++),
      }))
      const folder = folderOf[index] as number
      const place = { staging, folder: folders[folder] as number, asksInode: asksInodes[folder] === 1 }
      this.#index = index
      const inode = this.#restore(entry, placed, place)
      if (inode === undefined) isUndone[index] = 1
      else inodes[index] = inode
    }
    return { isUndone, losses: [...this.#losses.values()], inodes }
  }

  /** True when all of it was written, and reads back as it should. */
  fillStretch({ fd, position, parts, sparse }: Stretch): boolean {
    try {
      return this.#fill(fd, position, unpackParts(parts), sparse)
    } catch (error) {
      if (isSystemError(error)) return false
      throw error
    }
  }

  /** The inode (0 when it was not asked for); undefined when the file was not restored. */
  #restore(entry: Entry, parts: readonly PlacedPart[], { staging, folder, asksInode }: FilePlace): bigint | undefined {
    const name = Buffer.from(String(++this.#lastNumber))
    let isPublished = false
    let fd: number | undefined
    try {
      fd = createFileAt(staging.fd, name, creationMode(entry, this.#options))
      if (!this.#fillFile(fd, entry, parts)) return undefined
      this.#metadata.apply(fd, entry, { existed: false, owner: staging.owner }, () => asBuffer(entry.name))
      const inode = asksInode ? fstatSync(fd, { bigint: true }).ino : 0n
      renameNoReplaceAt(staging.fd, name, folder, entry.name)
      isPublished = true
      return inode
    } catch (error) {
      if (isSystemError(error) || error instanceof AgentError) return undefined
      throw error
    } finally {
      if (fd !== undefined) closeFile(fd)
      if (fd !== undefined && !isPublished) this.#remove(staging, name)
    }
  }

  #fillFile(fd: number, entry: Entry, parts: readonly PlacedPart[]): boolean {
    const sizeBytes = entry.sizeBytes ?? 0
    if (parts.reduce((sum, { part }) => sum + part.sizeBytes, 0) !== sizeBytes) return false
    const sparse = entry.content?.sparse ?? false
    if (sparse && parts.at(-1)?.part.id === null) ftruncateSync(fd, sizeBytes)
    return this.#fill(fd, 0, parts, sparse)
  }

  #fill(fd: number, start: number, parts: readonly PlacedPart[], sparse: boolean): boolean {
    const behind = new WriteBehind(fd, start)
    let position = start
    for (const { part, place } of parts) {
      this.#checkpoint()
      if (place !== undefined) {
        const block = this.blocks.block(place)
        if (block?.length !== part.sizeBytes) return false
        writeAt(fd, block, position)
      } else if (!sparse) {
        writeZeros(fd, position, part.sizeBytes, this.#checkpoint)
      }
      if (!holdsPart(fd, position, part, this.#idKey, this.#checkpoint)) return false
      position += part.sizeBytes
      behind.wrote(position)
    }
    if (position - start >= leastWorthSizeBytes) behind.finish(position)
    return true
  }

  /** What cannot be removed goes with the folder. */
  #remove(staging: WorkerFolder, name: Buffer): void {
    try {
      unlinkAt(staging.fd, name)
    } catch (error) {
      if (!isSystemError(error)) throw error
    }
  }

  #note(reason: string, code?: LossCode): void {
    const loss = this.#losses.get(reason)
    if (loss === undefined) this.#losses.set(reason, { reason, code, files: [this.#index] })
    else loss.files.push(this.#index)
  }
}
