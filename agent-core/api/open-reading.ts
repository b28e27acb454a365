/**
 * Everything needed to read an item's points: the places that answer (or the cache alone, while none does), the
 * catalogue, the tree and the blocks. Takes no lock; restores never wait for backups.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { readDateText } from '../base/date-text.ts'
import { openBase } from '../cache/base-db.ts'
import { Catalogue } from '../cache/catalogue.ts'
import { BlockReader, folderSource } from '../cache/chunk-reader.ts'
import { ExtentSource } from '../cache/extent-source.ts'
import { TreeReader } from '../cache/tree-reader.ts'
import { blockId } from '../codec/block-id.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { PointId, VaultId } from '../contract/ids.ts'
import { decodePointManifest, type PointManifest } from '../format/point.ts'
import type { Item } from '../state/state-db.ts'
import { type PointState, type PointStates, readPointStates, unmarkedState } from '../vault/point-states.ts'
import { type ReadIndexSegment, readIndex, readLiveIndex } from '../vault/read-index.ts'
import type { ListedPoint } from '../vault/vault.ts'
import type { Tier } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { isWholeInCache } from './instant-tier.ts'
import { knownItem } from './known-item.ts'
import { knownVault } from './open-vault.ts'
import { pointsNamed } from './points-named.ts'
import { type ListedIn, readManifests } from './read-manifests.ts'
import { openReadingPlaces, type ReadingPlace, type ReadingPlaces } from './reading-places.ts'
import { openMarkMemory } from './vault-memory.ts'

export interface ReadablePoint {
  readonly manifest: PointManifest
  readonly tiers: readonly Tier[]
  /** Names of the item's vaults that have confirmed it. */
  readonly vaults: readonly string[]
  /** What has become of it since it was made. */
  readonly state: PointState
}

/** A point of the vault whose manifest or confirmation is damaged. */
export interface DamagedPoint {
  readonly listed: ListedPoint
  /** Names of the item's vaults that list it. */
  readonly vaults: readonly string[]
  readonly state: PointState
  readonly error: AgentError<'point.damaged'>
}

export class ItemReading implements AsyncDisposable {
  readonly item: Item
  readonly keys: KeyspaceKeys
  readonly catalogue: Catalogue
  readonly tree: TreeReader
  readonly blocks: BlockReader
  /** For threads that read blocks by themselves. */
  readonly extents: ExtentSource

  readonly #deps: AgentDeps
  readonly #places: ReadingPlaces
  readonly #isBehind: boolean

  /** `isBehind`: the index of a vault has what the base here does not know. */
  constructor(
    parts: Pick<ItemReading, 'item' | 'catalogue'> & { readonly places: ReadingPlaces; readonly isBehind: boolean },
    deps: AgentDeps,
  ) {
    const { item, catalogue, places, isBehind } = parts
    this.item = item
    this.keys = places.keys
    this.catalogue = catalogue
    this.#places = places
    this.#deps = deps
    this.#isBehind = isBehind
    const sources = [folderSource(deps.paths.chunks), ...places.open.map(({ vault }) => vault.chunkSource())]
    const spare = places.spareSource()
    const unavailable = places.trouble === undefined ? {} : { unavailable: places.trouble }
    this.blocks = new BlockReader(
      catalogue,
      spare === undefined ? sources : [...sources, spare],
      this.keys,
      unavailable,
    )
    this.extents = new ExtentSource(catalogue, sources, this.keys)
    this.tree = new TreeReader(async (id) => {
      const page = catalogue.base.pages.page(id)
      // The base may have rotted where SQLite does not see it.
      return page !== undefined && blockId(this.keys.id, page).equals(id) ? page : await this.blocks.read(id)
    })
  }

  /**
   * All readable points, oldest first: those that a vault has confirmed, then those that wait. Damaged ones are left out
   * and logged. Where no vault answers: those that the cache has whole, and a vault's error when there is none. Throws the
   * damage when no point is readable.
   */
  async points(): Promise<ReadablePoint[]> {
    return (await this.allPoints()).readable
  }

  /** As `points`, with the damaged ones apart. */
  async allPoints(): Promise<{ readonly readable: ReadablePoint[]; readonly damaged: readonly DamagedPoint[] }> {
    const all = await this.#read()
    const last = all.damaged.at(-1)
    if (all.readable.length === 0 && last !== undefined) throw last.error
    return all
  }

  /**
   * The point that `wanted` names: `latest`, an id, the beginning of one or a number (points-named.ts), or a date or time
   * (the newest readable point not after it). One in the trash is found by its id or number alone. Throws
   * `point.not-found`, `point.ambiguous`, `usage.invalid` for a date that no calendar has, and the damage of a point that is
   * named by its id or number.
   */
  async point(wanted: string): Promise<ReadablePoint> {
    const point = await this.pointOrDamaged(wanted)
    if ('error' in point) throw point.error
    return point
  }

  /** As `point`, for what need not know what is in it: a damaged one is found by its id. */
  async pointOrDamaged(wanted: string): Promise<ReadablePoint | DamagedPoint> {
    const untilMs = timeOf(wanted)
    if (wanted !== 'latest' && untilMs === undefined) return await this.#pointNamed(wanted)
    const points = (await this.points()).filter(({ state }) => state.deleted === undefined)
    const point = untilMs === undefined ? points.at(-1) : points.findLast(({ manifest }) => manifest.timeMs <= untilMs)
    if (point === undefined) throw this.#notFound(wanted)
    return point
  }

  async #pointNamed(wanted: string): Promise<ReadablePoint | DamagedPoint> {
    const { readable, damaged } = await this.#read()
    const matches = pointsNamed(
      [
        ...damaged.map((point) => ({ id: point.listed.point, sequence: point.listed.sequence, point })),
        ...readable.map((point) => ({ id: point.manifest.id, sequence: point.manifest.sequence, point })),
      ],
      wanted,
    )
    const [match] = matches
    if (match === undefined) throw this.#notFound(wanted)
    if (matches.length > 1) {
      throw new AgentError('point.ambiguous', { point: wanted, matches: matches.map(({ id }) => id) })
    }
    return match.point
  }

  /** Where a vault does not answer, it is not known that there is no such point. */
  #notFound(wanted: string): AgentError {
    const { trouble } = this.#places
    if (trouble !== undefined) return trouble
    return new AgentError('point.not-found', { item: this.item.name, point: wanted })
  }

  async #read(): Promise<{ readonly readable: ReadablePoint[]; readonly damaged: readonly DamagedPoint[] }> {
    const { open, trouble } = this.#places
    const waiting = this.#waiting()
    if (open.length === 0 && trouble !== undefined) {
      const readable = [...this.#lastConfirmed(waiting).toSorted(bySequence), ...waiting]
      if (readable.length === 0) throw trouble
      this.#deps.remark?.(`${trouble.message} Only points that the cache holds are seen.`)
      return { readable, damaged: [] }
    }
    const tiers: readonly Tier[] = this.#isWholeInCache() ? ['instant', 'vault'] : ['vault']
    const found = new Map<PointId, [ListedIn, ...ListedIn[]]>()
    const states: PointStates[] = []
    for (const place of open) {
      states.push(await readPointStates(place.vault, { memory: await openMarkMemory(this.#deps, place.vault) }))
      for (const listed of await place.vault.listPoints(this.item.id, { lost: true })) {
        if (listed.confirmationName === undefined) continue
        const known = found.get(listed.point)
        if (known === undefined) found.set(listed.point, [{ place, listed }])
        else known.push({ place, listed })
      }
    }
    // A vault that was away when a point was marked has no marks of it yet.
    const stateOf = (id: PointId) => states.find(({ marked }) => marked.has(id))?.of(id) ?? unmarkedState
    const confirmed: ReadablePoint[] = []
    const damaged: DamagedPoint[] = []
    const manifests = await readManifests(this.#deps, this.item.id, this.#places, [...found.values()])
    for (const [id, listedIn] of found) {
      const manifest = manifests.get(id) as PointManifest | AgentError
      const vaults = listedIn.map(({ place }) => place.known.name)
      if (manifest instanceof AgentError) damaged.push(this.#damaged(listedIn, stateOf(id), manifest))
      else confirmed.push({ manifest, tiers, vaults, state: stateOf(id) })
    }
    const others = waiting.filter(({ manifest }) => !found.has(manifest.id))
    const marked = others.map((point) => ({ ...point, state: stateOf(point.manifest.id) }))
    const readable = [...confirmed.toSorted(bySequence), ...marked]
    return { readable, damaged }
  }

  #damaged(listedIn: readonly [ListedIn, ...ListedIn[]], state: PointState, damage: AgentError): DamagedPoint {
    const [{ listed, place }] = listedIn
    const { name: vault } = place.known
    const data = { item: this.item.name, point: listed.point, vault, reason: withoutFullStop(damage.message) }
    const vaults = listedIn.map((one) => one.place.known.name)
    return { listed, vaults, state, error: new AgentError('point.damaged', data, damage) }
  }

  #isWholeInCache(): boolean {
    const { base } = this.catalogue
    return !this.#isBehind && isWholeInCache(base, this.#deps.paths.chunks, this.keys.keyspace)
  }

  /** Points that no vault may have confirmed yet; those captured while the base was lost may have low numbers. */
  #waiting(): ReadablePoint[] {
    const { base } = this.catalogue
    const points = new Map<PointId, ReadablePoint>()
    for (const name of this.item.vaults) {
      for (const { id, item, manifest } of base.unconfirmedPoints(knownVault(this.#deps, name).id)) {
        if (item !== this.item.id) continue
        const decoded = decodePointManifest(manifest, 'captured point')
        points.set(id, { manifest: decoded, tiers: ['instant'], vaults: [], state: unmarkedState })
      }
    }
    return [...points.values()].toSorted(bySequence)
  }

  /** The newest point that each vault has confirmed, where the cache has all payload; without those that wait elsewhere. */
  #lastConfirmed(waiting: readonly ReadablePoint[]): ReadablePoint[] {
    if (!this.#isWholeInCache()) return []
    const points = new Map<PointId, ReadablePoint & { readonly vaults: string[] }>()
    for (const name of this.item.vaults) {
      const encoded = this.catalogue.base.lastConfirmed(knownVault(this.#deps, name).id, this.item.id)
      if (encoded === undefined) continue
      const manifest = this.#decodeKept(encoded)
      if (manifest === undefined || waiting.some((point) => point.manifest.id === manifest.id)) continue
      const known = points.get(manifest.id)
      if (known !== undefined) known.vaults.push(name)
      else points.set(manifest.id, { manifest, tiers: ['instant', 'vault'], vaults: [name], state: unmarkedState })
    }
    return [...points.values()]
  }

  /** What the base keeps may have rotted where SQLite does not see it. */
  #decodeKept(encoded: Uint8Array): PointManifest | undefined {
    try {
      return decodePointManifest(encoded, 'confirmed point')
    } catch (error) {
      if (!isAgentError(error, 'format.invalid')) throw error
      this.#deps.log.warn('left out a point that the base keeps', { item: this.item.id, reason: error.message })
      return undefined
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.catalogue[Symbol.dispose]()
    await this.#places[Symbol.asyncDispose]()
  }
}

/** Opens an item for reading; throws `item.not-found`, `vault.locked`. */
export async function openItemReading(deps: AgentDeps, name: string): Promise<ItemReading> {
  const item = knownItem(deps, name)
  const places = await openReadingPlaces(deps, item)
  const catalogue = new Catalogue(openBase(deps.paths.base, { readOnly: true }))
  try {
    let isBehind = false
    for (const place of places.open) {
      if (await readUnseenIndex(deps, place, places, catalogue)) isBehind = true
    }
    return new ItemReading({ item, catalogue, places, isBehind }, deps)
  } catch (error) {
    catalogue[Symbol.dispose]()
    await places[Symbol.asyncDispose]()
    throw error
  }
}

/** Adds to the catalogue what the base has not seen of a place's index; true when there was something. */
async function readUnseenIndex(
  deps: AgentDeps,
  { known, vault }: ReadingPlace,
  places: ReadingPlaces,
  catalogue: Catalogue,
): Promise<boolean> {
  const { keyspace } = vault.keys
  const damages = new Map<number, AgentError>()
  let isBehind = false
  const onDamage = (error: AgentError, sequence: number) => void damages.set(sequence, error)
  for await (const read of readLiveIndex(vault, catalogue.base.segments.last(vault.id, keyspace), onDamage)) {
    catalogue.add(vault.id, keyspace, read)
    isBehind = true
  }
  for (const [sequence, error] of damages) {
    isBehind = true
    const spare = await readSpareSegment(places, vault.id, sequence)
    if (spare !== undefined) {
      catalogue.add(vault.id, keyspace, spare)
      continue
    }
    // What a damaged segment lists may lie elsewhere too: what cannot be read is told file by file.
    deps.log.warn('left out a damaged index segment', { vault: known.name, sequence, reason: error.message })
    deps.remark?.(`A part of the vault's index is damaged; run "tharsis vault verify ${known.name}". ${error.message}`)
  }
  return isBehind
}

/** An index segment of a vault from its replica; undefined when that has no whole one. */
async function readSpareSegment(
  places: ReadingPlaces,
  vaultId: VaultId,
  sequence: number,
): Promise<ReadIndexSegment | undefined> {
  const place = (await places.spares()).find(({ vault }) => vault.id === vaultId)
  if (place === undefined) return undefined
  for await (const read of readIndex(place.vault, sequence - 1, () => undefined)) {
    if (read.sequence !== sequence) return undefined
    places.tellSpare(place)
    return read
  }
  return undefined
}

function withoutFullStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}

function bySequence(a: ReadablePoint, b: ReadablePoint): number {
  return a.manifest.sequence - b.manifest.sequence || a.manifest.timeMs - b.manifest.timeMs
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
