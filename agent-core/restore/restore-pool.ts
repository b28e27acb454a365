/**
 * The main thread's side of the restore workers: plans which worker reads which extent, has fetched what lies in no folder, hands out
 * files and stretches of large files, and takes small results back. An extent goes to one worker only while files with blocks of it follow
 * each other, so it is fetched and opened once. Back-pressure: callers await `room()` when `isFull`.
 */
import { WorkerThread } from '../base/worker-thread.ts'
import type { BlockPlace } from '../cache/block-finder.ts'
import type { ExtentSource } from '../cache/extent-source.ts'
import type { Entry, Part } from '../format/tree.ts'
import type { DirectoryHandle } from '../platform/directory-handle.ts'
import { keepHeapSmall } from '../platform/process-memory.ts'
import { FetchedExtents, type HeldExtents, ToFetch } from './fetched-extents.ts'
import { OpenBatch } from './file-batch.ts'
import { type FromWorker, type PlacedPart, packParts, type ToWorker, type WorkerStart } from './messages.ts'
import type { MetadataOptions } from './metadata.ts'
import type { Staging } from './staging.ts'
import type { TargetDirectory } from './target-directory.ts'

export interface NewFile {
  readonly parent: TargetDirectory
  readonly sizeBytes: number
  readonly parts: readonly Part[]
  readonly encoded: Uint8Array
}

export interface PoolOptions {
  readonly extents: ExtentSource
  readonly metadata: MetadataOptions
  /** Threads; 1 at least. */
  readonly threadCount: number
  /** Its abort fails everything at once, with its reason. */
  readonly signal: AbortSignal
  /** A worker is through with this batch, which is the callee's now. What this throws fails the pool. */
  readonly onBatch: (batch: OpenBatch, result: BatchResult) => void
}

/** What a worker made of a batch, by the indexes of the batch's files. */
export type BatchResult = Extract<FromWorker, { readonly type: 'files' }>

interface Lane {
  readonly number: number
  readonly thread: WorkerThread<WorkerStart, ToWorker, FromWorker>
  /** Numbers of the chunk files that it knows. */
  readonly known: Set<number>
  batch: OpenBatch | undefined
  /** Raw bytes handed to it, or about to be, that it has not answered. */
  bytesUnderWay: number
}

interface UnderWay {
  readonly lane: Lane
  /** Sealed bytes that are fetched for it. */
  readonly bytesToFetch: number
  /** What was fetched for it. */
  held?: HeldExtents
  readonly sizeBytes: number
  readonly done: (answer: FromWorker) => void
  readonly failed: (error: Error) => void
}

interface Waiting {
  readonly isMet: () => boolean
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Longer files are filled in stretches, by all workers. */
export const largeFileSizeBytes = 32 * 1024 * 1024
/** What one worker fills at a time; a shorter file is not worth to be shared. */
export const stretchSizeBytes = 8 * 1024 * 1024
const maxStretchParts = 1024
const messagesUnderWayPerWorker = 3
/** What is fetched for messages under way; more gains nothing at 30 ms, and costs its memory. */
const maxBytesToFetch = 24 * 1024 * 1024
/** Extents whose worker is remembered. */
const maxRememberedExtents = 8192

export class RestorePool implements AsyncDisposable {
  readonly #options: PoolOptions
  readonly #lanes: readonly Lane[]
  readonly #fetched: FetchedExtents
  readonly #laneOf = new Map<number, Lane>()
  readonly #underWay = new Map<number, UnderWay>()
  readonly #batches = new Set<OpenBatch>()
  #waiting: Waiting[] = []
  #lastRef = 0
  #bytesToFetch = 0
  #failure: Error | undefined
  readonly #abort = () => this.#fail(this.#options.signal.reason as Error)

  /** Starts the threads. Dispose it, before anything that it works with is closed: it gives up what is not finished. */
  constructor(options: PoolOptions) {
    this.#options = options
    this.#fetched = new FetchedExtents(options.extents)
    this.#lanes = Array.from({ length: options.threadCount }, (_, number) => this.#startLane(number))
    options.signal.addEventListener('abort', this.#abort, { once: true })
  }

  /** True when callers should await `room()`. */
  get isFull(): boolean {
    return (
      this.#underWay.size >= this.#lanes.length * messagesUnderWayPerWorker || this.#bytesToFetch >= maxBytesToFetch
    )
  }

  /** Resolves once more work may be handed in. Throws what made the pool fail, as all others do. */
  async room(): Promise<void> {
    await this.#until(() => !this.isFull)
  }

  /** Resolves once everything handed in was answered. */
  async idle(): Promise<void> {
    for (const lane of this.#lanes) this.#flush(lane)
    await this.#until(() => this.#underWay.size === 0)
  }

  /**
   * Hands in a new file with these parts, its entry as its tree encodes it; `folder`, its place, stays the caller's.
   * Answers false, and takes nothing, when a block lies where it can be neither read nor fetched, or blocks lie too far apart.
   */
  add(file: NewFile, folder: DirectoryHandle, staging: Staging): boolean {
    this.#throwIfFailed()
    const places: BlockPlace[] = []
    for (const { id } of file.parts) {
      if (id === null) continue
      const place = this.#find(id)
      if (place === undefined) return false
      places.push(place)
    }
    if (this.#toFetchOf(places).sizeBytes > maxBytesToFetch / 2) return false
    const lane = this.#chooseLane(places)
    if (lane.batch !== undefined && lane.batch.staging !== staging) this.#flush(lane)
    lane.batch ??= this.#openBatch(staging, lane)
    for (const place of places) {
      this.#tell(lane, place.chunk)
      lane.batch.toFetch.add(place, this.#options.extents)
    }
    lane.batch.add({ parent: file.parent, sizeBytes: file.sizeBytes }, file.encoded, places, folder)
    lane.bytesUnderWay += file.sizeBytes
    if (lane.batch.isFull) this.#flush(lane)
    return true
  }

  /**
   * Writes the content of a file into `fd`, an empty file, and proves it, by all workers. Answers false when that
   * failed; the file then holds anything. Returns or throws when no worker uses `fd` any more.
   */
  async fill(fd: number, entry: Entry, parts: Iterable<Part> | AsyncIterable<Part>): Promise<boolean> {
    const answers: Promise<boolean>[] = []
    try {
      const isPlaced = await this.#handOutStretches(fd, entry, parts, answers)
      return (await Promise.all(answers)).every(Boolean) && isPlaced
    } catch (error) {
      await this[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Gives up what is under way, and returns when all threads have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#abort)
    const stopped = this.#fetched.stop()
    await Promise.all(this.#lanes.map(({ thread }) => thread[Symbol.asyncDispose]()))
    await stopped
    this.#fail(new Error('the restore workers have ended'))
    for (const batch of this.#batches) batch[Symbol.dispose]()
    this.#batches.clear()
  }

  #startLane(number: number): Lane {
    keepHeapSmall()
    const { extents, metadata } = this.#options
    const thread = new WorkerThread<WorkerStart, ToWorker, FromWorker>({
      file: new URL('./restore-worker.ts', import.meta.url),
      start: { keys: extents.keys, options: { metadata: metadata.metadata, special: metadata.special } },
      onMessage: (message) => this.#receive(message),
      onFailure: (error) => this.#fail(error),
    })
    return { number, thread, known: new Set(), batch: undefined, bytesUnderWay: 0 }
  }

  /** Cuts the parts into stretches; false when they do not add up, or a block lies where it can be neither read nor fetched. */
  async #handOutStretches(
    fd: number,
    entry: Entry,
    parts: Iterable<Part> | AsyncIterable<Part>,
    answers: Promise<boolean>[],
  ): Promise<boolean> {
    const sizeBytes = entry.sizeBytes ?? 0
    const sparse = entry.content?.sparse ?? false
    let stretch: PlacedPart[] = []
    let position = 0
    let start = 0
    let dataBytes = 0
    let toFetch = new ToFetch()
    const handOut = async (): Promise<void> => {
      await this.room()
      const message = { fd, position: start, parts: packParts(stretch), sparse }
      answers.push(this.#sendStretch(message, stretch, dataBytes, toFetch))
      answers.at(-1)?.catch(() => undefined)
      stretch = []
      toFetch = new ToFetch()
      start = position
      dataBytes = 0
    }
    for await (const part of parts) {
      if (part.sizeBytes > sizeBytes - position) return false
      const place = part.id === null ? undefined : this.#find(part.id)
      if (part.id !== null && place === undefined) return false
      stretch.push({ part, place })
      if (place !== undefined) toFetch.add(place, this.#options.extents)
      position += part.sizeBytes
      if (part.id !== null || !sparse) dataBytes += part.sizeBytes
      if (dataBytes >= stretchSizeBytes || stretch.length >= maxStretchParts || toFetch.isMuch) await handOut()
    }
    if (stretch.length > 0) await handOut()
    return position === sizeBytes
  }

  async #sendStretch(
    stretch: Extract<ToWorker, { readonly type: 'stretch' }>['stretch'],
    parts: readonly PlacedPart[],
    sizeBytes: number,
    toFetch: ToFetch,
  ): Promise<boolean> {
    const places = parts.flatMap(({ place }) => (place === undefined ? [] : [place]))
    const lane = this.#chooseLane(places)
    for (const { chunk } of places) this.#tell(lane, chunk)
    lane.bytesUnderWay += sizeBytes
    return await new Promise<boolean>((resolve, reject) => {
      const done = (answer: FromWorker): void => resolve(answer.type === 'stretch' && answer.isWhole)
      const ref = this.#begin({ lane, sizeBytes, bytesToFetch: toFetch.sizeBytes, done, failed: reject })
      this.#whenFetched(ref, toFetch, (fetched) => lane.thread.send({ type: 'stretch', ref, fetched, stretch }))
    })
  }

  #toFetchOf(places: readonly BlockPlace[]): ToFetch {
    const toFetch = new ToFetch()
    for (const place of places) toFetch.add(place, this.#options.extents)
    return toFetch
  }

  #find(id: Uint8Array): BlockPlace | undefined {
    const place = this.#options.extents.find(id)
    return place !== undefined && this.#options.extents.isWithinReach(place.chunk) ? place : undefined
  }

  /** The worker that has the first extent open, else the one with the least to do; it gets the others too. */
  #chooseLane(places: readonly BlockPlace[]): Lane {
    const slots = places.map(({ chunk, extent }) => chunk * 2 ** 20 + extent)
    const idlest = this.#lanes.reduce((least, lane) => (lane.bytesUnderWay < least.bytesUnderWay ? lane : least))
    const lane = this.#laneOf.get(slots[0] ?? Number.NaN) ?? idlest
    if (this.#laneOf.size > maxRememberedExtents) this.#laneOf.clear()
    for (const slot of slots) this.#laneOf.set(slot, lane)
    return lane
  }

  #tell(lane: Lane, chunk: number): void {
    if (lane.known.has(chunk)) return
    lane.known.add(chunk)
    lane.thread.send({ type: 'chunk-file', file: this.#options.extents.chunkFile(chunk) })
  }

  #openBatch(staging: Staging, lane: Lane): OpenBatch {
    const batch = new OpenBatch(staging, staging.workerFolder(lane.number))
    this.#batches.add(batch)
    return batch
  }

  #flush(lane: Lane): void {
    const { batch } = lane
    if (batch === undefined) return
    lane.batch = undefined
    const done = (result: FromWorker): void => {
      if (result.type !== 'files') throw new Error('a worker answered something else than it was asked')
      this.#batches.delete(batch)
      this.#options.onBatch(batch, result)
    }
    const { sizeBytes, toFetch } = batch
    const ref = this.#begin({ lane, sizeBytes, bytesToFetch: toFetch.sizeBytes, done, failed: () => undefined })
    const message = batch.pack()
    const { entries, ends, places } = message
    this.#whenFetched(ref, toFetch, (fetched) => {
      lane.thread.send({ type: 'files', ref, fetched, batch: message }, [entries.buffer, ends.buffer, places.buffer])
    })
  }

  /** Sends a message once what it needs is here: at once where that lies in folders. */
  #whenFetched(ref: number, toFetch: ToFetch, send: (fetched: HeldExtents['extents']) => void): void {
    if (toFetch.places.length === 0) {
      send([])
      return
    }
    const fetch = async (): Promise<void> => {
      const held = await this.#fetched.hold(toFetch)
      const work = this.#underWay.get(ref)
      // The pool has failed meanwhile.
      if (work === undefined) return
      work.held = held
      send(held.extents)
    }
    fetch().catch((error: unknown) => this.#fail(error as Error))
  }

  #begin(work: UnderWay): number {
    this.#throwIfFailed()
    const ref = ++this.#lastRef
    this.#underWay.set(ref, work)
    this.#bytesToFetch += work.bytesToFetch
    return ref
  }

  #receive(message: FromWorker): void {
    const work = this.#underWay.get(message.ref)
    if (work === undefined) return
    this.#underWay.delete(message.ref)
    work.lane.bytesUnderWay -= work.sizeBytes
    this.#bytesToFetch -= work.bytesToFetch
    work.held?.release()
    work.done(message)
    const met = this.#waiting.filter(({ isMet }) => isMet())
    this.#waiting = this.#waiting.filter((waiting) => !met.includes(waiting))
    for (const { resolve } of met) resolve()
  }

  async #until(isMet: () => boolean): Promise<void> {
    this.#throwIfFailed()
    if (isMet()) return
    await new Promise<void>((resolve, reject) => this.#waiting.push({ isMet, resolve, reject }))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    void this.#fetched.stop()
    for (const { failed } of this.#underWay.values()) failed(this.#failure)
    this.#underWay.clear()
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
