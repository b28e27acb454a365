/**
 * The protected folders themselves as a place to heal from: a block counts where the file at its path still has bytes of
 * that id. Bytes that were moved inside the file by an insertion are found by splitting it anew.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { toHex } from '../base/bytes.ts'
import { blockId } from '../codec/block-id.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import { createGearTable } from '../source/split-content.ts'
import { FileSplitter } from '../source/split-file.ts'
import type { BlockUse, NeededBlock } from './block-needs.ts'
import type { HealSource } from './heal-source.ts'

/** Where each block of a file begins, by its id. */
type BlockOffsets = ReadonlyMap<string, number>

/** Offsets that are kept of the files that were split last: some 100 bytes each, and one for each MiB of a file, about. */
const keptOffsets = 100_000

export class LiveSource implements HealSource {
  readonly label = 'the protected folders'
  readonly #keys: KeyspaceKeys
  /** By path, the file that was split last at the end: blocks are asked for by turns in all files that had them. */
  readonly #splits = new Map<string, BlockOffsets>()
  #offsetCount = 0
  #splitter: FileSplitter | undefined

  constructor(keys: KeyspaceKeys) {
    this.#keys = keys
  }

  readonly block = async (block: NeededBlock): Promise<Uint8Array | undefined> => {
    for (const use of [block, ...block.elsewhere]) {
      const found = this.#findAt({ ...use, id: block.id })
      if (found !== undefined) return found
    }
    return undefined
  }

  #findAt(block: BlockUse & { readonly id: Uint8Array }): Uint8Array | undefined {
    const { path, sizeBytes } = block
    if (path === undefined || sizeBytes === undefined) return undefined
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
      try {
        const stats = fstatSync(fd)
        return stats.isFile() ? this.#find(fd, stats.size, { ...block, path, sizeBytes }) : undefined
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      // Gone, or not to be read: this source does not have it.
      if (error instanceof Error && 'syscall' in error) return undefined
      throw error
    }
  }

  #find(
    fd: number,
    fileSizeBytes: number,
    block: BlockUse & { readonly id: Uint8Array; readonly path: Buffer; readonly sizeBytes: number },
  ): Uint8Array | undefined {
    const { id, path, offset, sizeBytes, splitting } = block
    const there = offset === undefined ? undefined : this.#read(fd, offset, sizeBytes, id)
    if (there !== undefined || splitting?.mode !== 'content') return there
    const moved = this.#offsetsIn(fd, path, fileSizeBytes).get(toHex(id))
    return moved === undefined ? undefined : this.#read(fd, moved, sizeBytes, id)
  }

  /** The bytes, if they are those of the block. */
  #read(fd: number, offset: number, sizeBytes: number, id: Uint8Array): Buffer | undefined {
    const bytes = Buffer.allocUnsafe(sizeBytes)
    for (let done = 0; done < sizeBytes; ) {
      const count = readSync(fd, bytes, done, sizeBytes - done, offset + done)
      if (count === 0) return undefined
      done += count
    }
    return blockId(this.#keys.id, bytes).equals(id) ? bytes : undefined
  }

  #offsetsIn(fd: number, path: Buffer, sizeBytes: number): BlockOffsets {
    const key = path.toString('latin1')
    const known = this.#splits.get(key)
    if (known !== undefined) return known
    this.#splitter ??= new FileSplitter(createGearTable(this.#keys.gearSeed))
    const offsets = new Map<string, number>()
    const { begin, parts } = this.#splitter.splitSegment({
      fd,
      sizeBytes,
      gridOffset: 0,
      expectedAt: () => undefined,
      splitting: { mode: 'content' },
      from: 0,
      until: sizeBytes,
      beginsAtCut: true,
      putBlock: (bytes) => blockId(this.#keys.id, bytes),
    })
    let offset = begin
    for (const part of parts) {
      if (part.id !== null) offsets.set(toHex(part.id), offset)
      offset += part.sizeBytes
    }
    this.#keep(key, offsets)
    return offsets
  }

  #keep(key: string, offsets: BlockOffsets): void {
    this.#splits.set(key, offsets)
    this.#offsetCount += offsets.size
    for (const [oldest, { size }] of this.#splits) {
      if (this.#offsetCount <= keptOffsets || oldest === key) break
      this.#splits.delete(oldest)
      this.#offsetCount -= size
    }
  }
}
