/** Keys of a keyspace, the same every time, and chunk writers that use them. */
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import type { CapturedPoint } from '../../agent-core/cache/base-rows.ts'
import { ChunkWriter, type CompleteChunkFile } from '../../agent-core/cache/chunk-writer.ts'
import { blockId } from '../../agent-core/codec/block-id.ts'
import { deriveKeys, type KeyspaceKeys } from '../../agent-core/codec/key-derivation.ts'
import type { ItemId, KeyspaceId, PointId, VaultId } from '../../agent-core/contract/ids.ts'
import type { ChunkKind } from '../../agent-core/format/chunk-file.ts'
import { encodePointManifest, type PointManifest } from '../../agent-core/format/point.ts'

export const testKeyspace = '0123456789abcdef0123456789abcdef' as KeyspaceId
export const testKeys = deriveKeys(Buffer.alloc(32, 5), testKeyspace)
export const testVaultId = 'f'.repeat(32) as VaultId
export const testItem = 'a'.repeat(32) as ItemId

export const testIdOf = (bytes: Uint8Array): Buffer => blockId(testKeys.id, bytes)

/** Writes chunk files into `folder`; complete ones are told to `files`. */
export function testChunkWriter(
  folder: string,
  files: CompleteChunkFile[],
  options: { readonly kind?: ChunkKind; readonly parentFileId?: Uint8Array; readonly keys?: KeyspaceKeys } = {},
): ChunkWriter {
  return new ChunkWriter({
    folder,
    kind: options.kind ?? 'data',
    keys: options.keys ?? testKeys,
    compression: 'lz4',
    clock: systemClock,
    random: systemRandom,
    parentFileId: options.parentFileId,
    onComplete: (file) => files.push(file),
  })
}

/** Writes one chunk file that holds these blocks. */
export function writeChunkFile(
  folder: string,
  blocks: readonly Uint8Array[],
  kind: ChunkKind = 'data',
): CompleteChunkFile {
  const files: CompleteChunkFile[] = []
  const writer = testChunkWriter(folder, files, { kind })
  for (const block of blocks) writer.add(testIdOf(block), block)
  writer.finish()
  const [file] = files
  if (file === undefined || files.length !== 1) throw new Error('not one chunk file')
  return file
}

export function testManifest(sequence: number, change: Partial<PointManifest> = {}): PointManifest {
  return {
    id: sequence.toString(16).padStart(16, '0').padStart(32, 'b') as PointId,
    item: testItem,
    itemName: 'docs',
    sequence,
    timeMs: 1_700_000_000_000 + sequence * 60_000,
    kind: 'on-demand',
    source: {
      machine: 'machine',
      platform: 'linux',
      home: 'c'.repeat(32) as never,
      snapshot: 'live',
      product: '0.0.0',
    },
    counts: { files: 0, directories: 0, others: 0, bytes: 0, filesRead: 0, bytesRead: 0, bytesNew: 0, bytesStored: 0 },
    partial: false,
    ...change,
  }
}

/** The manifest as the base keeps it. */
export function testCapturedPoint(sequence: number, change: Partial<PointManifest> = {}): CapturedPoint {
  const manifest = testManifest(sequence, change)
  const { id, item } = manifest
  return {
    id,
    item,
    sequence,
    manifest: Buffer.from(encodePointManifest(manifest)),
    object: Buffer.from(`object ${sequence}`),
  }
}
