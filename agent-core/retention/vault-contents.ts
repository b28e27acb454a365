/**
 * What a clean-up must know of a vault, read from the vault itself: nothing is deleted by what a cache says. Only manifests may
 * have been kept since an earlier reading: they are authentic, never change under their name, and count while they are listed.
 * The order is that of docs/format/write-order.md, *Deleting*: points, intents, index.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
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
  /** Its damage where the manifest cannot be read: then nobody knows what the point needs. */
  readonly manifest: PointManifest | AgentError
  /** Of its object as it was stored; of a damaged one as its confirmation tells, or a point that names it as parent; else zeros. */
  readonly sha256: Buffer
  readonly isConfirmed: boolean
  /** When it was put, by the store's clock. */
  readonly storedAtMs: number
  readonly state: PointState
  /** A clean-up has begun to remove this object: a point that came back under a new number has another hash. */
  readonly hasTombstone: boolean
}

export type ReadableVaultPoint = VaultPoint & { readonly manifest: PointManifest }

export function isReadable(point: VaultPoint): point is ReadableVaultPoint {
  return !(point.manifest instanceof AgentError)
}

/** All points of a vault, also provisional ones. One LIST each of points, marks and tombstones; those that are `known` are not read. */
export async function readPoints(
  vault: Vault,
  manifests: KeyspaceManifests,
  { known, signal }: { readonly known?: ReadonlyMap<PointId, VaultPoint>; readonly signal?: AbortSignal } = {},
): Promise<Map<PointId, VaultPoint>> {
  const listed = await vault.listPoints(undefined, { lost: true })
  const states = await readPointStates(vault, signal === undefined ? {} : { signal })
  const { tombstones } = await readLedger(vault)
  const read = await inLanes(listed, lanes, async (point) => {
    signal?.throwIfAborted()
    const before = known?.get(point.point)
    // One that could not be read may have been healed meanwhile.
    return before !== undefined && isReadable(before) ? before : await readManifest(vault, point, manifests)
  })
  await manifests.keep()
  const told = hashesToldByChildren(read)
  const points = listed.map((point, at) => {
    const { manifest, sha256: own } = read[at] as (typeof read)[number]
    const hash = own ?? told.get(point.point) ?? Buffer.alloc(32)
    const tombstone = tombstones.get(point.point)
    return {
      listed: point,
      manifest,
      sha256: hash,
      isConfirmed: point.confirmationName !== undefined,
      storedAtMs: point.storedAtMs,
      state: states.of(point.point),
      // What cannot be read is known by its name, which is never used twice.
      hasTombstone:
        tombstone !== undefined &&
        (manifest instanceof AgentError
          ? tombstone.sequence === point.sequence && tombstone.item === point.item
          : hash.equals(tombstone.sha256)),
    }
  })
  return new Map(points.map((point) => [point.listed.point, point]))
}

interface ReadManifest {
  readonly manifest: PointManifest | AgentError
  /** Undefined: the manifest is damaged, and no confirmation tells. */
  readonly sha256: Buffer | undefined
}

async function readManifest(vault: Vault, listed: ListedPoint, manifests: KeyspaceManifests): Promise<ReadManifest> {
  try {
    const { manifest, object } = await manifests.read(listed)
    return { manifest, sha256: sha256(object) }
  } catch (error) {
    if (!confirmationTrouble.some((code) => isAgentError(error, code))) throw error
    // Only its confirmation may be so, which is nothing to a clean-up.
    return await readManifestAlone(vault, listed)
  }
}

async function readManifestAlone(vault: Vault, listed: ListedPoint): Promise<ReadManifest> {
  const object = await orDamage(listed, async () => await readObject(vault.store, listed.name))
  const manifest =
    object instanceof AgentError ? object : await orDamage(listed, async () => vault.openPoint(listed, object))
  if (!(manifest instanceof AgentError)) return { manifest, sha256: sha256(object as Buffer) }
  const { confirmationName } = listed
  if (confirmationName === undefined) return { manifest, sha256: undefined }
  try {
    const confirmation = await vault.readConfirmation(confirmationName)
    return { manifest, sha256: confirmation.point === listed.point ? Buffer.from(confirmation.sha256) : undefined }
  } catch (error) {
    if (!confirmationTrouble.some((code) => isAgentError(error, code))) throw error
    return { manifest, sha256: undefined }
  }
}

/** What `read` answers, or the damage; what a newer version has written is none. */
async function orDamage<Value>({ isLost }: ListedPoint, read: () => Promise<Value>): Promise<Value | AgentError> {
  try {
    return await read()
  } catch (error) {
    if (isAgentError(error, 'format.invalid') || (isLost && isAgentError(error, 'store.not-found'))) return error
    throw error
  }
}

/** Each point names its parent's object by hash. */
function hashesToldByChildren(points: readonly ReadManifest[]): ReadonlyMap<PointId, Buffer> {
  return new Map(
    points.flatMap(({ manifest }) => {
      if (manifest instanceof AgentError || manifest.parent === undefined) return []
      return [[manifest.parent.id, Buffer.from(manifest.parent.sha256)]]
    }),
  )
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
