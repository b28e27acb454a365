/**
 * Proves that a local chunk file is whole, in one pass from its first byte to its last, synchronously, for a worker
 * thread. It only tells whole from not whole: what is wrong, and where, the main thread's examination says
 * (cache/examine-chunk-file.ts), which checks the same and goes on behind damage.
 */
import { createHash, type Hash, type KeyObject } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { releaseBytes, toHex } from '../base/bytes.ts'
import { blockId } from '../codec/block-id.ts'
import { chunkFileKey, type KeyspaceKeys } from '../codec/key-derivation.ts'
import { openExtent, openTable } from '../codec/seal-extent.ts'
import { type BlockTable, decodeBlockTable, encodeBlockTable } from '../format/block-table.ts'
import {
  blockIdSizeBytes,
  decodeChunkFileFooter,
  decodeChunkFileHeader,
  extentHeaderSizeBytes,
  footerSizeBytes,
  headerAdditionalData,
  headerSizeBytes,
} from '../format/chunk-file.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'

/** How deep a chunk file is looked into: its SHA-256 alone, or every tag and block id too. */
export type ProofDepth = 'hash' | 'open'

/** Extents are read together up to this length. */
const pieceSizeBytes = 2 * 1024 * 1024

/** The file is not what the index says, or cannot be read. */
class NotWhole extends Error {}

export class ChunkFileProver {
  readonly #keys: KeyspaceKeys
  readonly #checkpoint: () => void
  #piece = Buffer.allocUnsafeSlow(pieceSizeBytes)

  /** `checkpoint` is called every few MiB; what it throws ends the proof. */
  constructor(keys: KeyspaceKeys, checkpoint: () => void) {
    this.#keys = keys
    this.#checkpoint = checkpoint
  }

  /** True when every byte at `path` is the one that the index names; with `open`, when every block in it is too. */
  isWhole(path: string, file: IndexedChunkFile, depth: ProofDepth): boolean {
    try {
      this.#prove(path, file, depth)
      return true
    } catch (error) {
      if (error instanceof NotWhole || error instanceof AgentError) return false
      if (error instanceof Error && 'syscall' in error) return false
      throw error
    }
  }

  #prove(path: string, file: IndexedChunkFile, depth: ProofDepth): void {
    // Opening a pipe that nobody writes to would wait for ever.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = fstatSync(fd)
      must(stats.isFile() && stats.size === file.sizeBytes)
      const hash = createHash('sha256')
      if (depth === 'hash') this.#hashAll(fd, file.sizeBytes, hash)
      else this.#openAll(fd, file, hash)
      must(hash.digest('hex') === file.name)
    } finally {
      closeSync(fd)
    }
  }

  #hashAll(fd: number, sizeBytes: number, hash: Hash): void {
    for (let offset = 0; offset < sizeBytes; offset += pieceSizeBytes) {
      hash.update(this.#read(fd, offset, Math.min(pieceSizeBytes, sizeBytes - offset)))
    }
  }

  #openAll(fd: number, file: IndexedChunkFile, hash: Hash): void {
    const table = decodeBlockTable(file.table, file.name)
    const key = chunkFileKey(this.#keys, file.epoch, file.salt)
    const headerBytes = Buffer.from(this.#read(fd, 0, headerSizeBytes))
    hash.update(headerBytes)
    const tableOffset = this.#openExtents(fd, file, table, key, hash)
    const end = this.#read(fd, tableOffset, file.sizeBytes - tableOffset)
    must(end.length > footerSizeBytes + extentHeaderSizeBytes)
    const sealedTable = end.subarray(0, end.length - footerSizeBytes)
    const header = decodeChunkFileHeader(headerBytes)
    hash.update(sealedTable)
    const footerBytes = end.subarray(end.length - footerSizeBytes)
    const footer = decodeChunkFileFooter(Buffer.from(footerBytes))
    must(footer.tableOffset === tableOffset && footer.totalSizeBytes === file.sizeBytes)
    must(Buffer.compare(headerAdditionalData(header), headerAdditionalData(footer.header)) === 0)
    must(header.kind === file.kind && header.epoch === file.epoch && toHex(header.salt) === toHex(file.salt))
    must(hash.copy().digest().equals(footer.sha256))
    must(encodeBlockTable(openTable(key, header, sealedTable, file.name, tableOffset)).equals(file.table))
    hash.update(footerBytes)
  }

  /** Opens every extent; answers where the last one ends. */
  #openExtents(fd: number, file: IndexedChunkFile, table: BlockTable, key: KeyObject, hash: Hash): number {
    let offset = headerSizeBytes
    let block = 0
    for (let first = 0; first < table.extents.length; ) {
      let sizeBytes = 0
      let end = first
      do {
        sizeBytes += extentHeaderSizeBytes + (table.extents[end]?.storedSizeBytes ?? 0)
        end++
      } while (end < table.extents.length && sizeBytes + extentSizeBytes(table, end) <= pieceSizeBytes)
      const piece = this.#read(fd, offset, sizeBytes)
      hash.update(piece)
      for (let at = 0; first < end; first++) {
        const length = extentSizeBytes(table, first)
        block = this.#openExtent(piece.subarray(at, at + length), first, block, { file, table, key, offset })
        at += length
        offset += length
      }
    }
    must(block === table.lengths.length)
    return offset
  }

  /** Answers the number of the first block behind the extent. */
  #openExtent(
    bytes: Buffer,
    number: number,
    firstBlock: number,
    of: {
      readonly file: IndexedChunkFile
      readonly table: BlockTable
      readonly key: KeyObject
      readonly offset: number
    },
  ): number {
    const { file, table, key, offset } = of
    const { blocks, raw } = openExtent(key, number, bytes, file.name, offset)
    let ordinal = firstBlock
    for (const block of blocks) {
      const id = table.ids.subarray(ordinal * blockIdSizeBytes, (ordinal + 1) * blockIdSizeBytes)
      must(block.length === table.lengths[ordinal] && blockId(this.#keys.id, block).equals(id))
      ordinal++
    }
    releaseBytes(raw)
    return ordinal
  }

  /** Exactly these bytes, valid until the next call. */
  #read(fd: number, offset: number, sizeBytes: number): Buffer {
    this.#checkpoint()
    if (sizeBytes > this.#piece.length) this.#piece = Buffer.allocUnsafeSlow(sizeBytes)
    for (let done = 0; done < sizeBytes; ) {
      const count = readSync(fd, this.#piece, done, sizeBytes - done, offset + done)
      must(count > 0)
      done += count
    }
    return this.#piece.subarray(0, sizeBytes)
  }
}

function extentSizeBytes(table: BlockTable, extent: number): number {
  return extentHeaderSizeBytes + (table.extents[extent]?.storedSizeBytes ?? 0)
}

function must(isTrue: boolean): void {
  if (!isTrue) throw new NotWhole()
}
