import type { BlockPlace } from '../cache/block-finder.ts'
import { decodeCbor } from '../format/cbor.ts'
import { decodeEntry, type Entry } from '../format/tree.ts'
import type { DirectoryHandle } from '../platform/directory-handle.ts'
import { ToFetch } from './fetched-extents.ts'
import { type FileBatch, packPlace, type WorkerFolder } from './messages.ts'
import type { Staging } from './staging.ts'
import type { FolderState, TargetDirectory } from './target-directory.ts'

/** A file in a batch. */
export interface BatchedFile {
  readonly parent: TargetDirectory
  readonly sizeBytes: number
}

interface BatchFolder {
  readonly index: number
  readonly handle: DirectoryHandle
  readonly asksInodes: boolean
}

const maxFiles = 128
const maxFolders = 32
const maxSizeBytes = 4 * 1024 * 1024
const firstEntriesSizeBytes = 32 * 1024

/**
 * Files on their way to one worker, and until their results are taken in. Entries are kept as their trees encode
 * them: many small objects that live this long are what V8's young generation does worst. Dispose it: it opens the
 * files' folders for itself, as the walk goes on.
 */
export class OpenBatch implements Disposable {
  readonly staging: Staging
  readonly files: BatchedFile[] = []
  /** Raw bytes of the files. */
  sizeBytes = 0
  readonly toFetch = new ToFetch()
  readonly #workerFolder: WorkerFolder
  readonly #folders = new Map<FolderState, BatchFolder>()
  readonly #folderOf: number[] = []
  readonly #places: number[] = []
  readonly #ends: number[] = []
  #entries = new Uint8Array(firstEntriesSizeBytes)

  constructor(staging: Staging, workerFolder: WorkerFolder) {
    this.staging = staging
    this.#workerFolder = workerFolder
  }

  get isFull(): boolean {
    return (
      this.files.length >= maxFiles ||
      this.sizeBytes >= maxSizeBytes ||
      this.toFetch.isMuch ||
      this.#folders.size >= maxFolders
    )
  }

  /** Takes a file: its entry as its tree encodes it, and the places of its blocks; `folder` stays the caller's. */
  add(file: BatchedFile, encoded: Uint8Array, places: readonly BlockPlace[], folder: DirectoryHandle): void {
    const { state, wasEmpty } = file.parent
    let known = this.#folders.get(state)
    if (known === undefined) {
      known = { index: this.#folders.size, handle: folder.reopen(), asksInodes: !wasEmpty }
      this.#folders.set(state, known)
    }
    this.#folderOf.push(known.index)
    this.files.push(file)
    this.sizeBytes += file.sizeBytes
    for (const place of places) packPlace(this.#places, place)
    const start = this.#ends.at(-1) ?? 0
    const end = start + encoded.length
    if (end > this.#entries.length) {
      const grown = new Uint8Array(Math.max(end, this.#entries.length * 2))
      grown.set(this.#entries)
      this.#entries = grown
    }
    this.#entries.set(encoded, start)
    this.#ends.push(end)
  }

  /** The entry of a file, by its index. */
  entryOf(index: number): Entry {
    const encoded = this.#entries.subarray(this.#ends[index - 1] ?? 0, this.#ends[index])
    return decodeEntry(decodeCbor(encoded, 'tree page'), 'tree page')
  }

  /** The open folder of a file, by its index. */
  folderOf(index: number): DirectoryHandle {
    const folder = [...this.#folders.values()][this.#folderOf[index] as number]
    if (folder === undefined) throw new RangeError(`the batch has no file ${index}`)
    return folder.handle
  }

  pack(): FileBatch {
    const folders = [...this.#folders.values()]
    return {
      staging: this.#workerFolder,
      folders: Int32Array.from(folders, ({ handle }) => handle.fd),
      asksInodes: Uint8Array.from(folders, ({ asksInodes }) => (asksInodes ? 1 : 0)),
      entries: this.#entries.slice(0, this.#ends.at(-1) ?? 0),
      ends: Uint32Array.from(this.#ends),
      folderOf: Uint8Array.from(this.#folderOf),
      places: Int32Array.from(this.#places),
    }
  }

  [Symbol.dispose](): void {
    for (const { handle } of this.#folders.values()) handle.close()
  }
}
