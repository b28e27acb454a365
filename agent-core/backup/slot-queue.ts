/**
 * The entries of one directory on their way into its pages. They are added in the order of their names,
 * some known at once, some only when the engine has captured them; a bounded number waits. Where nothing waits,
 * nothing is kept, and nobody has to be waited for.
 */
import type { DirectorySection } from '../format/tree.ts'
import type { DirectoryBuilder, Settled, UnchangedEntry } from './directory-builder.ts'

/** The place of one entry in its directory: known now, or later. */
export interface Slot {
  readonly name: Uint8Array
  /** Of a file, set before `pending` resolves; where it is not, there is no entry after all. */
  readonly now?: Settled | undefined
  /** A file's; other files may share it. */
  readonly pending?: Promise<void> | undefined
  /** Resolves with the entry; undefined when there is none after all. */
  readonly later?: Promise<Settled | undefined>
  /** The entry's bytes in the last point. */
  readonly previous: Uint8Array | undefined
}

/** So many entries of a directory wait at the most; half of them are settled when it is reached. */
const maxWaiting = 1024

/** What takes the settled entries. */
type EntryTaker = Pick<DirectoryBuilder, 'add' | 'addUnchanged' | 'markChanged' | 'finish'>

export class SlotQueue {
  readonly #builder: EntryTaker
  #waiting: Slot[] = []

  constructor(builder: EntryTaker) {
    this.#builder = builder
  }

  add(slot: Slot): void | Promise<void> {
    if (this.#waiting.length === 0 && slot.now !== undefined) {
      return this.#builder.add(slot.name, slot.now, slot.previous)
    }
    this.#waiting.push(slot)
    if (this.#waiting.length >= maxWaiting) return this.#settle(maxWaiting / 2)
  }

  /** An entry, no directory, that is as it was in the last point. */
  addUnchanged(previous: UnchangedEntry): void | Promise<void> {
    if (this.#waiting.length === 0) return this.#builder.addUnchanged(previous)
    const { name, encoded, sizeBytes } = previous
    return this.add({ name, now: { encoded, sizeBytes, entriesBelow: 0 }, previous: encoded })
  }

  /** An entry of the last point is gone. Those that wait come before it, and are added after this. */
  markChanged(): void | Promise<void> {
    return this.#builder.markChanged()
  }

  /** The directory's section; a promise where entries wait. */
  finish(): DirectorySection | Promise<DirectorySection> {
    if (this.#waiting.length === 0) return this.#builder.finish()
    return this.#settle(this.#waiting.length).then(() => this.#builder.finish())
  }

  async #settle(count: number): Promise<void> {
    const slots = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    for (const slot of slots) {
      if (slot.now === undefined) await slot.pending
      const entry = slot.now ?? (await slot.later)
      const added =
        entry === undefined ? this.#builder.markChanged() : this.#builder.add(slot.name, entry, slot.previous)
      if (added !== undefined) await added
    }
  }
}
