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
/** Extents that nobody needs just now are kept for the next files up to so many bytes, with those in use. */
const budgetBytes = 48 * 1024 * 1024
/** Memory is taken in pieces of these sizes and used again: what is left to V8 piles up in every thread. */
const leastPieceBytes = 256 * 1024

/** Blocks of a point may lie far apart in the vault. */
const muchBytes = 8 * 1024 * 1024

/** Extents that a message to a worker needs and no folder holds. */
export class ToFetch {
  readonly places: BlockPlace[] = []
  #sizeBytes = 0
  readonly #keys = new Set<string>()

  /** True when a message should not need more. */
  get isMuch(): boolean {
    return this.#sizeBytes >= muchBytes
  }

  /** Takes the extent of a block at `place`, where `source` says that it is in no folder. */
  add(place: BlockPlace, source: ExtentSource): void {
    if (source.isHere(place.chunk)) return
    const key = keyOf(place)
    if (this.#keys.has(key)) return
    this.#keys.add(key)
    this.places.push(place)
    this.#sizeBytes += source.sealedSizeBytes(place.chunk, place.extent)
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
  readonly #source: ExtentSource
  /** By chunk file and extent; those used last come last. */
  readonly #slots = new Map<string, Slot>()
  readonly #free: SharedArrayBuffer[] = []
  readonly #waiting: (() => void)[] = []
  #memoryBytes = 0
  #running = 0

  constructor(source: ExtentSource) {
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

  #use(place: BlockPlace): Slot {
    const key = keyOf(place)
    const known = this.#slots.get(key)
    this.#slots.delete(key)
    const slot = known ?? this.#open(place)
    slot.users++
    this.#slots.set(key, slot)
    return slot
  }

  #open({ chunk, extent }: BlockPlace): Slot {
    const memory = this.#take(this.#source.sealedSizeBytes(chunk, extent))
    const fetch = async (): Promise<FetchedExtent | undefined> => {
      const bytes = await this.#inTurn(async () => await this.#source.fetch(chunk, extent))
      if (bytes === undefined) return undefined
      const sizeBytes = bytes.length
      new Uint8Array(memory).set(bytes)
      releaseBytes(bytes)
      return { chunk, extent, memory, sizeBytes }
    }
    return { fetched: fetch(), memory, users: 0 }
  }

  /** Memory of at least so many bytes: that of extents which nobody uses, oldest first, once there is enough in all. */
  #take(sizeBytes: number): SharedArrayBuffer {
    const wanted = Math.max(leastPieceBytes, 2 ** Math.ceil(Math.log2(sizeBytes)))
    for (const [key, { users, memory }] of this.#slots) {
      if (this.#memoryBytes + wanted <= budgetBytes) break
      if (users > 0) continue
      this.#slots.delete(key)
      this.#memoryBytes -= memory.byteLength
      this.#free.push(memory)
    }
    this.#memoryBytes += wanted
    const at = this.#free.findIndex(({ byteLength }) => byteLength === wanted)
    return this.#free.splice(at, at < 0 ? 0 : 1)[0] ?? new SharedArrayBuffer(wanted)
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#running === lanes) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }
}

function keyOf({ chunk, extent }: BlockPlace): string {
  return `${chunk}/${extent}`
}
