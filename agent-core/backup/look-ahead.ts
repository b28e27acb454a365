/**
 * Lists directories before a walk reaches them, in a thread of its own that walks the same folder in the same order, by
 * the same rules. The walk takes each listing when it comes there. What the thread could not list, or has gone past,
 * the walk lists by itself, and everything until the thread has started: one that fails costs time and nothing else.
 */
import { WorkerThread } from '../base/worker-thread.ts'
import { StatusRecords } from '../platform/file-status.ts'
import { keepHeapSmall } from '../platform/process-memory.ts'
import { type FoundEntry, foundEntry } from '../source/found-entry.ts'
import { joinPath, lookAt } from '../source/list-directory.ts'

export interface LookAheadStart {
  readonly excludes: readonly string[]
  readonly defaultExcludes: boolean
  readonly barriers: readonly Uint8Array[]
  readonly crossMounts: boolean
  /** Shared; how many entries the walk has taken, or passed by, since the thread began. */
  readonly taken: Int32Array
}

export type ToLookAhead =
  | {
      readonly type: 'walk'
      readonly walk: number
      /** The protected folder. */
      readonly path: Uint8Array
      /** What comes before this directory is left out; raw bytes, one character each. */
      readonly from: string
    }
  | { readonly type: 'stop' }

export type FromLookAhead = { readonly type: 'ready' } | ListedAhead

/** Directories in the order of the walk. Texts are raw bytes, one character each. */
export interface ListedAhead {
  readonly type: 'listed'
  readonly walk: number
  /** Absolute, each ended by a zero character. */
  readonly paths: string
  /** Entries of each directory; `unlisted` for what the walk must list by itself. */
  readonly counts: Int32Array
  readonly inodes: BigUint64Array
  readonly devices: Float64Array
  /** Of all entries, each ended by a zero character. */
  readonly names: string
  /** Of all entries, for StatusRecords. */
  readonly records: Uint8Array
  /** Nothing follows in this walk. */
  readonly isLast: boolean
}

export const unlisted = -1

const entriesPerWake = 2048

export class LookAhead implements AsyncDisposable {
  readonly #taken = new Int32Array(new SharedArrayBuffer(4))
  readonly #thread: WorkerThread<LookAheadStart, ToLookAhead, FromLookAhead>
  /** Listings that the walk has not reached, in its order. */
  #ahead: AheadListing[] = []
  #isComplete = true
  #isReady = false
  #walk = 0
  #root: Buffer | undefined
  /** The directory that the walk has reached. */
  #position = ''
  /** Set while the walk waits for the thread. */
  #arrived: (() => void) | undefined

  /** Starts the thread. Dispose it. */
  constructor(start: Omit<LookAheadStart, 'taken'>) {
    keepHeapSmall()
    this.#thread = new WorkerThread({
      file: new URL('./look-ahead-worker.ts', import.meta.url),
      start: { ...start, taken: this.#taken },
      onMessage: (message) => (message.type === 'ready' ? this.#start() : this.#receive(message)),
      onFailure: () => this.#complete(),
    })
  }

  /** Begins to walk the protected folder at `path`; what is left of the walk before is forgotten. */
  begin(path: Buffer): void {
    for (const listing of this.#ahead.splice(0)) this.#release(listing)
    this.#isComplete = true
    this.#walk++
    this.#root = path
    this.#position = path.toString('latin1')
    if (this.#isReady) this.#start()
  }

  /** The listing of a directory; undefined when the walk must list it by itself. Asked for in the order of the walk. */
  async take(path: Buffer, found: Pick<FoundEntry, 'inode' | 'device'>): Promise<AheadListing | undefined> {
    const key = path.toString('latin1')
    this.#position = key
    for (;;) {
      const next = this.#ahead[0]
      if (next === undefined) {
        if (this.#isComplete) return undefined
        await new Promise<void>((resolve) => {
          this.#arrived = resolve
        })
        continue
      }
      const order = compareInWalk(next.path, key)
      if (order > 0) return undefined
      this.#ahead.shift()
      this.#release(next)
      if (order === 0) return next.isOf(found) ? next : undefined
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#complete()
    const ended = this.#thread[Symbol.asyncDispose]()
    Atomics.notify(this.#taken, 0)
    await ended
  }

  #start(): void {
    this.#isReady = true
    if (this.#root === undefined) return
    this.#isComplete = false
    this.#thread.send({ type: 'walk', walk: this.#walk, path: this.#root, from: this.#position })
  }

  #receive(listed: ListedAhead): void {
    const listings = unpack(listed)
    if (listed.walk === this.#walk) this.#ahead.push(...listings)
    else for (const listing of listings) this.#release(listing)
    if (listed.walk === this.#walk && listed.isLast) this.#isComplete = true
    this.#arrived?.()
  }

  /** A thread that is far enough ahead is woken for many entries at once: to wake it for each directory costs more than to list one. */
  #release({ names }: AheadListing): void {
    const before = Atomics.add(this.#taken, 0, names.length)
    if (Math.floor(before / entriesPerWake) !== Math.floor((before + names.length) / entriesPerWake)) {
      Atomics.notify(this.#taken, 0)
    }
  }

  #complete(): void {
    this.#isComplete = true
    this.#root = undefined
    this.#arrived?.()
  }
}

function unpack({ paths, counts, inodes, devices, names, records }: ListedAhead): AheadListing[] {
  const allNames = names.split('\0')
  const status = new StatusRecords(Buffer.from(records.buffer, records.byteOffset, records.length))
  let first = 0
  return paths
    .split('\0')
    .slice(0, -1)
    .map((path, index) => {
      const count = counts[index] as number
      const start = first
      first += Math.max(count, 0)
      const directory = { path, inode: inodes[index] as bigint, device: devices[index] as number }
      return new AheadListing(
        count === unlisted ? undefined : directory,
        path,
        allNames.slice(start, first),
        status,
        start,
      )
    })
}

/** A directory that was listed ahead. */
export class AheadListing {
  /** Absolute; raw bytes, one character each. */
  readonly path: string
  readonly names: readonly string[]
  readonly #directory: { readonly inode: bigint; readonly device: number } | undefined
  readonly #records: StatusRecords
  readonly #firstRecord: number
  #lastIndex = 0

  constructor(
    directory: { readonly inode: bigint; readonly device: number } | undefined,
    path: string,
    names: readonly string[],
    records: StatusRecords,
    firstRecord: number,
  ) {
    this.path = path
    this.names = names
    this.#directory = directory
    this.#records = records
    this.#firstRecord = firstRecord
  }

  /** True when it is the listing of the directory that the walk has found. */
  isOf({ inode, device }: Pick<FoundEntry, 'inode' | 'device'>): boolean {
    return this.#directory?.inode === inode && this.#directory.device === device
  }

  /** As `lookIn`; names are asked for in their order. */
  lookAt(name: string): FoundEntry | undefined {
    const index = this.names.indexOf(name, this.#lastIndex)
    const record = this.#firstRecord + index
    if (index < 0 || !this.#records.isTold(record)) {
      return lookAt(joinPath(Buffer.from(this.path, 'latin1'), Buffer.from(name, 'latin1')))
    }
    this.#lastIndex = index
    return foundEntry(this.#records.status(record))
  }
}

/** Order of two paths in a walk, depth first by the bytes of names: below 0 when `a` is reached before `b`. */
export function compareInWalk(a: string, b: string): number {
  const common = Math.min(a.length, b.length)
  for (let index = 0; index < common; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)]
    // A name ends before it goes on: `a/b` is reached before `a-b`.
    if (left !== right) return (left === slash ? -1 : left) - (right === slash ? -1 : right)
  }
  return a.length - b.length
}

const slash = 0x2f
