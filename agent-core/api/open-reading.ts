/**
 * Everything needed to read an item's points: its vault (or the cache alone, while the vault is away),
 * the catalogue, the tree and the blocks. Takes no lock; restores never wait for backups.
 */

import { isVaultTrouble } from '../backup/transfer.ts'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { readDateText } from '../base/date-text.ts'
import { openBase } from '../cache/base-db.ts'
import { Catalogue } from '../cache/catalogue.ts'
import { BlockReader, folderSource } from '../cache/chunk-reader.ts'
import { ExtentSource } from '../cache/extent-source.ts'
import { TreeReader } from '../cache/tree-reader.ts'
import { blockId } from '../codec/block-id.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { PointId } from '../contract/ids.ts'
import { decodePointManifest, type PointManifest } from '../format/point.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import { type PointState, readPointStates, unmarkedState } from '../vault/point-states.ts'
import type { Vault } from '../vault/vault.ts'
import type { Tier } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { isWholeInCache } from './instant-tier.ts'
import { knownItem } from './item-verbs.ts'
import { openMarkMemory } from './mark-memory.ts'
import { keysOf, knownVault, openKnownVault } from './open-vault.ts'

export interface ReadablePoint {
  readonly manifest: PointManifest
  readonly tiers: readonly Tier[]
  /** What has become of it since it was made. */
  readonly state: PointState
}

/** A point of the vault whose manifest or confirmation is damaged. */
interface DamagedPoint {
  readonly id: PointId
  readonly error: AgentError
}

export class ItemReading implements AsyncDisposable {
  readonly item: Item
  readonly known: KnownVault
  readonly keys: KeyspaceKeys
  readonly catalogue: Catalogue
  readonly tree: TreeReader
  readonly blocks: BlockReader
  /** For threads that read blocks by themselves. */
  readonly extents: ExtentSource
  /** The vault, or why it cannot be had now. */
  readonly vault: Vault | AgentError

  readonly #deps: AgentDeps
  readonly #isBehind: boolean

  /** `isBehind`: the vault's index has what the base here does not know. */
  constructor(
    parts: Pick<ItemReading, 'item' | 'known' | 'keys' | 'catalogue' | 'vault'> & { readonly isBehind: boolean },
    deps: AgentDeps,
  ) {
    this.item = parts.item
    this.known = parts.known
    this.keys = parts.keys
    this.catalogue = parts.catalogue
    this.vault = parts.vault
    this.#deps = deps
    this.#isBehind = parts.isBehind
    const cached = folderSource(deps.paths.chunks)
    const sources = 'store' in this.vault ? [cached, this.vault.chunkSource()] : [cached]
    const unavailable = 'store' in this.vault ? {} : { unavailable: this.vault }
    this.blocks = new BlockReader(this.catalogue, sources, this.keys, unavailable)
    this.extents = new ExtentSource(this.catalogue, sources, this.keys)
    this.tree = new TreeReader(async (id) => {
      const page = this.catalogue.base.treePage(id)
      // The base may have rotted where SQLite does not see it.
      return page !== undefined && blockId(this.keys.id, page).equals(id) ? page : await this.blocks.read(id)
    })
  }

  /**
   * All readable points, oldest first: those of the vault, then those that wait for it. Damaged ones are left out
   * and logged. A vault that is away is told as a remark. Throws the vault's error when it is away and nothing waits in the cache, the damage when no point
   * is readable.
   */
  async points(): Promise<ReadablePoint[]> {
    const { readable, damaged } = await this.#read()
    const last = damaged.at(-1)
    if (readable.length === 0 && last !== undefined) throw last.error
    return readable
  }

  /**
   * The point that `wanted` names: `latest`, an id or the beginning of one, or a date or time (the newest
   * readable point not after it). One in the trash is found by its id alone. Throws `point.not-found`, `point.ambiguous`, `usage.invalid` for a date that no
   * calendar has, and the damage of a point that is named by its id.
   */
  async point(wanted: string): Promise<ReadablePoint> {
    const untilMs = timeOf(wanted)
    if (wanted !== 'latest' && untilMs === undefined) return await this.#pointOfId(wanted)
    const points = (await this.points()).filter(({ state }) => state.deleted === undefined)
    const point = untilMs === undefined ? points.at(-1) : points.findLast(({ manifest }) => manifest.timeMs <= untilMs)
    if (point === undefined) throw this.#notFound(wanted)
    return point
  }

  async #pointOfId(wanted: string): Promise<ReadablePoint> {
    const { readable, damaged } = await this.#read()
    const beginning = wanted.toLowerCase()
    const points = new Map<PointId, ReadablePoint | AgentError>([
      ...damaged.map(({ id, error }) => [id, error] as const),
      ...readable.map((point) => [point.manifest.id, point] as const),
    ])
    const matches = /^[0-9a-f]{1,32}$/.test(beginning) ? [...points].filter(([id]) => id.startsWith(beginning)) : []
    const [match] = matches
    if (match === undefined) throw this.#notFound(wanted)
    if (matches.length > 1) {
      throw new AgentError('point.ambiguous', { point: wanted, matches: matches.map(([id]) => id) })
    }
    const [, point] = match
    if (point instanceof AgentError) throw point
    return point
  }

  #notFound(wanted: string): AgentError {
    return new AgentError('point.not-found', { item: this.item.name, point: wanted })
  }

  async #read(): Promise<{ readonly readable: ReadablePoint[]; readonly damaged: readonly DamagedPoint[] }> {
    const waiting = this.#waiting()
    if (!('store' in this.vault)) {
      if (waiting.length === 0) throw this.vault
      this.#deps.remark?.(`${this.vault.message} Only points that wait for it in the cache are seen.`)
      return { readable: waiting, damaged: [] }
    }
    const confirmed: ReadablePoint[] = []
    const tiers: readonly Tier[] = this.#isWholeInCache() ? ['instant', 'vault'] : ['vault']
    const damaged: DamagedPoint[] = []
    const states = await readPointStates(this.vault, { memory: await openMarkMemory(this.#deps, this.vault) })
    for (const listed of await this.vault.listPoints(this.item.id)) {
      if (listed.confirmationName === undefined) continue
      try {
        const { manifest } = await this.vault.readPoint(listed)
        confirmed.push({ manifest, tiers, state: states.of(manifest.id) })
      } catch (error) {
        if (!isDamage(error)) throw error
        this.#deps.log.warn('left out a damaged point', { point: listed.point, reason: error.message })
        damaged.push({ id: listed.point, error })
      }
    }
    const ids = new Set(confirmed.map(({ manifest }) => manifest.id))
    const others = waiting.filter(({ manifest }) => !ids.has(manifest.id))
    const marked = others.map((point) => ({ ...point, state: states.of(point.manifest.id) }))
    const readable = [...confirmed.toSorted(bySequence), ...marked]
    return { readable, damaged }
  }

  #isWholeInCache(): boolean {
    const { base } = this.catalogue
    return !this.#isBehind && isWholeInCache(base, this.#deps.paths.chunks, this.keys.keyspace)
  }

  /** Points that the vault has not confirmed; those captured while the base was lost may have low numbers yet. */
  #waiting(): ReadablePoint[] {
    return this.catalogue.base
      .unconfirmedPoints(this.known.id)
      .filter((point) => point.item === this.item.id)
      .map(({ manifest }) => ({
        manifest: decodePointManifest(manifest, 'captured point'),
        tiers: ['instant' as const],
        state: unmarkedState,
      }))
      .toSorted(bySequence)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.catalogue[Symbol.dispose]()
    if ('store' in this.vault) await this.vault.store.close()
  }
}

/** Opens an item for reading; throws `item.not-found`, `vault.locked`. */
export async function openItemReading(deps: AgentDeps, name: string): Promise<ItemReading> {
  const item = knownItem(deps, name)
  const known = knownVault(deps, item.vaults[0] as string)
  const vault = await openKnownVault(deps, known).catch((error: unknown) => {
    if (isVaultTrouble(error)) return error
    throw error
  })
  const catalogue = new Catalogue(openBase(deps.paths.base, { readOnly: true }))
  try {
    const keys = 'store' in vault ? vault.keys : await keysOf(deps, known, undefined)
    let isBehind = false
    if ('store' in vault) {
      const { keyspace } = vault.keys
      // What a damaged segment lists may lie elsewhere too: what cannot be read is told file by file.
      const onDamage = (error: AgentError, sequence: number) => {
        deps.log.warn('left out a damaged index segment', { vault: known.name, sequence, reason: error.message })
        deps.remark?.(
          `A part of the vault's index is damaged; run "tharsis vault verify ${known.name}". ${error.message}`,
        )
      }
      for await (const read of vault.readIndex(catalogue.base.lastIndexSeen(vault.id, keyspace), onDamage)) {
        catalogue.add(vault.id, keyspace, read)
        isBehind = true
      }
    }
    return new ItemReading({ item, known, keys, catalogue, vault, isBehind }, deps)
  } catch (error) {
    catalogue[Symbol.dispose]()
    if ('store' in vault) await vault.store.close()
    throw error
  }
}

function isDamage(error: unknown): error is AgentError {
  return isAgentError(error, 'format.invalid') || isAgentError(error, 'store.not-found')
}

function bySequence(a: ReadablePoint, b: ReadablePoint): number {
  return a.manifest.sequence - b.manifest.sequence
}

/** `2026-11-22` (the whole day), `2026-11-22 14:30` (the whole minute), or ISO 8601. Throws `usage.invalid`. */
function timeOf(text: string): number | undefined {
  const date = readDateText(text)
  if (date !== 'impossible') return date?.endMs
  throw new AgentError('usage.invalid', {
    problem: `There is no such date or time: ${text}.`,
    advice: 'Write it like 2026-11-22 or "2026-11-22 14:30", or give "latest" or the id of a point.',
  })
}
