/** Blocks that points need and that are lost, or whole in a damaged chunk file only. */
import { toHex } from '../base/bytes.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import type { ChunkKind } from '../format/chunk-file.ts'
import type { Splitting } from '../format/tree.ts'

/** Where a block is needed. */
export interface BlockUse {
  readonly kind: ChunkKind
  /** Length of the block, where it is known. */
  readonly sizeBytes?: number
  /** The file on the source, raw bytes; only of data blocks. */
  readonly path?: Buffer
  /** Where the block begins in that file. */
  readonly offset?: number
  readonly splitting?: Splitting
}

export interface NeededBlock extends BlockUse {
  readonly id: Uint8Array
  /** Some of the other places, when there are several: a file may have been renamed since. */
  readonly elsewhere: readonly BlockUse[]
}

/** Other places of one block that are remembered. */
const maxElsewhere = 15
/** … and of all blocks together, some 200 bytes each: the first lost blocks have them, and others in the next round. */
const maxElsewhereInAll = 100_000

/** More are left to the next round: what is mended then is not lost any more. */
const maxBlocks = 100_000

export class BlockNeeds {
  readonly #lost = new Map<string, Need>()
  readonly #atRisk = new Map<string, Need>()
  readonly #soleFiles = new Set<ChunkFileName>()
  #elsewhereCount = 0

  /** Blocks of which no whole copy is known. */
  get lost(): Iterable<NeededBlock> {
    return this.#lost.values()
  }

  /** Blocks whose only whole copies lie in damaged chunk files. */
  get atRisk(): Iterable<NeededBlock> {
    return this.#atRisk.values()
  }

  /** True when points need a block that is whole in this damaged chunk file only. */
  needsFile(name: ChunkFileName): boolean {
    return this.#soleFiles.has(name)
  }

  addLost(id: Uint8Array, use: BlockUse): void {
    this.#add(this.#lost, id, use)
  }

  addAtRisk(id: Uint8Array, file: ChunkFileName, use: BlockUse): void {
    this.#soleFiles.add(file)
    this.#add(this.#atRisk, id, use)
  }

  #add(blocks: Map<string, Need>, id: Uint8Array, use: BlockUse): void {
    const key = toHex(id)
    const known = blocks.get(key)
    if (known === undefined) {
      if (blocks.size < maxBlocks) blocks.set(key, { ...use, id: Buffer.from(id), elsewhere: [] })
      return
    }
    if (known.elsewhere.length >= maxElsewhere || this.#elsewhereCount >= maxElsewhereInAll) return
    const isNew = [known, ...known.elsewhere].every(({ path }) => !isSame(path, use.path))
    if (!isNew) return
    known.elsewhere.push(use)
    this.#elsewhereCount++
  }
}

interface Need extends NeededBlock {
  readonly elsewhere: BlockUse[]
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.equals(b))
}
