/**
 * Sealed extents of chunk files that no folder here holds, as in a vault over S3: fetched several at a time into memory that
 * all threads share, before a worker is told to read them. What cannot be fetched is left out: the worker hands its files
 * back then, and the main thread, which asks every copy, says what is wrong.
 */
import { releaseBytes } from '../base/bytes.ts'
import type { BlockPlace } from '../cache/block-finder.ts'
import type { FetchedExtent } from '../cache/extent-reader.ts'
import type { ExtentSource } from '../cache/extent-source.ts'

/** Requests at the same time: a place far away answers each of them late. */
const lanes = 16
/** What was fetched is kept for the next files while it takes less than this, with what is in use. */
const budgetBytes = 24 * 1024 * 1024
/** Memory is taken in pieces of a multiple of this, and used again: what is left to V8 piles up in every thread. */
const pieceGrainBytes = 256 * 1024

/** Blocks of a point may lie far apart in the vault. */
const muchBytes = 8 * 1024 * 1024

/** Where extents are fetched from. */
export type RemoteExtents = Pick<ExtentSource, 'isHere' | 'sealedSizeBytes' | 'fetch'>

/** Extents that a message to a worker needs and no folder holds. */
export class ToFetch {
  readonly places: BlockPlace[] = []
  /** Sealed bytes of them. */
  sizeBytes = 0
  readonly #keys = new Set<string>()

  /** True when a message should not need more. */
  get isMuch(): boolean {
    return this.sizeBytes >= muchBytes
  }

  /** Takes the extent of a block at `place`, where `source` says that it is in no folder. */
  add(place: BlockPlace, source: Omit<RemoteExtents, 'fetch'>): void {
    if (source.isHere(place.chunk)) return
    const key = keyOf(place)
    if (this.#keys.has(key)) return
    this.#keys.add(key)
    this.places.push(place)
    this.sizeBytes += source.sealedSizeBytes(place.chunk, place.extent)
  }
}

/** What a message to a worker needs; it stays until it is released. */
export interface HeldExtents {
  readonly extents: readonly FetchedExtent[]
  release(): void
}

interface Slot {
  readonly fetched: Promise<FetchedExtent | undefined>
  readonly memory: SharedArrayBuffer
  users: number
}

export class FetchedExtents {
  readonly #source: RemoteExtents
  /** By chunk file and extent; those used last come last. */
  readonly #slots = new Map<string, Slot>()
  readonly #free: SharedArrayBuffer[] = []
  readonly #waiting: (() => void)[] = []
  readonly #running = new Set<Promise<unknown>>()
  /** Of all slots. */
  #memoryBytes = 0
  #isStopped = false

  constructor(source: RemoteExtents) {
    this.#source = source
  }

  /** Fetches extents. Rejects only when something else than a source fails. */
  async hold({ places }: ToFetch): Promise<HeldExtents> {
    const slots = places.map((place) => this.#use(place))
    const extents = await Promise.all(slots.map(async ({ fetched }) => await fetched))
    return {
      extents: extents.filter((extent) => extent !== undefined),
      release: () => {
        for (const slot of slots) slot.users--
      },
    }
  }

  /** Fetches nothing more, and returns when nothing is being fetched: a source may be closed then. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const wake of this.#waiting.splice(0)) wake()
    await Promise.allSettled(this.#running)
  }

  #use(place: BlockPlace): Slot {
    const key = keyOf(place)
    const known = this.#slots.get(key)
    this.#slots.delete(key)
    const slot = known ?? this.#open(key, place)
    slot.users++
    this.#slots.set(key, slot)
    return slot
  }

  #open(key: string, { chunk, extent }: BlockPlace): Slot {
    const memory = this.#take(this.#source.sealedSizeBytes(chunk, extent))
    const fetch = async (): Promise<FetchedExtent | undefined> => {
      const bytes = await this.#inTurn(async () => await this.#source.fetch(chunk, extent))
      if (bytes === undefined) {
        // The next one who needs it asks again.
        this.#forget(key)
        return undefined
      }
      const sizeBytes = bytes.length
      new Uint8Array(memory).set(bytes)
      releaseBytes(bytes)
      return { chunk, extent, memory, sizeBytes }
    }
    return { fetched: fetch(), memory, users: 0 }
  }

  #forget(key: string): void {
    this.#memoryBytes -= this.#slots.get(key)?.memory.byteLength ?? 0
    this.#slots.delete(key)
  }

  /** Memory of at least so many bytes: that of extents which nobody uses, oldest first, once there is enough in all. */
  #take(sizeBytes: number): SharedArrayBuffer {
    const wanted = Math.ceil(sizeBytes / pieceGrainBytes) * pieceGrainBytes
    for (const [key, { users, memory }] of this.#slots) {
      if (this.#memoryBytes + wanted <= budgetBytes) break
      if (users > 0) continue
      this.#forget(key)
      this.#free.push(memory)
    }
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= wanted && byteLength <= 2 * wanted)
    // What fits nothing now is of other sizes than what comes.
    const memory = at < 0 ? new SharedArrayBuffer(wanted) : (this.#free.splice(at, 1)[0] as SharedArrayBuffer)
    if (at < 0) this.#free.length = 0
    this.#memoryBytes += memory.byteLength
    return memory
  }

  /** Undefined once this is stopped. */
  async #inTurn(fetch: () => Promise<Buffer | undefined>): Promise<Buffer | undefined> {
    while (this.#running.size === lanes && !this.#isStopped) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    if (this.#isStopped) return undefined
    const running = fetch()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
      this.#waiting.shift()?.()
    }
  }
}

function keyOf({ chunk, extent }: BlockPlace): string {
  return `${chunk}/${extent}`
}
