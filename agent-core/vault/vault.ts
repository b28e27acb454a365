/**
 * One machine's view of a vault: the sealed objects of its keyspace, read and written in the order
 * of docs/format/write-order.md. It knows names and seals; what to write when is decided in backup/.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { Random } from '../base/random.ts'
import { sha256 } from '../codec/block-id.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import { openObject, sealObject } from '../codec/seal-object.ts'
import type { ChunkFileName, ItemId, VaultId } from '../contract/ids.ts'
import {
  type Definitions,
  decodeDefinitions,
  decodeKeyspaceFacts,
  encodeDefinitions,
  type KeyspaceFacts,
} from '../format/definitions.ts'
import { encodeIndexSegment, type IndexSegment } from '../format/index-segment.ts'
import {
  type Confirmation,
  decodeConfirmation,
  decodePointManifest,
  encodeConfirmation,
  encodePointManifest,
  type PointManifest,
} from '../format/point.ts'
import {
  keyspaceLayout,
  type PointObjectName,
  parseChunkName,
  parsePointName,
  parseSequenceName,
} from '../format/vault-layout.ts'
import type { ObjectStore } from './object-store.ts'
import { readObject } from './read-object.ts'

export interface VaultOptions {
  readonly store: ObjectStore
  readonly id: VaultId
  readonly keys: KeyspaceKeys
  readonly random: Random
}

/** A point as a listing shows it. */
export interface ListedPoint extends PointObjectName {
  readonly name: string
  /** When it was put, by the store's clock; of a lost one, when its confirmation was. */
  readonly storedAtMs: number
  /** The confirmation is there, the manifest is not: damage, since a removal takes the confirmation first. */
  readonly isLost?: true
  /** The confirmation's object name; absent while the point is provisional. */
  readonly confirmationName?: string
  /** When that was put. */
  readonly confirmationStoredAtMs?: number
}

/** A point's manifest with the sealed object it stands in. */
export interface ReadPoint {
  readonly manifest: PointManifest
  readonly object: Buffer
}

/** The newest definitions with their number. */
export interface ReadDefinitions {
  readonly sequence: number
  readonly definitions: Definitions
}

export class Vault {
  readonly id: VaultId
  readonly store: ObjectStore
  readonly keys: KeyspaceKeys
  readonly layout: ReturnType<typeof keyspaceLayout>
  readonly random: Random

  constructor(options: VaultOptions) {
    this.id = options.id
    this.store = options.store
    this.keys = options.keys
    this.layout = keyspaceLayout(options.keys.keyspace)
    this.random = options.random
  }

  /** What the keyspace says of itself; throws `format.invalid` when it is another vault's. */
  async readFacts(): Promise<KeyspaceFacts> {
    const name = this.layout.facts
    return decodeKeyspaceFacts(openObject(this.keys, 'keyspace', name, await readObject(this.store, name)), name)
  }

  /** Lengths of the chunk files that the vault holds, by name. */
  async listChunkFiles(): Promise<Map<ChunkFileName, number>> {
    const files = new Map<ChunkFileName, number>()
    for await (const { name, sizeBytes } of this.store.list(this.layout.chunks)) {
      const chunk = parseChunkName(name)
      if (chunk !== undefined) files.set(chunk, sizeBytes)
    }
    return files
  }

  /**
   * What stands under the number of an index segment: the SHA-256 of an authentic segment, `damaged` for bytes
   * that do not open, undefined when there is nothing.
   */
  async hashIndexSegment(sequence: number): Promise<Buffer | 'damaged' | undefined> {
    const name = this.layout.indexSegment(sequence)
    try {
      const object = await readObject(this.store, name)
      openObject(this.keys, 'index', name, object)
      return sha256(object)
    } catch (error) {
      if (isAgentError(error, 'store.not-found')) return undefined
      if (isAgentError(error, 'format.invalid')) return 'damaged'
      throw error
    }
  }

  /**
   * Writes an index segment under the number after `lastSeen`. Throws `store.conflict` when another writer
   * took that number: its segment is to be read before the next try.
   */
  async writeIndex(
    lastSeen: number,
    segment: IndexSegment,
  ): Promise<{ sequence: number; sizeBytes: number; sha256: Buffer }> {
    const sequence = lastSeen + 1
    const name = this.layout.indexSegment(sequence)
    const object = sealObject(this.keys, 'index', name, encodeIndexSegment(segment), this.random)
    await this.store.put(name, object)
    return { sequence, sizeBytes: object.length, sha256: sha256(object) }
  }

  /**
   * Points of one item, or of all, in the order of their numbers; provisional ones without a confirmation. Lost ones, which only
   * a confirmation tells of, with `lost` alone.
   */
  async listPoints(item?: ItemId, { lost = false }: { readonly lost?: boolean } = {}): Promise<ListedPoint[]> {
    const prefix = item === undefined ? this.layout.points : this.layout.itemPoints(item)
    const points = new Map<string, ListedPoint>()
    for await (const { name, modifiedAtMs } of this.store.list(prefix)) {
      const parsed = parsePointName(name)
      if (parsed === undefined) continue
      if (!parsed.confirmation) {
        points.set(name, { ...parsed, name, storedAtMs: modifiedAtMs })
        continue
      }
      const pointName = name.slice(0, -'.ok'.length)
      const lostPoint = {
        ...parsed,
        confirmation: false,
        name: pointName,
        storedAtMs: modifiedAtMs,
        isLost: true,
      } as const
      const point = points.get(pointName) ?? (lost ? lostPoint : undefined)
      if (point === undefined) continue
      points.set(pointName, { ...point, confirmationName: name, confirmationStoredAtMs: modifiedAtMs })
    }
    return [...points.values()]
  }

  /** Reads a point; checks its confirmation where it has one. Throws `format.invalid` when they do not fit. */
  async readPoint(point: ListedPoint): Promise<ReadPoint> {
    const object = await readObject(this.store, point.name)
    const manifest = this.openPoint(point, object)
    if (point.confirmationName !== undefined) {
      const confirmation = await this.readConfirmation(point.confirmationName)
      if (!sha256(object).equals(confirmation.sha256)) {
        throw new AgentError('format.invalid', {
          what: point.confirmationName,
          offset: 0,
          reason: 'it confirms another manifest',
        })
      }
    }
    return { manifest, object }
  }

  /** The manifest in the object of a point. Throws `format.invalid` when it is damaged or another point's. */
  openPoint(point: ListedPoint, object: Buffer): PointManifest {
    const manifest = decodePointManifest(openObject(this.keys, 'point', point.name, object), point.name)
    if (manifest.id !== point.point || manifest.sequence !== point.sequence || manifest.item !== point.item) {
      throw new AgentError('format.invalid', {
        what: point.name,
        offset: 0,
        reason: 'the manifest is of another point',
      })
    }
    return manifest
  }

  async readConfirmation(name: string): Promise<Confirmation> {
    return decodeConfirmation(openObject(this.keys, 'confirmation', name, await readObject(this.store, name)), name)
  }

  /** Puts the provisional point; true when this call made it. */
  async putPoint(manifest: PointManifest, object: Uint8Array): Promise<boolean> {
    return await this.store.put(this.layout.point(manifest.item, manifest.sequence, manifest.id), object)
  }

  /** Confirms a point whose blocks are all durable and indexed here. A confirmation that is there already stays. */
  async confirmPoint(manifest: PointManifest, object: Uint8Array, nowMs: number): Promise<void> {
    const name = this.layout.confirmation(manifest.item, manifest.sequence, manifest.id)
    if ((await this.store.stat(name)) !== undefined) return
    const payload = encodeConfirmation({ point: manifest.id, sha256: sha256(object), confirmedAtMs: nowMs })
    await this.store.put(name, sealObject(this.keys, 'confirmation', name, payload, this.random))
  }

  /**
   * The newest definitions; undefined when none were written yet. When those are damaged, the newest before them
   * that are whole, with the number of the newest. Throws `vault.definitions-damaged` when none are whole.
   */
  async readDefinitions(): Promise<ReadDefinitions | undefined> {
    const names: string[] = []
    for await (const { name } of this.store.list(this.layout.definitions)) {
      if (parseSequenceName(name) !== undefined) names.push(name)
    }
    const newest = names.at(-1)
    if (newest === undefined) return undefined
    const sequence = parseSequenceName(newest) as number
    let damage: AgentError<'format.invalid'> | undefined
    for (const name of names.toReversed()) {
      try {
        const payload = openObject(this.keys, 'definitions', name, await readObject(this.store, name))
        return { sequence, definitions: decodeDefinitions(payload, name) }
      } catch (error) {
        if (!isAgentError(error, 'format.invalid')) throw error
        damage ??= error
      }
    }
    const reason = damage?.data.reason ?? 'nothing of it is whole'
    throw new AgentError('vault.definitions-damaged', { address: this.store.address, object: newest, reason }, damage)
  }

  /**
   * Writes definitions under the number after those that were read (undefined: the first). Throws `store.conflict` if it is
   * taken, `format.too-new` when those hold fields of a newer version, which would be lost.
   */
  async writeDefinitions(read: ReadDefinitions | undefined, definitions: Definitions): Promise<void> {
    const name = this.layout.definition((read?.sequence ?? -1) + 1)
    if (read?.definitions.hasUnknownFields) {
      const what = this.layout.definition(read.sequence)
      throw new AgentError('format.too-new', { what, reason: 'definitions with unknown fields' })
    }
    const object = sealObject(this.keys, 'definitions', name, encodeDefinitions(definitions), this.random)
    await this.store.put(name, object)
  }

  /** Reads ranges of this vault's chunk files; a missing one is `undefined`. */
  chunkSource() {
    const { store } = this
    return {
      label: 'vault',
      ...(store.localPath && { localPath: (name: ChunkFileName) => store.localPath?.(this.layout.chunk(name)) ?? '' }),
      read: async (name: ChunkFileName, offset: number, sizeBytes: number): Promise<Buffer | undefined> => {
        try {
          return await readObject(this.store, this.layout.chunk(name), { range: { offset, sizeBytes } })
        } catch (error) {
          if (isAgentError(error, 'store.not-found')) return undefined
          throw error
        }
      },
    }
  }
}

/** The sealed object of a manifest, the same for every vault of the keyspace. */
export function sealManifest(keys: KeyspaceKeys, manifest: PointManifest, random: Random): Buffer {
  const name = keyspaceLayout(keys.keyspace).point(manifest.item, manifest.sequence, manifest.id)
  return sealObject(keys, 'point', name, encodePointManifest(manifest), random)
}
