/**
 * Which chunk files a clean-up takes away: those of which nothing is needed, those that no index segment names, and sparse
 * ones, whose needed blocks are merged into new chunk files first. Decides only.
 *
 * Of a block with several copies one counts, in the chunk file that is the fullest with needed blocks (of equal ones the
 * newer): so what is left of a prune that was cut off after merging, the sparse original, is not needed any more.
 */
import type { VaultChunkFile, VaultIndex } from '../cache/vault-index.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import { extentHeaderSizeBytes } from '../format/chunk-file.ts'
import type { ListedChunkFile } from './vault-contents.ts'

/** A chunk file is sparse when less than this share of it is needed. */
const sparseShare = 0.6
/** Merging that would give back less than this in all is left for later: it costs reading, writing and requests. */
const leastGainBytes = 256 * 1024

export interface PruneInput {
  readonly index: VaultIndex
  readonly isLive: (block: number) => boolean
  readonly listed: ReadonlyMap<ChunkFileName, ListedChunkFile>
  /** Named by open intents of anybody: they hold nothing that counts. */
  readonly condemned: ReadonlySet<ChunkFileName>
  /** Found damaged by this clean-up: they hold nothing that counts, and stay for a healing. */
  readonly damaged: ReadonlySet<ChunkFileName>
  /** Named by open intents of this home: they need not be named again. */
  readonly condemnedHere: ReadonlySet<ChunkFileName>
  /** False when a chunk file that no index segment names may hold what is needed. */
  readonly isIndexWhole: boolean
  /** True for chunk files that stay for now, whatever is in them. */
  readonly isSpared: (name: ChunkFileName) => boolean
  /**
   * Merges beyond what is sparse, the emptiest first, until at most this share of what is left is unused; 100: nothing is
   * merged. Left out: the sparse ones are merged.
   */
  readonly maxUnusedPercent?: number | undefined
}

/** A chunk file with blocks of it that count, as their ordinals in the file, ascending. */
export interface CountedFile {
  readonly file: VaultChunkFile
  readonly kept: readonly number[]
}

/** A chunk file with all blocks of it that count. */
export interface SparseFile extends CountedFile {
  /** Stored bytes of them, about. */
  readonly keptBytes: number
}

export interface PrunePlan {
  /** Nothing in them is needed. */
  readonly dead: readonly ChunkFileName[]
  /** No index segment names them. */
  readonly unindexed: readonly ChunkFileName[]
  /** To be merged. */
  readonly sparse: readonly SparseFile[]
  /** Blocks in chunk files that stay, of which a chunk file that goes has the other copy: they must be whole before that goes. */
  readonly relied: readonly CountedFile[]
  /** Of all chunk files that are listed. */
  readonly bytesNow: number
  /** Of the chunk files that go, the sparse ones among them. */
  readonly bytesFreed: number
  /** Of the new chunk files, about. */
  readonly bytesMerged: number
}

export function planPrune(input: PruneInput): PrunePlan {
  const { index, listed, condemnedHere, damaged, isSpared } = input
  const uses = usesOf(input)
  const mayGo = (name: ChunkFileName) =>
    listed.has(name) && !condemnedHere.has(name) && !damaged.has(name) && !isSpared(name)
  const candidates = uses.filter(({ file }) => mayGo(file.name))
  const dead = candidates.filter(({ kept }) => kept.length === 0).map(({ file }) => file.name)
  const isUnindexed = (name: ChunkFileName) => index.file(name) === undefined && mayGo(name)
  const unindexed = input.isIndexWhole ? [...listed.keys()].filter(isUnindexed) : []
  const sparse = chooseSparse(uses, candidates, input.maxUnusedPercent)
  const sizeOf = (name: ChunkFileName) => listed.get(name)?.sizeBytes ?? 0
  const total = (names: Iterable<ChunkFileName>) => [...names].reduce((sum, name) => sum + sizeOf(name), 0)
  return {
    dead,
    unindexed,
    sparse,
    relied: reliedOn(input, uses, new Set([...dead, ...sparse.map(({ file }) => file.name)])),
    bytesNow: total(listed.keys()),
    bytesFreed: total([...dead, ...unindexed, ...sparse.map(({ file }) => file.name)]),
    bytesMerged: sparse.reduce((sum, { keptBytes }) => sum + keptBytes, 0),
  }
}

/** What counts of each chunk file; a condemned or damaged one, or one that is not there as the index says, holds nothing that counts. */
function usesOf({ index, isLive, listed, condemned, damaged }: PruneInput): SparseFile[] {
  const isAvailable = ({ name, sizeBytes }: VaultChunkFile) =>
    !condemned.has(name) && !damaged.has(name) && listed.get(name)?.sizeBytes === sizeBytes
  const density = index.files.map((file) => (isAvailable(file) ? densityOf(file, isLive) : -1))
  const counts = (block: number) => {
    const own = index.fileOf(block).number
    return index.copiesOf(block).every((copy) => {
      const other = index.fileOf(copy).number
      if (other === own) return copy >= block
      const [mine, its] = [density[own] as number, density[other] as number]
      return mine === its ? own > other : mine > its
    })
  }
  return index.files.map((file) => useOf(file, (block) => isLive(block) && counts(block), density))
}

/** Share of a chunk file's raw bytes that is needed, other copies or not. */
function densityOf(file: VaultChunkFile, isLive: (block: number) => boolean): number {
  const { lengths } = decodeBlockTable(file.table, file.name)
  let live = 0
  let all = 0
  for (const [ordinal, length] of lengths.entries()) {
    all += length
    if (isLive(file.firstBlock + ordinal)) live += length
  }
  return live / all
}

function useOf(file: VaultChunkFile, counts: (block: number) => boolean, density: readonly number[]): SparseFile {
  const kept: number[] = []
  let keptBytes = 0
  if ((density[file.number] as number) <= 0) return { file, kept, keptBytes }
  const { extents, lengths } = decodeBlockTable(file.table, file.name)
  let ordinal = 0
  for (const { blockCount, rawSizeBytes, storedSizeBytes } of extents) {
    let raw = 0
    for (const end = ordinal + blockCount; ordinal < end; ordinal++) {
      if (!counts(file.firstBlock + ordinal)) continue
      kept.push(ordinal)
      raw += lengths[ordinal] as number
    }
    keptBytes += Math.round(((extentHeaderSizeBytes + storedSizeBytes) * raw) / rawSizeBytes)
  }
  return { file, kept, keptBytes }
}

function chooseSparse(
  uses: readonly SparseFile[],
  candidates: readonly SparseFile[],
  maxUnusedPercent: number | undefined,
): SparseFile[] {
  const gainOf = ({ file, keptBytes }: SparseFile) => file.sizeBytes - keptBytes
  const used = candidates.filter(({ kept }) => kept.length > 0)
  const chosen: SparseFile[] = []
  let unused = uses.reduce((sum, use) => sum + (use.kept.length > 0 ? gainOf(use) : 0), 0)
  let left = uses.reduce((sum, { file, kept }) => sum + (kept.length > 0 ? file.sizeBytes : 0), 0)
  for (const use of used.toSorted((a, b) => a.keptBytes / a.file.sizeBytes - b.keptBytes / b.file.sizeBytes)) {
    const isSparse = use.keptBytes < use.file.sizeBytes * sparseShare
    const isWanted = maxUnusedPercent === undefined ? isSparse : unused * 100 > left * maxUnusedPercent
    // A chunk file of which all is needed, but for header, table and footer, gives nothing back.
    if (!isWanted || use.kept.length === use.file.blockCount) continue
    chosen.push(use)
    unused -= gainOf(use)
    left -= gainOf(use)
  }
  const gain = chosen.reduce((sum, use) => sum + gainOf(use), 0)
  if (maxUnusedPercent === undefined && gain < leastGainBytes) return []
  return chosen.toSorted((a, b) => a.file.number - b.file.number)
}

/** Where the copies count that stand for needed blocks of chunk files that go; merging proves those that it moves. */
function reliedOn(
  { index, isLive }: PruneInput,
  uses: readonly SparseFile[],
  going: ReadonlySet<ChunkFileName>,
): CountedFile[] {
  const keptIn = new Map<number, ReadonlySet<number>>()
  const counts = (file: VaultChunkFile, ordinal: number) => {
    const kept = keptIn.get(file.number) ?? new Set((uses[file.number] as SparseFile).kept)
    keptIn.set(file.number, kept)
    return kept.has(ordinal)
  }
  const relied = new Map<VaultChunkFile, Set<number>>()
  for (const { file } of uses) {
    if (!going.has(file.name)) continue
    for (let ordinal = 0; ordinal < file.blockCount; ordinal++) {
      const block = file.firstBlock + ordinal
      if (!isLive(block) || counts(file, ordinal)) continue
      for (const copy of index.copiesOf(block)) {
        const other = index.fileOf(copy)
        if (going.has(other.name) || !counts(other, copy - other.firstBlock)) continue
        const ordinals = relied.get(other) ?? new Set()
        relied.set(other, ordinals.add(copy - other.firstBlock))
      }
    }
  }
  return [...relied].map(([file, ordinals]) => ({ file, kept: [...ordinals].sort((a, b) => a - b) }))
}
