/** The manifests of an item's points in a vault: those that were read before from a file of the home, the others from the vault. */
import { isAgentError } from '../base/agent-error.ts'
import type { ItemId } from '../contract/ids.ts'
import type { ObjectMemory } from './object-memory.ts'
import type { ListedPoint, ReadPoint, Vault } from './vault.ts'

export class ManifestMemory {
  readonly #vault: Vault
  readonly #memory: ObjectMemory
  /** What was read, before and now. */
  readonly #objects = new Map<string, Buffer>()
  #hasNew = false

  constructor(vault: Vault, memory: ObjectMemory) {
    this.#vault = vault
    this.#memory = memory
  }

  /** As `Vault.readPoint`. An object never changes under its name: only what is new costs requests. */
  async read(listed: ListedPoint): Promise<ReadPoint> {
    const key = `${listed.name} ${listed.storedAtMs} ${listed.confirmationStoredAtMs}`
    const kept = this.#memory.get(key)
    if (kept !== undefined) {
      try {
        const manifest = this.#vault.openPoint(listed, kept)
        this.#objects.set(key, kept)
        return { manifest, object: kept }
      } catch (error) {
        // What is kept has rotted, or was kept under other keys: the vault has it.
        if (!isAgentError(error, 'format.invalid')) throw error
      }
    }
    const read = await this.#vault.readPoint(listed)
    this.#objects.set(key, read.object)
    this.#hasNew = true
    return read
  }

  /** Keeps what was read, and nothing else, for the next time. */
  async keep(): Promise<void> {
    if (this.#hasNew) await this.#memory.keep(this.#objects)
    this.#hasNew = false
  }
}

/** The manifests of all points of a keyspace; those of an item are opened when the first of them is read. */
export class KeyspaceManifests {
  readonly #open: (item: ItemId) => Promise<ManifestMemory>
  readonly #memories = new Map<ItemId, Promise<ManifestMemory>>()

  constructor(open: (item: ItemId) => Promise<ManifestMemory>) {
    this.#open = open
  }

  /** As `Vault.readPoint`. */
  async read(listed: ListedPoint): Promise<ReadPoint> {
    let memory = this.#memories.get(listed.item)
    if (memory === undefined) this.#memories.set(listed.item, (memory = this.#open(listed.item)))
    return await (await memory).read(listed)
  }

  /** Keeps what was read for the next time. */
  async keep(): Promise<void> {
    for (const memory of this.#memories.values()) await (await memory).keep()
  }
}
