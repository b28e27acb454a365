/**
 * The manifests of an item's points: those that this home has read before from its memory, the others from the first place
 * where they are whole. Without the memory a list of 10,000 points would take 20,000 requests each time.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { ItemId, PointId } from '../contract/ids.ts'
import type { PointManifest } from '../format/point.ts'
import { inLanes } from '../vault/in-lanes.ts'
import type { ManifestMemory } from '../vault/manifest-memory.ts'
import type { ListedPoint } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'
import type { ReadingPlace, ReadingPlaces } from './reading-places.ts'
import { openManifestMemory } from './vault-memory.ts'

/** Points that are read at the same time. */
const lanes = 16

/** A confirmed point in a place that lists it. */
export interface ListedIn {
  readonly place: ReadingPlace
  readonly listed: ListedPoint
}

/** The manifest of each point, or its damage where no place has it whole; spares are asked last. Throws a store's errors. */
export async function readManifests(
  deps: AgentDeps,
  item: ItemId,
  places: ReadingPlaces,
  points: readonly (readonly [ListedIn, ...ListedIn[]])[],
): Promise<Map<PointId, PointManifest | AgentError>> {
  const memories = new Map<ReadingPlace, ManifestMemory>()
  for (const place of places.open) {
    memories.set(place, await openManifestMemory(deps, place.vault, item))
  }
  const reading = new ManifestReading(deps, places, memories)
  const read = await inLanes(points, lanes, async (listedIn) => await reading.read(listedIn))
  for (const memory of memories.values()) await memory.keep()
  return new Map(points.map(([{ listed }], at) => [listed.point, read[at] as PointManifest | AgentError]))
}

class ManifestReading {
  readonly #deps: AgentDeps
  readonly #places: ReadingPlaces
  readonly #memories: ReadonlyMap<ReadingPlace, ManifestMemory>

  constructor(deps: AgentDeps, places: ReadingPlaces, memories: ReadonlyMap<ReadingPlace, ManifestMemory>) {
    this.#deps = deps
    this.#places = places
    this.#memories = memories
  }

  async read(listedIn: readonly [ListedIn, ...ListedIn[]]): Promise<PointManifest | AgentError> {
    let damage: AgentError | undefined
    const [{ listed }] = listedIn
    const spares = async () => (await this.#places.spares()).map((place) => ({ place, listed }))
    const tries = async (all: readonly ListedIn[]) => {
      for (const one of all) {
        const manifest = await this.#readIn(one)
        if (!(manifest instanceof AgentError)) return { manifest, place: one.place }
        damage ??= manifest
      }
      return undefined
    }
    const whole = await tries(listedIn)
    if (whole !== undefined) return whole.manifest
    const spare = await tries(await spares())
    if (spare === undefined) return damage as AgentError
    this.#places.tellSpare(spare.place)
    return spare.manifest
  }

  async #readIn({ place, listed }: ListedIn): Promise<PointManifest | AgentError> {
    try {
      const memory = this.#memories.get(place)
      const { manifest } = await (memory ?? { read: async (one) => await place.vault.readPoint(one) }).read(listed)
      return manifest
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#deps.log.warn('a damaged point', { point: listed.point, reason: error.message })
      return error
    }
  }
}

function isDamage(error: unknown): error is AgentError {
  return isAgentError(error, 'format.invalid') || isAgentError(error, 'store.not-found')
}
