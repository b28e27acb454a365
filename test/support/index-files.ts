/** Chunk files as an index names them, made of nothing but ids: for tests of what keeps track of blocks. */
import type { ChunkFileName } from '../../agent-core/contract/ids.ts'
import { encodeBlockTable } from '../../agent-core/format/block-table.ts'
import type { IndexedChunkFile } from '../../agent-core/format/index-segment.ts'

/** Blocks of an extent of such a file, and the raw length of each. */
export const madeExtentBlocks = 25
export const madeBlockSizeBytes = 10_000

/** `ids`: 32 bytes a block; the name is made of `number`. */
export function madeIndexFile(number: number, ids: Uint8Array): IndexedChunkFile {
  const blocks = ids.length / 32
  const extents = []
  for (let first = 0, offset = 512; first < blocks; first += madeExtentBlocks, offset += 1024) {
    const blockCount = Math.min(madeExtentBlocks, blocks - first)
    extents.push({ offset, storedSizeBytes: 1000, rawSizeBytes: blockCount * madeBlockSizeBytes, blockCount })
  }
  return {
    name: number.toString(16).padStart(64, '0') as ChunkFileName,
    kind: 'data',
    sizeBytes: 32 * 1024 * 1024,
    epoch: 0,
    salt: Buffer.alloc(32, number),
    table: encodeBlockTable({ extents, ids, lengths: new Uint32Array(blocks).fill(madeBlockSizeBytes) }),
  }
}
