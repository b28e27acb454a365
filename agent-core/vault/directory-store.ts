/**
 * The object store in a local folder (also one on an external disk or a mounted share). Writing is
 * `directory-writer.ts`; this is the rest, and the frame around every call: the root must be the
 * folder that was opened, and the system's errors become the port's (rule 8).
 */
import path from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { lookAt, openObjectFile, readFully, removeFile, SyncFailure, syncFolder } from './directory-files.ts'
import { lookAtObject, walkObjects } from './directory-list.ts'
import { probeFolder } from './directory-probe.ts'
import { type DirectoryRoot, openDirectoryRoot } from './directory-root.ts'
import { sweepFolders } from './directory-sweep.ts'
import { DirectoryWriter } from './directory-writer.ts'
import { translateFileError } from './file-errors.ts'
import { createFolderBook, type FolderBook } from './folder-book.ts'
import { checkSize } from './object-body.ts'
import { assertObjectName, assertObjectPrefix, folderOf } from './object-name.ts'
import type {
  ByteRange,
  CallOptions,
  GetOptions,
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  StoreCapabilities,
  SweepOptions,
} from './object-store.ts'

export interface DirectoryStoreDeps {
  readonly clock: Clock
  readonly random: Random
}

/**
 * Opens the store in the existing folder `folder`. Throws `vault.unreachable` when there is none and
 * `vault.denied` when it may not be opened. While the store is open its disk cannot be ejected.
 */
export async function openDirectoryStore(folder: string, deps: DirectoryStoreDeps): Promise<ObjectStore> {
  return new DirectoryStore(await openDirectoryRoot(path.resolve(folder)), deps)
}

class DirectoryStore implements ObjectStore {
  readonly kind = 'directory'
  readonly address: string
  readonly #root: DirectoryRoot
  readonly #deps: DirectoryStoreDeps
  readonly #folders: FolderBook
  readonly #writer: DirectoryWriter

  constructor(root: DirectoryRoot, deps: DirectoryStoreDeps) {
    this.address = root.address
    this.#root = root
    this.#deps = deps
    this.#folders = createFolderBook(root)
    this.#writer = new DirectoryWriter(root, this.#folders, deps)
  }

  async put(name: string, body: ObjectBody, options?: CallOptions): Promise<boolean> {
    assertObjectName(name)
    return await this.#run(`writing ${name}`, options, () => this.#writer.put(name, body, options?.signal))
  }

  async get(name: string, options?: GetOptions): Promise<Buffer> {
    assertObjectName(name)
    const range = options?.range
    if (range !== undefined) assertRange(range)
    return await this.#run(`reading ${name}`, options, async () => {
      await this.#folders.requireReal(folderOf(name))
      const handle = await openObjectFile(this.#root.pathOf(name))
      if (handle === undefined) throw await this.#notFound(name)
      try {
        const { size } = await handle.stat()
        const { offset, sizeBytes } = range ?? { offset: 0, sizeBytes: size }
        checkSize(name, size, offset + sizeBytes, range === undefined ? options?.maxSizeBytes : undefined)
        const bytes = Buffer.allocUnsafeSlow(sizeBytes)
        const readBytes = await readFully(handle, bytes, offset, options?.signal)
        if (readBytes !== sizeBytes) throw this.#failed(`${name} ended at ${offset + readBytes} while it was read`)
        return bytes
      } finally {
        await handle.close()
      }
    })
  }

  localPath(name: string): string {
    assertObjectName(name)
    return this.#root.pathOf(name)
  }

  async stat(name: string, options?: CallOptions): Promise<ObjectInfo | undefined> {
    assertObjectName(name)
    return await this.#run(`looking at ${name}`, options, async () => {
      await this.#folders.requireReal(folderOf(name))
      const info = await lookAtObject(this.#root, name)
      if (info === undefined) await this.#root.requireSame()
      return info
    })
  }

  async *list(
    prefix: string,
    options?: CallOptions & { readonly startAfter?: string },
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    assertObjectPrefix(prefix)
    const { signal, startAfter = '' } = options ?? {}
    const doing = `listing ${prefix === '' ? 'the vault' : prefix}`
    const walk = walkObjects(this.#root, { prefix, startAfter, signal })
    await this.#run(doing, options, () => this.#folders.requireReal(folderOf(prefix)))
    for (;;) {
      const next = await this.#translated(doing, () => walk.next())
      if (next.done === true) break
      yield next.value
    }
    // A place that went away in the middle must not look like one with fewer objects.
    await this.#root.requireSame()
  }

  async delete(name: string, options?: CallOptions): Promise<void> {
    assertObjectName(name)
    await this.#run(`deleting ${name}`, options, async () => {
      await this.#folders.requireReal(folderOf(name))
      const objectPath = this.#root.pathOf(name)
      if ((await lookAt(objectPath))?.isDirectory()) return
      await removeFile(objectPath)
      const folder = this.#root.pathOf(folderOf(name))
      // Also when the name was gone: whoever removed it may not have come to the sync.
      if (await lookAt(folder)) await syncFolder(folder)
      await this.#root.requireSame()
    })
  }

  async sweep(olderThanMs: number, options?: SweepOptions): Promise<number> {
    const folder = options?.folder ?? ''
    if (folder !== '') assertObjectName(folder)
    return await this.#run('clearing up', options, () =>
      sweepFolders(this.#root, this.#deps.random, olderThanMs, { folder, signal: options?.signal }),
    )
  }

  async probe(options?: CallOptions): Promise<StoreCapabilities> {
    return await this.#run('trying the folder', options, () => probeFolder(this.#root, this.#deps.random))
  }

  async close(): Promise<void> {
    await this.#root.close()
  }

  /** Runs one call: the place must be the same at its start, and system errors are translated. */
  async #run<T>(doing: string, options: CallOptions | undefined, act: () => Promise<T>): Promise<T> {
    options?.signal?.throwIfAborted()
    await this.#root.requireSame()
    return await this.#translated(doing, act)
  }

  async #translated<T>(doing: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      const cause = error instanceof SyncFailure ? error.cause : error
      throw await translateFileError(cause, doing, this.#root)
    }
  }

  async #notFound(name: string): Promise<Error> {
    await this.#root.requireSame()
    return new AgentError('store.not-found', { object: name })
  }

  #failed(reason: string): Error {
    return new AgentError('store.failed', { address: this.address, reason })
  }
}

function assertRange({ offset, sizeBytes }: ByteRange): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(sizeBytes) && offset >= 0 && sizeBytes >= 0
  if (!whole) throw new RangeError(`not a range: ${sizeBytes} bytes from ${offset}`)
}
