/**
 * Everything needed to read an item's points: its vault (or the cache alone, while the vault is away),
 * the catalogue, the tree and the blocks. Takes no lock; restores never wait for backups.
 */

import { isVaultTrouble } from '../backup/transfer.ts'
import { AgentError } from '../base/agent-error.ts'
import { openBase } from '../cache/base-db.ts'
import { Catalogue } from '../cache/catalogue.ts'
import { BlockReader, folderSource } from '../cache/chunk-reader.ts'
import { TreeReader } from '../cache/tree-reader.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import { decodePointManifest, type PointManifest } from '../format/point.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import type { Vault } from '../vault/vault.ts'
import type { Tier } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownItem } from './item-verbs.ts'
import { keysOf, knownVault, openKnownVault } from './open-vault.ts'

export interface ReadablePoint {
  readonly manifest: PointManifest
  readonly tiers: readonly Tier[]
}

export class ItemReading implements AsyncDisposable {
  readonly item: Item
  readonly known: KnownVault
  readonly keys: KeyspaceKeys
  readonly catalogue: Catalogue
  readonly tree: TreeReader
  readonly blocks: BlockReader
  /** The vault, or why it cannot be had now. */
  readonly vault: Vault | AgentError

  constructor(parts: Pick<ItemReading, 'item' | 'known' | 'keys' | 'catalogue' | 'vault'>, chunkFolder: string) {
    this.item = parts.item
    this.known = parts.known
    this.keys = parts.keys
    this.catalogue = parts.catalogue
    this.vault = parts.vault
    const cached = folderSource(chunkFolder)
    const sources = 'store' in this.vault ? [cached, this.vault.chunkSource()] : [cached]
    this.blocks = new BlockReader(this.catalogue, sources, this.keys)
    this.tree = new TreeReader(async (id) => this.catalogue.base.treePage(id) ?? (await this.blocks.read(id)))
  }

  /** All readable points, oldest first. Throws the vault's error when it is away and nothing waits in the cache. */
  async points(): Promise<ReadablePoint[]> {
    const { base } = this.catalogue
    const waiting = base.unconfirmedPoints(this.known.id).filter((point) => point.item === this.item.id)
    const points = new Map<string, ReadablePoint>()
    for (const point of waiting) {
      const manifest = decodePointManifest(point.manifest, 'captured point')
      points.set(manifest.id, { manifest, tiers: ['instant'] })
    }
    if ('store' in this.vault) {
      const listed = (await this.vault.listPoints(this.item.id)).filter((point) => point.confirmationName !== undefined)
      for (const point of listed) {
        const { manifest } = await this.vault.readPoint(point)
        points.set(manifest.id, { manifest, tiers: ['vault'] })
      }
    } else if (points.size === 0) {
      throw this.vault
    }
    return [...points.values()].toSorted((a, b) => a.manifest.sequence - b.manifest.sequence)
  }

  /**
   * The point that `wanted` names: `latest`, an id or the beginning of one, or a date or time (the newest
   * point not after it). Throws `point.not-found`, `point.ambiguous`.
   */
  async point(wanted: string): Promise<ReadablePoint> {
    const points = await this.points()
    const notFound = () => new AgentError('point.not-found', { item: this.item.name, point: wanted })
    if (wanted === 'latest') {
      const latest = points.at(-1)
      if (latest === undefined) throw notFound()
      return latest
    }
    const untilMs = timeOf(wanted)
    if (untilMs !== undefined) {
      const before = points.findLast(({ manifest }) => manifest.timeMs <= untilMs)
      if (before === undefined) throw notFound()
      return before
    }
    const matches = /^[0-9a-f]{1,32}$/i.test(wanted)
      ? points.filter(({ manifest }) => manifest.id.startsWith(wanted.toLowerCase()))
      : []
    const [match] = matches
    if (match === undefined) throw notFound()
    if (matches.length > 1) {
      throw new AgentError('point.ambiguous', { point: wanted, matches: matches.map(({ manifest }) => manifest.id) })
    }
    return match
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.catalogue[Symbol.dispose]()
    if ('store' in this.vault) await this.vault.store.close()
  }
}

/** Opens an item for reading; throws `item.not-found`, `vault.locked`. */
export async function openItemReading(deps: AgentDeps, name: string): Promise<ItemReading> {
  const item = knownItem(deps, name)
  const known = knownVault(deps, item.vault)
  const vault = await openKnownVault(deps, known).catch((error: unknown) => {
    if (isVaultTrouble(error)) return error
    throw error
  })
  const catalogue = new Catalogue(openBase(deps.paths.base, { readOnly: true }))
  try {
    const keys = 'store' in vault ? vault.keys : await keysOf(deps, known, undefined)
    if ('store' in vault) {
      const { keyspace } = vault.keys
      for await (const { sequence, segment } of vault.readIndex(catalogue.base.lastIndexSeen(vault.id, keyspace))) {
        catalogue.add(vault.id, keyspace, sequence, segment)
      }
    }
    return new ItemReading({ item, known, keys, catalogue, vault }, deps.paths.chunks)
  } catch (error) {
    catalogue[Symbol.dispose]()
    if ('store' in vault) await vault.store.close()
    throw error
  }
}

/** `2026-11-22` (the whole day), `2026-11-22 14:30`, or ISO 8601; local time unless it says otherwise. */
function timeOf(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text)
  if (match === null) return undefined
  const [, day, time, zone] = match
  const ms = Date.parse(`${day}T${time ?? '23:59:59.999'}${zone ?? ''}`)
  if (Number.isNaN(ms)) return undefined
  // "14:30" means the whole of that minute.
  return time !== undefined && time.length === 5 ? ms + 59_999 : ms
}
