/** A made vault, a replica of it as it was, and healing over both. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect } from 'vitest'
import { healTarget } from '../../agent-core/api/heal-target.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { createTask } from '../../agent-core/base/task.ts'
import { openBase } from '../../agent-core/cache/base-db.ts'
import { ChunkFolder } from '../../agent-core/cache/chunk-folder.ts'
import type { HomeId } from '../../agent-core/contract/ids.ts'
import { createGearTable } from '../../agent-core/source/split-content.ts'
import { createFaultyStore, type PlannedFault } from '../../agent-core/vault/faulty-store.ts'
import type { MemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { Vault } from '../../agent-core/vault/vault.ts'
import { checkVault } from '../../agent-core/verify/check-vault.ts'
import type { HealSource } from '../../agent-core/verify/heal-source.ts'
import { HealSpool } from '../../agent-core/verify/heal-spool.ts'
import { healVault, type VaultHealing } from '../../agent-core/verify/heal-vault.ts'
import { LiveSource } from '../../agent-core/verify/live-source.ts'
import { vaultSource } from '../../agent-core/verify/vault-source.ts'
import { copyOfStore } from './backup-place.ts'
import { cutsOf } from './cut-bytes.ts'
import type { MadeVault } from './made-vault.ts'
import type { PlannedEntry } from './point-tree.ts'

export interface HealPlaceOptions {
  readonly replica?: boolean
  readonly live?: boolean
  readonly faults?: readonly PlannedFault[]
}

export class HealPlace {
  readonly made: MadeVault
  /** What is damaged and healed. */
  readonly store: MemoryStore
  readonly #replica: ObjectStore
  readonly #cache: string
  /** Calls of the last healing. */
  #calls: ReturnType<typeof createFaultyStore> | undefined

  private constructor(made: MadeVault, store: MemoryStore, replica: ObjectStore) {
    this.made = made
    this.store = store
    this.#replica = replica
    this.#cache = mkdtempSync(join(made.folder, 'cache-'))
  }

  /** The replica is the vault as it is now. */
  static async of(made: MadeVault): Promise<HealPlace> {
    return new HealPlace(made, made.store, await copyOfStore(made.store))
  }

  /** The same vault in a store of its own, and an empty cache. */
  async copy(): Promise<HealPlace> {
    return new HealPlace(this.made, await copyOfStore(this.store), this.#replica)
  }

  /** Count of store calls of the last healing. */
  get calls(): ReturnType<typeof createFaultyStore>['calls'] {
    return this.#calls?.calls ?? []
  }

  /** Planned faults of the last healing that have not happened. */
  unreached(): readonly PlannedFault[] {
    return this.#calls?.unreached() ?? []
  }

  /** Names that the last healing deleted. */
  get deleted(): string[] {
    return this.calls.filter(({ operation }) => operation === 'delete').map(({ name }) => name)
  }

  /** Checks every byte and heals. */
  async heal({ replica = false, live = false, faults = [] }: HealPlaceOptions = {}): Promise<VaultHealing> {
    const { made } = this
    this.#calls = createFaultyStore(this.store, { faults })
    const vault = this.#vaultOf(this.#calls)
    const sources: HealSource[] = []
    if (replica) sources.push(vaultSource(this.#vaultOf(this.#replica), 'the replica', true))
    if (live) sources.push(new LiveSource(made.keys))
    using base = openBase(join(this.#cache, 'base.db'))
    using task = createTask({ clock: systemClock })
    const chunks = new ChunkFolder(join(this.#cache, 'chunks'))
    const { writer, items } = (await made.vault.readDefinitions().catch(() => undefined))?.definitions ?? {
      writer: '0'.repeat(32) as HomeId,
      items: [made.item],
    }
    return await healVault({
      vault,
      task,
      readDataPercent: 100,
      sources,
      target: healTarget({ vault, base, chunks, signal: task.signal }),
      spool: new HealSpool(join(this.#cache, 'healing')),
      definitions: { writer, items },
      who: 'a test',
      clock: systemClock,
      random: systemRandom,
    })
  }

  /** No point is hurt, and nothing that the vault must have is damaged. */
  async expectUnhurt(): Promise<void> {
    using task = createTask({ clock: systemClock })
    const { damaged, points } = await checkVault({ vault: this.#vaultOf(this.store), readDataPercent: 100, task })
    expect(damaged.filter(({ state, points: hurt }) => state === 'open' || hurt.length > 0)).toEqual([])
    expect(points.map(({ manifest }) => manifest.id).sort()).toEqual(this.made.points.map(({ id }) => id).sort())
  }

  /** Adds a point of the folder that holds `path`, with that file split as a backup splits it. */
  async addSplitFile(path: string): Promise<void> {
    const { made } = this
    const bytes = readFileSync(path)
    const cuts = cutsOf(bytes, createGearTable(made.keys.gearSeed))
    const content = cuts.map((cut, index) => bytes.subarray(cuts[index - 1] ?? 0, cut))
    const children: PlannedEntry[] = [{ name: basename(path), type: 'file', content }]
    await made.addRoot(made.tree.root({ [dirname(path)]: { name: 'live', type: 'directory', children } }))
  }

  #vaultOf(store: ObjectStore): Vault {
    const { id, keys } = this.made.vault
    return new Vault({ store, id, keys, random: systemRandom })
  }
}
