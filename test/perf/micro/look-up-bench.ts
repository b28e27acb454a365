/** Looking blocks up in the base: ids that it holds, and ids that it does not. */

import { toHex } from '../../../agent-core/base/bytes.ts'
import { type BaseDb, openBase } from '../../../agent-core/cache/base-db.ts'
import { sha256 } from '../../../agent-core/codec/block-id.ts'
import type { ChunkFileName } from '../../../agent-core/contract/ids.ts'
import { type ExtentPlace, encodeBlockTable } from '../../../agent-core/format/block-table.ts'
import { blockIdSizeBytes, extentHeaderSizeBytes, headerSizeBytes } from '../../../agent-core/format/chunk-file.ts'
import type { IndexedChunkFile } from '../../../agent-core/format/index-segment.ts'
import { TestFolder } from '../../support/test-home.ts'
import { testKeyspace, testVaultId } from '../../support/test-keys.ts'
import type { Timed } from './run-measures.ts'
import { seededData } from './seeded-data.ts'

const blocksPerFile = 10_000
const blocksPerExtent = 50
const blockSizeBytes = 4096
const lookUps = 20_000

export function* lookUpBench(): Generator<Timed, void, undefined> {
  const absent = seededData('random', lookUps * blockIdSizeBytes, 1)
  for (const blockCount of [100_000, 1_000_000]) {
    using folder = new TestFolder()
    using base = openBase(folder.at('base.db'))
    const ids = seededData('random', blockCount * blockIdSizeBytes, 2)
    fillBase(base, ids)
    const count = `${blockCount.toLocaleString('en')} blocks`
    // Random ids from a stretch are spread over the whole table.
    const present = ids.subarray(0, absent.length)
    const amount = { operations: lookUps }
    yield { name: `locate, hit, ${count}`, amount, work: () => locateAll(base, present, 1) }
    yield { name: `locate, miss, ${count}`, amount, work: () => locateAll(base, absent, 0) }
  }
}

function locateAll(base: BaseDb, ids: Buffer, expected: number): void {
  for (let at = 0; at < ids.length; at += blockIdSizeBytes) {
    const places = base.locate(ids.subarray(at, at + blockIdSizeBytes))
    if (places.length !== expected) throw new Error(`${places.length} places instead of ${expected}`)
  }
}

/** One index segment for each chunk file, as a vault's index brings them. */
function fillBase(base: BaseDb, ids: Buffer): void {
  const fileBytes = blocksPerFile * blockIdSizeBytes
  for (let at = 0, sequence = 0; at < ids.length; at += fileBytes, sequence++) {
    const file = chunkFileOf(ids.subarray(at, at + fileBytes))
    base.mergeIndex(testVaultId, testKeyspace, sequence, [file], sha256(file.table))
  }
}

function chunkFileOf(ids: Buffer): IndexedChunkFile {
  const sizeBytes = blocksPerExtent * blockSizeBytes
  const extents = Array.from(
    { length: blocksPerFile / blocksPerExtent },
    (_, number): ExtentPlace => ({
      offset: headerSizeBytes + number * (extentHeaderSizeBytes + sizeBytes),
      storedSizeBytes: sizeBytes,
      rawSizeBytes: sizeBytes,
      blockCount: blocksPerExtent,
    }),
  )
  const table = encodeBlockTable({ extents, ids, lengths: new Uint32Array(blocksPerFile).fill(blockSizeBytes) })
  const name = toHex(sha256(ids)) as ChunkFileName
  return { name, kind: 'data', sizeBytes: blocksPerFile * blockSizeBytes, epoch: 0, salt: sha256(table), table }
}
