/**
 * Compaction of the index (docs/format/vault-layout.md): one segment repeats the smallest of those that are live. It only
 * adds; a clean-up deletes what is superseded, under its intent.
 */
import { sha256 } from '../codec/block-id.ts'
import { openObject } from '../codec/seal-object.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { decodeIndexSegment, type IndexedChunkFile, type IndexSegment } from '../format/index-segment.ts'
import { listNumbered } from './numbered-objects.ts'
import { readListed } from './read-listed.ts'
import type { Vault } from './vault.ts'
import { writeSegment } from './write-segment.ts'

/** A writer that would leave more live segments than this compacts them. */
export const maxLiveSegments = 64
/** So many are left then: half of them, so that what is compacted is not repeated with every backup. */
const segmentsLeft = 32

export interface CompactedIndex {
  readonly sequence: number
  readonly segment: IndexSegment
  readonly sizeBytes: number
  /** Of the whole object. */
  readonly sha256: Buffer
}

/**
 * Repeats the smallest of the `live` segments in a new one, without chunk files that are gone. Throws `format.invalid`
 * where one of them is damaged, and the store's errors; nothing has changed then.
 */
export async function compactIndex(
  vault: Vault,
  live: readonly number[],
  isGone: (name: ChunkFileName) => boolean,
): Promise<CompactedIndex> {
  const wanted = new Set(live)
  const listed = (await listNumbered(vault.store, vault.layout.index)).filter(({ sequence }) => wanted.has(sequence))
  const smallest = listed
    .toSorted((a, b) => a.sizeBytes - b.sizeBytes)
    .slice(0, Math.max(2, listed.length - segmentsLeft + 1))
    .toSorted((a, b) => a.sequence - b.sequence)
  const files = new Map<ChunkFileName, IndexedChunkFile>()
  /** Also what those had superseded: it may be deleted already, and stays explained. Undefined: an older writer left it out. */
  const superseded = new Map<number, Uint8Array | undefined>()
  for await (const { input, result } of readListed(vault.store, smallest)) {
    const { name, sequence } = input
    const object = await result
    const segment = decodeIndexSegment(openObject(vault.keys, 'index', name, object), name)
    for (const [at, number] of segment.supersedes.entries()) superseded.set(number, segment.supersededSha256?.[at])
    superseded.set(sequence, sha256(object))
    for (const file of segment.chunkFiles) if (!isGone(file.name)) files.set(file.name, file)
  }
  const supersedes = [...superseded.keys()].toSorted((a, b) => a - b)
  const hashes = supersedes.flatMap((number) => superseded.get(number) ?? [])
  const segment = { chunkFiles: [...files.values()], supersedes }
  return await writeSegment(vault, {
    ...segment,
    ...(hashes.length === supersedes.length && { supersededSha256: hashes }),
  })
}
