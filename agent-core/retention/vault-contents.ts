/**
 * What a clean-up must know of a vault, read from the vault itself: nothing is deleted by what a cache says. Only manifests may
 * have been kept since an earlier reading: they are authentic, never change under their name, and count while they are listed.
 * The order is that of docs/format/write-order.md, *Deleting*: points, intents, index.
 */
import { isAgentError } from '../base/agent-error.ts'
import { VaultIndex } from '../cache/vault-index.ts'
import { sha256 } from '../codec/block-id.ts'
import type { ChunkFileName, IntentId, PointId } from '../contract/ids.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import type { PointManifest } from '../format/point.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import { listIntents, type OpenIntent, readIndexGone, readOpenIntents } from '../vault/clean-ups.ts'
import { inLanes } from '../vault/in-lanes.ts'
import type { KeyspaceManifests } from '../vault/manifest-memory.ts'
import { type PointState, readPointStates } from '../vault/point-states.ts'
import { readIndex } from '../vault/read-index.ts'
import { readObject } from '../vault/read-object.ts'
import { readLedger } from '../vault/tombstone-ledger.ts'
import type { ListedPoint, Vault } from '../vault/vault.ts'

/** Points that are read at the same time. */
const lanes = 16

/** What reading a point throws when one of its two objects is damaged, gone or too new. */
const confirmationTrouble = ['format.invalid', 'store.not-found', 'format.too-new'] as const

/** A point as a clean-up sees it. */
export interface VaultPoint {
  readonly listed: ListedPoint
  readonly manifest: PointManifest
  /** Of its object. */
  readonly sha256: Buffer
  readonly isConfirmed: boolean
  /** When it was put, by the store's clock. */
  readonly storedAtMs: number
  readonly state: PointState
  /** A clean-up has begun to remove this object: a point that came back under a new number has another hash. */
  readonly hasTombstone: boolean
}

/** All points of a vault, also provisional ones. One LIST each of points, marks and tombstones; those that are `known` are not read. */
export async function readPoints(
  vault: Vault,
  manifests: KeyspaceManifests,
  { known, signal }: { readonly known?: ReadonlyMap<PointId, VaultPoint>; readonly signal?: AbortSignal } = {},
): Promise<Map<PointId, VaultPoint>> {
  const listed = await vault.listPoints()
  const states = await readPointStates(vault, signal === undefined ? {} : { signal })
  const { tombstones } = await readLedger(vault)
  const points = await inLanes(listed, lanes, async (point) => {
    signal?.throwIfAborted()
    const { manifest, sha256: hash } = known?.get(point.point) ?? (await readManifest(vault, point, manifests))
    return {
      listed: point,
      manifest,
      sha256: hash,
      isConfirmed: point.confirmationName !== undefined,
      storedAtMs: point.storedAtMs,
      state: states.of(point.point),
      hasTombstone: hash.equals(tombstones.get(point.point)?.sha256 ?? Buffer.alloc(0)),
    }
  })
  await manifests.keep()
  return new Map(points.map((point) => [point.listed.point, point]))
}

async function readManifest(vault: Vault, listed: ListedPoint, manifests: KeyspaceManifests) {
  try {
    const { manifest, object } = await manifests.read(listed)
    return { manifest, sha256: sha256(object) }
  } catch (error) {
    if (!confirmationTrouble.some((code) => isAgentError(error, code))) throw error
    // Only its confirmation may be so, which is nothing to a clean-up.
    const object = await readObject(vault.store, listed.name)
    return { manifest: vault.openPoint(listed, object), sha256: sha256(object) }
  }
}

/** A chunk file as it is listed. */
export interface ListedChunkFile {
  readonly sizeBytes: number
  readonly storedAtMs: number
}

export interface VaultContents {
  readonly intents: readonly OpenIntent[]
  readonly endedIntents: readonly IntentId[]
  readonly index: VaultIndex
  /** Numbers of the segments that none supersedes, and of those that are superseded and still there. */
  readonly segments: { readonly live: readonly number[]; readonly superseded: readonly number[] }
  readonly gone: ReadonlySet<ChunkFileName>
  /** The same for index-gone objects. */
  readonly goneObjects: { readonly live: readonly number[]; readonly superseded: readonly number[] }
  readonly listed: ReadonlyMap<ChunkFileName, ListedChunkFile>
}

/**
 * Reads intents, then the index, then the list of chunk files. Throws `format.invalid` when a segment is damaged: what it
 * names would count as needed by nobody. Memory: some 60 bytes for each block of the vault.
 */
export async function readContents(vault: Vault): Promise<VaultContents> {
  const intents = await readOpenIntents(vault)
  const { ended } = await listIntents(vault)
  const files = new Map<ChunkFileName, IndexedChunkFile>()
  const sequences: number[] = []
  const superseded = new Set<number>()
  for await (const { sequence, segment } of readIndex(vault, -1)) {
    sequences.push(sequence)
    for (const number of segment.supersedes) superseded.add(number)
    for (const file of segment.chunkFiles) {
      if (files.has(file.name)) continue
      decodeBlockTable(file.table, file.name)
      // A copy of the table: the segment's other bytes need not stay in memory.
      files.set(file.name, { ...file, table: Buffer.from(file.table) })
    }
  }
  const read = await readIndexGone(vault, -1)
  const gone = new Set(read.flatMap((object) => object.gone.chunkFiles))
  const supersededGone = new Set(read.flatMap((object) => object.gone.supersedes))
  const listed = new Map<ChunkFileName, ListedChunkFile>()
  for await (const { name, sizeBytes, modifiedAtMs } of vault.store.list(vault.layout.chunks)) {
    const chunk = parseChunkName(name)
    if (chunk !== undefined) listed.set(chunk, { sizeBytes, storedAtMs: modifiedAtMs })
  }
  const live = [...files.values()].filter(({ name }) => !gone.has(name))
  return {
    intents,
    endedIntents: ended,
    index: new VaultIndex(vault.keys.keyspace, live),
    segments: split(sequences, superseded),
    gone,
    goneObjects: split(
      read.map(({ sequence }) => sequence),
      supersededGone,
    ),
    listed,
  }
}

function split(sequences: readonly number[], superseded: ReadonlySet<number>) {
  return {
    live: sequences.filter((sequence) => !superseded.has(sequence)),
    superseded: sequences.filter((sequence) => superseded.has(sequence)),
  }
}
