/**
 * Writes chunk files in one pass: docs/format/chunk-file.md. Blocks are gathered into extents,
 * extents sealed and appended; at about 32 MiB the file gets its table and footer, is synced and
 * takes its final name, the SHA-256 of its bytes. What is open when the process dies has no footer
 * and no final name: it is removed, never appended to.
 *
 * Synchronous: it lives in a worker thread.
 */
import { createHash, type Hash, type KeyObject } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writevSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Compression } from '../codec/compression.ts'
import { chunkFileKey, type KeyspaceKeys } from '../codec/key-derivation.ts'
import { sealExtent, sealTable } from '../codec/seal-extent.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { type ExtentPlace, encodeBlockTable } from '../format/block-table.ts'
import {
  blockIdSizeBytes,
  type ChunkFileHeader,
  type ChunkKind,
  encodeChunkFileFooter,
  encodeChunkFileHeader,
  footerSizeBytes,
  maxBlockSizeBytes,
  maxBlocksPerExtent,
  packedExtentSizeBytes,
} from '../format/chunk-file.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'

/** A chunk file is closed once it is this long. */
const chunkFileTargetSizeBytes = 32 * 1024 * 1024
/** Or holds so many blocks: their table, about 40 bytes each, is sealed, sent and merged as a whole. */
const chunkFileTargetBlocks = 65_536
/** Names of chunk files that are still being written. */
export const openChunkFilePrefix = '.open-'

export interface CompleteChunkFile extends IndexedChunkFile {
  readonly fileId: Uint8Array
  readonly path: string
}

/** Keeps what is written from filling the page cache: platform/write-behind.ts. */
export interface WriteFollower {
  /** The file is written up to `end`. Throws what earlier writes met on their way to the disk. */
  wrote(end: number): void
  /** The file was synced, and nothing more is written. */
  forget(): void
}

export interface ChunkWriterOptions {
  readonly folder: string
  readonly kind: ChunkKind
  readonly keys: KeyspaceKeys
  readonly compression: Compression
  readonly clock: Clock
  readonly random: Random
  /** File id of the chunk file before the first one of this writer. */
  readonly parentFileId: Uint8Array | undefined
  /** Follows the writes of each file; without it they stay in the page cache. */
  readonly follow?: (fd: number) => WriteFollower
  /** Called when a file is complete and durable under its final name. */
  readonly onComplete: (file: CompleteChunkFile) => void
}

/** One chunk file under way. */
interface OpenFile {
  readonly fd: number
  readonly follower: WriteFollower | undefined
  readonly path: string
  readonly header: ChunkFileHeader
  readonly key: KeyObject
  readonly hash: Hash
  readonly extents: ExtentPlace[]
  /** Ids of the blocks so far, 32 bytes each. */
  ids: Buffer
  readonly lengths: number[]
  sizeBytes: number
}

export class ChunkWriter {
  readonly #options: ChunkWriterOptions
  readonly #packed = Buffer.allocUnsafe(packedExtentSizeBytes)
  #packedSizeBytes = 0
  #packedIds: Buffer[] = []
  #packedLengths: number[] = []
  #open: OpenFile | undefined
  #parentFileId: Uint8Array

  constructor(options: ChunkWriterOptions) {
    this.#options = options
    this.#parentFileId = options.parentFileId ?? new Uint8Array(16)
  }

  /** Takes a block of 1 byte to 4 MiB; `bytes` is copied or sealed before this returns. */
  add(id: Buffer, bytes: Uint8Array): void {
    if (bytes.length === 0 || bytes.length > maxBlockSizeBytes) throw new RangeError(`a block of ${bytes.length} bytes`)
    if (bytes.length >= packedExtentSizeBytes) {
      this.#flushPacked()
      this.#append(bytes, [id], [bytes.length])
      return
    }
    if (this.#packedSizeBytes + bytes.length > packedExtentSizeBytes || this.#packedIds.length === maxBlocksPerExtent) {
      this.#flushPacked()
    }
    this.#packed.set(bytes, this.#packedSizeBytes)
    this.#packedSizeBytes += bytes.length
    this.#packedIds.push(id)
    this.#packedLengths.push(bytes.length)
  }

  /** Completes the open chunk file, if any. */
  finish(): void {
    this.#flushPacked()
    this.#complete()
  }

  /** Gives up what is open and removes it. */
  abandon(): void {
    this.#packedIds = []
    this.#packedLengths = []
    this.#packedSizeBytes = 0
    if (this.#open === undefined) return
    closeSync(this.#open.fd)
    unlinkSync(this.#open.path)
    this.#open = undefined
  }

  #flushPacked(): void {
    if (this.#packedIds.length === 0) return
    this.#append(this.#packed.subarray(0, this.#packedSizeBytes), this.#packedIds, this.#packedLengths)
    this.#packedSizeBytes = 0
    this.#packedIds = []
    this.#packedLengths = []
  }

  #append(raw: Uint8Array, ids: readonly Buffer[], lengths: readonly number[]): void {
    const file = (this.#open ??= this.#create())
    const { pieces, storedSizeBytes } = sealExtent(
      file.key,
      file.extents.length,
      raw,
      lengths,
      this.#options.compression,
    )
    file.extents.push({ offset: file.sizeBytes, storedSizeBytes, rawSizeBytes: raw.length, blockCount: ids.length })
    file.ids = appendIds(file.ids, file.lengths.length, ids)
    for (const length of lengths) file.lengths.push(length)
    this.#write(file, pieces)
    if (file.sizeBytes >= chunkFileTargetSizeBytes || file.lengths.length >= chunkFileTargetBlocks) this.#complete()
  }

  #create(): OpenFile {
    const { folder, kind, keys, clock, random, follow } = this.#options
    const epoch = keys.data.length - 1
    const header: ChunkFileHeader = {
      fileId: random.bytes(16),
      parentFileId: this.#parentFileId,
      keyspace: Buffer.from(keys.keyspace, 'hex'),
      epoch,
      kind,
      createdAtMs: clock.nowMs(),
      salt: random.bytes(32),
    }
    const path = join(folder, `${openChunkFilePrefix}${toHex(header.fileId)}`)
    const fd = translating(path, () => openSync(path, 'wx', 0o600))
    const file: OpenFile = {
      fd,
      follower: follow?.(fd),
      path,
      header,
      key: chunkFileKey(keys, epoch, header.salt),
      hash: createHash('sha256'),
      extents: [],
      ids: Buffer.alloc(0),
      lengths: [],
      sizeBytes: 0,
    }
    this.#write(file, [encodeChunkFileHeader(header)])
    return file
  }

  #complete(): void {
    const file = this.#open
    if (file === undefined) return
    const { folder, onComplete } = this.#options
    const { extents, ids } = file
    const table = { extents, ids, lengths: Uint32Array.from(file.lengths) }
    const sealedTable = sealTable(file.key, file.header, table)
    const tableOffset = file.sizeBytes
    this.#write(file, [sealedTable])
    const footer = encodeChunkFileFooter({
      header: file.header,
      tableOffset,
      tableSizeBytes: sealedTable.length,
      extentCount: file.extents.length,
      blockCount: file.lengths.length,
      totalSizeBytes: file.sizeBytes + footerSizeBytes,
      sha256: file.hash.copy().digest(),
    })
    this.#write(file, [footer])
    const name = file.hash.digest('hex') as ChunkFileName
    const path = join(folder, `${name}.tcf`)
    translating(file.path, () => {
      fsyncSync(file.fd)
      file.follower?.forget()
      closeSync(file.fd)
      renameSync(file.path, path)
      syncFolder(folder)
    })
    this.#open = undefined
    this.#parentFileId = file.header.fileId
    onComplete({
      name,
      kind: file.header.kind,
      sizeBytes: file.sizeBytes,
      salt: file.header.salt,
      epoch: file.header.epoch,
      table: encodeBlockTable(table),
      fileId: file.header.fileId,
      path,
    })
  }

  #write(file: OpenFile, pieces: readonly Uint8Array[]): void {
    let expected = 0
    for (const piece of pieces) {
      file.hash.update(piece)
      expected += piece.length
    }
    const written = translating(file.path, () => writevSync(file.fd, pieces as Uint8Array[]))
    // A short write without an error is how Linux announces a disk that has just become full.
    if (written !== expected) throw new AgentError('cache.full', { path: file.path })
    file.sizeBytes += expected
    translating(file.path, () => file.follower?.wrote(file.sizeBytes))
  }
}

/** `ids` with more ids behind its first `count`; grows by doubling, so that a file of a million blocks stays cheap. */
function appendIds(ids: Buffer, count: number, more: readonly Buffer[]): Buffer {
  const needed = (count + more.length) * blockIdSizeBytes
  let grown = ids
  if (needed > ids.length) {
    grown = Buffer.allocUnsafe(Math.max(needed, ids.length * 2, 4096 * blockIdSizeBytes))
    ids.copy(grown, 0, 0, count * blockIdSizeBytes)
  }
  for (const [index, id] of more.entries()) grown.set(id, (count + index) * blockIdSizeBytes)
  return grown
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function translating<Result>(path: string, call: () => Result): Result {
  try {
    return call()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new AgentError('cache.full', { path }, error)
    throw new AgentError('cache.failed', { path, reason: (error as Error).message }, error)
  }
}
