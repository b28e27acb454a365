/** Gives a point in memory chunk files, so that a restore's worker threads read its blocks by themselves. */

import { fromHex } from '../../agent-core/base/bytes.ts'
import { openBase } from '../../agent-core/cache/base-db.ts'
import { type ChunkSource, folderSource } from '../../agent-core/cache/chunk-reader.ts'
import type { CompleteChunkFile } from '../../agent-core/cache/chunk-writer.ts'
import { ExtentSource } from '../../agent-core/cache/extent-source.ts'
import type { PointTree } from './point-tree.ts'
import { testIdKey } from './point-tree.ts'
import { testChunkWriter, testKeys, testKeyspace, testVaultId } from './test-keys.ts'

/**
 * Writes all blocks of the point into chunk files in `folder`; every seventh one goes into a second chunk file, as
 * if two workers had captured them. They are read from `sources`, of the folder if not given. Dispose the result.
 */
export function putInChunkFiles(
  point: PointTree,
  folder: string,
  sources: readonly ChunkSource[] = [folderSource(folder)],
): ChunkedPoint {
  const files: CompleteChunkFile[] = []
  const writers = [testChunkWriter(folder, files), testChunkWriter(folder, files)] as const
  for (const [index, [id, bytes]] of [...point.blocks].entries()) {
    writers[index % 7 === 0 ? 1 : 0].add(fromHex(id), bytes)
  }
  for (const writer of writers) writer.finish()
  const base = openBase(':memory:')
  base.mergeIndex(testVaultId, testKeyspace, 0, files, Buffer.alloc(32))
  const extents = new ExtentSource(base, sources, { ...testKeys, id: testIdKey })
  point.extents = extents
  return { files, extents, [Symbol.dispose]: () => base.close() }
}

export interface ChunkedPoint extends Disposable {
  readonly files: readonly CompleteChunkFile[]
  readonly extents: ExtentSource
}
