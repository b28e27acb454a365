/**
 * The index of a vault as it stands there, in compact tables: a million blocks take about 60 MiB, and there
 * is no object for a block. Also keeps which copies of blocks were found damaged.
 */

import type { ChunkFileName, KeyspaceId } from '../contract/ids.ts'
import { decodeBlockTable, type ExtentPlace } from '../format/block-table.ts'
import { blockIdSizeBytes } from '../format/chunk-file.ts'
import type { IndexedChunkFile, IndexSegment } from '../format/index-segment.ts'
import type { BlockLocation, KnownChunkFile } from './base-rows.ts'
import type { BlockIndex } from './chunk-reader.ts'

/** A chunk file of the index; `number` counts them. */
export interface VaultChunkFile extends IndexedChunkFile {
  readonly number: number
  readonly blockCount: number
  /** Number of its first block among all blocks of the vault. */
  readonly firstBlock: number
}

interface DecodedTable {
  readonly extents: readonly ExtentPlace[]
  /** Ordinal, in the file, of each extent's first block. */
  readonly firstBlocks: Uint32Array
}

const keptTables = 64

export class VaultIndex implements BlockIndex {
  readonly #keyspace: KeyspaceId
  readonly #files: VaultChunkFile[] = []
  readonly #numbers = new Map<ChunkFileName, number>()
  /** Open addressing: block number + 1, or 0. Ids are keyed hashes, so their first bytes spread by themselves. */
  readonly #slots: Uint32Array
  /** By block number: which damage its copy belongs to, 0 for none. Made when there is any. */
  #damages: Int32Array | undefined
  /** Numbers of the files in which anything was found damaged. */
  readonly #damagedFiles = new Set<number>()
  readonly #blockCount: number
  readonly #decoded = new Map<number, DecodedTable>()

  /** Tables are ones that `decodeBlockTable` has accepted; they must not be changed any more. */
  constructor(keyspace: KeyspaceId, chunkFiles: Iterable<IndexedChunkFile>) {
    this.#keyspace = keyspace
    let blocks = 0
    for (const file of chunkFiles) {
      const blockCount = viewOf(file.table).readUInt32LE(4)
      this.#numbers.set(file.name, this.#files.length)
      this.#files.push({ ...file, number: this.#files.length, blockCount, firstBlock: blocks })
      blocks += blockCount
    }
    this.#blockCount = blocks
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(blocks, 1) * 1.5 + 2)))
    for (const file of this.#files) this.#addBlocks(file)
  }

  get files(): readonly VaultChunkFile[] {
    return this.#files
  }

  get blockCount(): number {
    return this.#blockCount
  }

  file(name: ChunkFileName): VaultChunkFile | undefined {
    const number = this.#numbers.get(name)
    return number === undefined ? undefined : this.#files[number]
  }

  /** Numbers of all copies of a block. */
  copies(id: Uint8Array): number[] {
    const found: number[] = []
    const mask = this.#slots.length - 1
    for (let slot = slotOf(id, mask); this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const block = (this.#slots[slot] as number) - 1
      if (Buffer.compare(this.idOf(block), id) === 0) found.push(block)
    }
    return found
  }

  lengthOf(block: number): number {
    const file = this.fileOf(block)
    return viewOf(file.table).readUInt32LE(this.#lengthsAt(file) + (block - file.firstBlock) * 4)
  }

  /** The chunk file that holds this copy. */
  fileOf(block: number): VaultChunkFile {
    let low = 0
    let high = this.#files.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#files[middle] as VaultChunkFile).firstBlock <= block) low = middle
      else high = middle - 1
    }
    // An empty file shares its first block's number with the one behind it; the last one found holds blocks.
    return this.#files[low] as VaultChunkFile
  }

  /** Where a copy's extent begins in its chunk file. */
  offsetOf(block: number): number {
    const file = this.fileOf(block)
    const { extents, firstBlocks } = this.#tableOf(file)
    return (extents[extentOf(firstBlocks, block - file.firstBlock)] as ExtentPlace).offset
  }

  /** Which damage a copy belongs to; 0: none is known. */
  damageOf(block: number): number {
    return this.#damages?.[block] ?? 0
  }

  /** Says that something in the file is damaged, though all its blocks may be whole. */
  markSuspect({ number }: VaultChunkFile): void {
    this.#damagedFiles.add(number)
  }

  /** True when nothing was found damaged in any file. */
  get isUnhurt(): boolean {
    return this.#damagedFiles.size === 0
  }

  /** True when something is damaged in the file that holds this copy. */
  isSuspect(block: number): boolean {
    return this.#damagedFiles.has(this.fileOf(block).number)
  }

  /** Says that the blocks of some extents of a file are lost by `damage` (a number over 0); earlier damages stay. */
  markDamaged(file: VaultChunkFile, extents: readonly [first: number, end: number], damage: number): void {
    this.#damages ??= new Int32Array(this.#blockCount)
    this.markSuspect(file)
    for (const block of this.blocksOf(file, extents)) this.#damages[block] ||= damage
  }

  /** Numbers of all damaged copies. */
  *damagedBlocks(): Generator<number, void, undefined> {
    if (this.#damages === undefined) return
    for (const [block, damage] of this.#damages.entries()) if (damage !== 0) yield block
  }

  /** Numbers of the blocks in some extents of a file. */
  *blocksOf(file: VaultChunkFile, [first, end]: readonly [number, number]): Generator<number, void, undefined> {
    const { firstBlocks } = this.#tableOf(file)
    const last = firstBlocks[end] ?? file.blockCount
    for (let ordinal = firstBlocks[first] ?? file.blockCount; ordinal < last; ordinal++) yield file.firstBlock + ordinal
  }

  /** All copies of the same block, itself included. */
  copiesOf(block: number): number[] {
    return this.copies(this.idOf(block))
  }

  /** Id of a block, in the memory of its table. */
  idOf(block: number): Uint8Array {
    return this.#idIn(this.fileOf(block), block)
  }

  /** Copies of a block that are not known to be damaged. */
  locate(id: Uint8Array): readonly BlockLocation[] {
    return this.copies(id)
      .filter((block) => this.damageOf(block) === 0)
      .map((block) => {
        const file = this.fileOf(block)
        const { firstBlocks } = this.#tableOf(file)
        const extent = extentOf(firstBlocks, block - file.firstBlock)
        const ordinal = block - file.firstBlock - (firstBlocks[extent] as number)
        return { chunk: file.number, extent, ordinal, sizeBytes: this.lengthOf(block) }
      })
  }

  chunkFile(number: number): KnownChunkFile {
    const file = this.#files[number]
    if (file === undefined) throw new RangeError(`no chunk file ${number}`)
    const { name, kind, sizeBytes, epoch, salt } = file
    return {
      number,
      keyspace: this.#keyspace,
      name,
      kind,
      sizeBytes,
      epoch,
      salt,
      extents: this.#tableOf(file).extents,
    }
  }

  #addBlocks(file: VaultChunkFile): void {
    const mask = this.#slots.length - 1
    for (let block = file.firstBlock; block < file.firstBlock + file.blockCount; block++) {
      let slot = slotOf(this.#idIn(file, block), mask)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = block + 1
    }
  }

  #idIn(file: VaultChunkFile, block: number): Uint8Array {
    const at = this.#lengthsAt(file) + file.blockCount * 4 + (block - file.firstBlock) * blockIdSizeBytes
    return file.table.subarray(at, at + blockIdSizeBytes)
  }

  #lengthsAt(file: VaultChunkFile): number {
    return 8 + viewOf(file.table).readUInt32LE(0) * 16
  }

  #tableOf(file: VaultChunkFile): DecodedTable {
    const kept = this.#decoded.get(file.number)
    if (kept !== undefined) return kept
    const table = decodeBlockTable(file.table, file.name)
    const firstBlocks = new Uint32Array(table.extents.length)
    let block = 0
    for (const [extent, place] of table.extents.entries()) {
      firstBlocks[extent] = block
      block += place.blockCount
    }
    const decoded = { extents: table.extents, firstBlocks }
    this.#decoded.set(file.number, decoded)
    for (const oldest of this.#decoded.keys()) {
      if (this.#decoded.size <= keptTables) break
      this.#decoded.delete(oldest)
    }
    return decoded
  }
}

function extentOf(firstBlocks: Uint32Array, ordinal: number): number {
  let low = 0
  let high = firstBlocks.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((firstBlocks[middle] as number) <= ordinal) low = middle
    else high = middle - 1
  }
  return low
}

function slotOf(id: Uint8Array, mask: number): number {
  return (
    (((id[0] as number) | ((id[1] as number) << 8) | ((id[2] as number) << 16) | ((id[3] as number) << 24)) >>> 0) &
    mask
  )
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The index of all `segments`, for who does not believe a base. */
export async function gatherIndex(
  keyspace: KeyspaceId,
  segments: AsyncIterable<{ readonly segment: IndexSegment }>,
): Promise<VaultIndex> {
  const files = new Map<ChunkFileName, IndexedChunkFile>()
  for await (const { segment } of segments) {
    for (const file of segment.chunkFiles) {
      if (files.has(file.name)) continue
      decodeBlockTable(file.table, file.name)
      // A copy of the table: the segment's other bytes need not stay in memory.
      files.set(file.name, { ...file, table: Buffer.from(file.table) })
    }
  }
  return new VaultIndex(keyspace, files.values())
}
