/** What lies around items: folders that no backup enters, and folders that lie in each other. Found once for a list. */
import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Item } from '../state/state-db.ts'
import type { StorePlace } from '../state/store-place.ts'
import type { AgentDeps } from './agent-deps.ts'
import { isInside, realPathOfFuture } from './folder-checks.ts'

/** A folder that no backup enters, and what it is. */
export interface Barrier {
  readonly path: string
  readonly what: string
}

/** A sentence names so many folders or items, and says how many more there are. */
const mostNamed = 3

interface Owned {
  readonly path: string
  readonly item: Item
}

export class ItemSurroundings {
  readonly #barriers: readonly Barrier[]
  /** Protected folders by their path, and by each path above. */
  readonly #at = new Map<string, Owned[]>()
  readonly #below = new Map<string, Owned[]>()

  /** Of all items of a home. */
  constructor(items: readonly Item[], barriers: readonly Barrier[]) {
    this.#barriers = barriers
    for (const item of items) {
      for (const path of item.folders.map(String)) {
        add(this.#at, path, { path, item })
        for (const above of pathsAbove(path)) add(this.#below, above, { path, item })
      }
    }
  }

  /** What of the item is left out, or protected twice, as sentences. */
  remarksOn(item: Item): string[] {
    const folders = item.folders.map(String)
    return [...folders.flatMap((folder) => this.#leftOutOf(folder)), ...this.#protectedTwice(item, folders)]
  }

  #leftOutOf(folder: string): string[] {
    return this.#barriers
      .filter(({ path }) => path !== folder && isInside(path, folder))
      .map(({ path, what }) => `${path} lies in ${folder} and is left out: it is ${what}.`)
  }

  #protectedTwice(item: Item, folders: readonly string[]): string[] {
    const twice = new Map<string, Set<string>>()
    for (const folder of folders) {
      const inner = [...(this.#at.get(folder) ?? []), ...(this.#below.get(folder) ?? [])]
      const outer = pathsAbove(folder).flatMap((above) => this.#at.get(above) ?? [])
      const shared = [...inner, ...outer.map((owned) => ({ ...owned, path: folder }))]
      for (const { path, item: other } of shared) {
        if (other.name === item.name || !other.vaults.some((vault) => item.vaults.includes(vault))) continue
        twice.set(path, (twice.get(path) ?? new Set()).add(`item "${other.name}"`))
      }
    }
    if (twice.size === 0) return []
    const words = [...twice].map(([path, others]) => `${path} (${enumerate([...others])})`)
    return [`Protected by other items too: ${enumerate(words)}. What is equal is stored once.`]
  }
}

function enumerate(words: readonly string[]): string {
  const more = words.length - mostNamed
  return `${words.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function pathsAbove(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...pathsAbove(above)]
}

function add(map: Map<string, Owned[]>, key: string, owned: Owned): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [owned])
  else known.push(owned)
}

/** Folders that no backup enters, by their real paths: home folder, cache, vaults on this machine and their replicas. */
export function barriersOf(deps: AgentDeps): Barrier[] {
  const home = realpathSync(deps.paths.root)
  const cache = realPathOfFuture(deps.paths.cache)
  return [
    { path: home, what: 'the home folder' },
    ...(isInside(cache, home) ? [] : [{ path: cache, what: 'the cache' }]),
    ...deps.state
      .vaults()
      .filter(({ kind }) => kind === 'local')
      .map(({ name, address }) => ({ path: realPathOfFuture(address), what: `the vault "${name}"` })),
    ...deps.state
      .replicas()
      .filter(({ kind }) => kind === 'local')
      .map(({ vault, address }) => ({ path: realPathOfFuture(address), what: `the replica of vault "${vault}"` })),
  ]
}

/** Sentences on the items that leave out a folder, which became `what`, because it lies in them. */
export function leftOutRemarks(deps: AgentDeps, place: StorePlace, what: string): string[] {
  if (place.kind !== 'local') return []
  const folder = place.address
  const owned = new Set(deps.state.vaults().flatMap(({ name, access }) => (access === 'owner' ? [name] : [])))
  return deps.state.items().flatMap((item) => {
    const outer = item.folders.map(String).find((path) => isInside(folder, path))
    if (outer === undefined || !item.vaults.some((vault) => owned.has(vault))) return []
    return [`Item "${item.name}" protects ${outer} but leaves out ${folder} in it: that is ${what}.`]
  })
}
