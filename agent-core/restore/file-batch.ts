import type { BlockPlace } from '../cache/block-finder.ts'
import type { Entry, Part } from '../format/tree.ts'
import type { DirectoryHandle } from '../platform/directory-handle.ts'
import { type FileBatch, packPlace, type WorkerFolder } from './messages.ts'
import type { Staging } from './staging.ts'
import type { FolderState, TargetDirectory } from './target-directory.ts'

/** A file that a worker shall restore. */
export interface PooledFile {
  readonly entry: Entry
  /** The entry as its tree encodes it. */
  readonly encoded: Uint8Array
  /** All parts of the content. */
  readonly parts: readonly Part[]
  readonly parent: TargetDirectory
}

interface OpenFolder {
  readonly index: number
  readonly handle: DirectoryHandle
  readonly asksInodes: boolean
}

const maxFiles = 128
const maxFolders = 32
const maxSizeBytes = 4 * 1024 * 1024

/** Files on their way to one worker. It opens their folders for itself, as the walk goes on; dispose it. */
export class OpenBatch implements Disposable {
  readonly staging: Staging
  readonly files: PooledFile[] = []
  /** Raw bytes of the files. */
  sizeBytes = 0
  readonly #workerFolder: WorkerFolder
  readonly #folders = new Map<FolderState, OpenFolder>()
  readonly #places: number[] = []

  constructor(staging: Staging, workerFolder: WorkerFolder) {
    this.staging = staging
    this.#workerFolder = workerFolder
  }

  get isFull(): boolean {
    return this.files.length >= maxFiles || this.sizeBytes >= maxSizeBytes || this.#folders.size >= maxFolders
  }

  /** True for the private folder that this batch works with. */
  takes(staging: Staging): boolean {
    return staging === this.staging
  }

  add(file: PooledFile, folder: DirectoryHandle, places: readonly BlockPlace[]): void {
    const { state, wasEmpty } = file.parent
    if (!this.#folders.has(state)) {
      const handle = folder.reopen()
      this.#folders.set(state, { index: this.#folders.size, handle, asksInodes: !wasEmpty })
    }
    this.files.push(file)
    this.sizeBytes += file.entry.sizeBytes ?? 0
    for (const place of places) packPlace(this.#places, place)
  }

  /** The open folder of a file of this batch. */
  folderOf(file: PooledFile): DirectoryHandle {
    return this.#folderOf(file).handle
  }

  pack(): { readonly message: FileBatch; readonly transfer: readonly ArrayBuffer[] } {
    const entries = new Uint8Array(this.files.reduce((sum, { encoded }) => sum + encoded.length, 0))
    const ends = new Uint32Array(this.files.length)
    let end = 0
    for (const [index, { encoded }] of this.files.entries()) {
      entries.set(encoded, end)
      end += encoded.length
      ends[index] = end
    }
    const folders = [...this.#folders.values()]
    const places = Int32Array.from(this.#places)
    const message = {
      staging: this.#workerFolder,
      folders: Int32Array.from(folders, ({ handle }) => handle.fd),
      asksInodes: Uint8Array.from(folders, ({ asksInodes }) => (asksInodes ? 1 : 0)),
      entries,
      ends,
      folderOf: Uint8Array.from(this.files, (file) => this.#folderOf(file).index),
      places,
    }
    return { message, transfer: [entries.buffer, ends.buffer, places.buffer] }
  }

  [Symbol.dispose](): void {
    for (const { handle } of this.#folders.values()) handle.close()
  }

  #folderOf({ parent }: PooledFile): OpenFolder {
    const folder = this.#folders.get(parent.state)
    if (folder === undefined) throw new Error('the file is of another batch')
    return folder
  }
}
