/**
 * The entries of one directory on their way into its pages. They are added in the order of their names,
 * some known at once, some only when the engine has captured them; a bounded number waits.
 */
import type { DirectorySection } from '../format/tree.ts'
import type { DirectoryBuilder, Settled } from './directory-builder.ts'

/** The place of one entry in its directory: known now, or later. */
export interface Slot {
  readonly name: Uint8Array
  readonly now?: Settled
  /** Resolves with the entry; undefined when there is none after all. */
  readonly later?: Promise<Settled | undefined>
  /** The entry's bytes in the last point. */
  readonly previous: Uint8Array | undefined
}

/** So many entries of a directory wait at the most; half of them are settled when it is reached. */
const maxWaiting = 1024

/** What takes the settled entries. */
type EntryTaker = Pick<DirectoryBuilder, 'add' | 'markChanged' | 'finish'>

export class SlotQueue {
  readonly #builder: EntryTaker
  #waiting: Slot[] = []

  constructor(builder: EntryTaker) {
    this.#builder = builder
  }

  async add(slot: Slot): Promise<void> {
    this.#waiting.push(slot)
    if (this.#waiting.length >= maxWaiting) await this.#settle(maxWaiting / 2)
  }

  /** An entry of the last point is gone. Those that wait come before it, and are added after this. */
  async markChanged(): Promise<void> {
    await this.#builder.markChanged()
  }

  async finish(): Promise<DirectorySection> {
    await this.#settle(this.#waiting.length)
    return this.#builder.finish()
  }

  async #settle(count: number): Promise<void> {
    const slots = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    for (const { name, now, later, previous } of slots) {
      const entry = now ?? (await later)
      if (entry !== undefined) await this.#builder.add(name, entry, previous)
      else await this.#builder.markChanged()
    }
  }
}
