/** Blocks that points need and that are lost, or whole in a damaged chunk file only. */
import { toHex } from '../base/bytes.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import type { ChunkKind } from '../format/chunk-file.ts'
import type { Splitting } from '../format/tree.ts'

/** Where a block is needed: one of the places, when there are several. */
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
}

/** More are left to the next round: what is mended then is not lost any more. */
const maxBlocks = 100_000

export class BlockNeeds {
  readonly #lost = new Map<string, NeededBlock>()
  readonly #atRisk = new Map<string, NeededBlock>()
  readonly #soleFiles = new Set<ChunkFileName>()

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
    add(this.#lost, id, use)
  }

  addAtRisk(id: Uint8Array, file: ChunkFileName, use: BlockUse): void {
    this.#soleFiles.add(file)
    add(this.#atRisk, id, use)
  }
}

function add(blocks: Map<string, NeededBlock>, id: Uint8Array, use: BlockUse): void {
  if (blocks.size >= maxBlocks) return
  const key = toHex(id)
  if (!blocks.has(key)) blocks.set(key, { ...use, id: Buffer.from(id) })
}
