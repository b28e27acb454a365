/** The manifests of an item's points in a vault: those that were read before from a file of the home, the others from the vault. */
import { isAgentError } from '../base/agent-error.ts'
import { sha256 } from '../codec/block-id.ts'
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

  /**
   * As `Vault.readPoint`. An object never changes under its name: only what is new costs requests, and of one that has rotted in
   * the vault what was read before counts, when the vault's confirmation names its hash.
   */
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
    try {
      const read = await this.#vault.readPoint(listed)
      this.#objects.set(key, read.object)
      this.#hasNew = true
      return read
    } catch (error) {
      if (!isAgentError(error, 'format.invalid') && !isAgentError(error, 'store.not-found')) throw error
      const before = await this.#readBefore(listed)
      if (before === undefined) throw error
      return before
    }
  }

  async #readBefore(listed: ListedPoint): Promise<ReadPoint | undefined> {
    const kept = this.#memory.named(listed.name)
    // Perhaps the last copy of it.
    for (const [key, object] of kept) this.#objects.set(key, object)
    const isConfirmed = kept.size === 0 ? () => false : await confirmedHash(this.#vault, listed.confirmationName)
    const object = [...kept.values()].find(isConfirmed)
    return object && { manifest: this.#vault.openPoint(listed, object), object }
  }

  /** Keeps what was read, and nothing else, for the next time. */
  async keep(): Promise<void> {
    if (this.#hasNew) await this.#memory.keep(this.#objects)
    this.#hasNew = false
  }
}

/** Tells of a point's object whether the vault's own confirmation names its hash; one that cannot be read names none. */
async function confirmedHash(vault: Vault, name: string | undefined): Promise<(object: Uint8Array) => boolean> {
  if (name === undefined) return () => false
  try {
    const { sha256: hash } = await vault.readConfirmation(name)
    return (object) => sha256(object).equals(hash)
  } catch (error) {
    if (!isAgentError(error, 'format.invalid') && !isAgentError(error, 'store.not-found')) throw error
    return () => false
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
