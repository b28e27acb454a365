/**
 * Writing into a directory store.
 *
 * Order of a put: folder durable in its parent → bytes under a temporary name beside the final one →
 * fsync → the root is still the same → final name by hard link (which never replaces), or by turns
 * and rename where there are no links → fsync of the folder. A local file on the same file system is
 * synced and linked as it is, or cloned, so that vault and cache hold one copy (W2, W5, W6 of the
 * format page; the crash states of this order are enumerated in `test/faults/crash-states.test.ts`).
 */
import { type FileHandle, lstat, rename } from 'node:fs/promises'
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import {
  cloneFile,
  createPrivateFile,
  linkNew,
  lookAt,
  openObjectFile,
  readFully,
  removeFile,
  SyncFailure,
  syncFile,
  syncFolder,
  syncReadFile,
  turnFilesIn,
} from './directory-files.ts'
import type { DirectoryRoot } from './directory-root.ts'
import { errnoOf } from './file-errors.ts'
import type { FolderBook } from './folder-book.ts'
import { bodyFailed, openBodyFile, PIECE_BYTES, readBody, sizeOfBody } from './object-body.ts'
import { folderOf, lastSegmentOf } from './object-name.ts'
import type { ObjectBody } from './object-store.ts'
import { type PublishOutcome, publishByTurn, TEMPORARY_PREFIX } from './publish-by-turn.ts'

/** How often a put begins anew when others keep taking its temporary file, folder or name away. */
const MAX_BEGINNINGS = 8

type LocalFile = Exclude<ObjectBody, Uint8Array>

/** The put of one directory store; file errors come as the system gives them. */
export class DirectoryWriter {
  readonly #root: DirectoryRoot
  readonly #folders: FolderBook
  readonly #deps: { readonly clock: Clock; readonly random: Random }
  /** Names whose entry could not be synced. */
  readonly #unsettled = new Set<string>()
  #links: Promise<boolean> | undefined

  constructor(root: DirectoryRoot, folders: FolderBook, deps: { readonly clock: Clock; readonly random: Random }) {
    this.#root = root
    this.#folders = folders
    this.#deps = deps
  }

  /** Puts `body` as the object `name`, as the port's `put` says. */
  async put(name: string, body: ObjectBody, signal: AbortSignal | undefined): Promise<boolean> {
    for (let beginning = 1; beginning <= MAX_BEGINNINGS; beginning++) {
      const made = await this.#putOnce(name, body, signal)
      if (made !== undefined) return made
      this.#folders.forget(folderOf(name))
    }
    const reason = `writing ${name}: what was written was taken away again and again`
    throw new AgentError('store.failed', { address: this.#root.address, reason })
  }

  /** One beginning of a put: true or false as `put`, undefined when it must begin anew. */
  async #putOnce(name: string, body: ObjectBody, signal: AbortSignal | undefined): Promise<boolean | undefined> {
    await this.#folders.ensure(folderOf(name))
    if ((await lookAt(this.#root.pathOf(name))) !== undefined) return await this.#recognise(name, body, signal)
    let outcome: PublishOutcome | 'unfit' = 'unfit'
    try {
      if (!(body instanceof Uint8Array) && (await this.#hasLinks(folderOf(name)))) {
        outcome = await this.#publishFile(name, body, signal)
      }
      if (outcome === 'unfit') outcome = await this.#publishCopy(name, body, signal)
    } catch (error) {
      // The folder was removed since it was last seen.
      if (errnoOf(error) !== 'ENOENT') throw error
      await this.#root.requireSame()
      return undefined
    }
    if (outcome === 'lost') return undefined
    if (outcome === 'taken') return await this.#recognise(name, body, signal)
    await this.#settle(name, body)
    return true
  }

  /** Links a complete local file, which must be private, as the object itself (W6). */
  async #publishFile(name: string, file: LocalFile, signal?: AbortSignal): Promise<PublishOutcome | 'unfit'> {
    const handle = await openBodyFile(file.path, this.#root.address)
    try {
      const opened = await handle.stat({ bigint: true })
      if (opened.size !== BigInt(file.sizeBytes)) {
        throw bodyFailed(
          this.#root.address,
          file.path,
          `it has ${opened.size} bytes, not the ${file.sizeBytes} promised`,
        )
      }
      const named = await lstat(file.path, { bigint: true })
      const isPrivate = process.platform === 'win32' || (opened.mode & 0o077n) === 0n
      if (named.ino !== opened.ino || opened.dev !== this.#root.device || !isPrivate) return 'unfit'
      await syncReadFile(handle)
    } finally {
      await handle.close()
    }
    signal?.throwIfAborted()
    await this.#root.requireSame()
    return await linkNew(file.path, this.#root.pathOf(name))
  }

  async #publishCopy(name: string, body: ObjectBody, signal?: AbortSignal): Promise<PublishOutcome> {
    const temporary = await this.#writeTemporary(name, body, signal)
    const temporaryPath = this.#root.pathOf(temporary)
    try {
      signal?.throwIfAborted()
      await this.#root.requireSame()
      if (!(await this.#hasLinks(folderOf(name)))) {
        const files = turnFilesIn(this.#root.pathOf(folderOf(name)))
        const publication = { temporaryName: lastSegmentOf(temporary), finalName: lastSegmentOf(name) }
        const outcome = await publishByTurn(files, this.#deps.clock, publication)
        if (outcome === 'taken') await removeFile(temporaryPath)
        return outcome
      }
      const outcome = await linkOrLose(temporaryPath, this.#root.pathOf(name))
      await removeFile(temporaryPath)
      return outcome
    } catch (error) {
      await this.#removeAfterFailure(temporaryPath)
      throw error
    }
  }

  /** Writes and syncs the body under a fresh temporary name; a failed sync is tried once more under another (W5). */
  async #writeTemporary(name: string, body: ObjectBody, signal?: AbortSignal): Promise<string> {
    try {
      return await this.#writeTemporaryOnce(name, body, signal)
    } catch (error) {
      if (!(error instanceof SyncFailure)) throw error
      return await this.#writeTemporaryOnce(name, body, signal)
    }
  }

  async #writeTemporaryOnce(name: string, body: ObjectBody, signal?: AbortSignal): Promise<string> {
    const temporary = temporaryNameFor(name, this.#deps.random)
    const temporaryPath = this.#root.pathOf(temporary)
    try {
      if (!(body instanceof Uint8Array) && (await this.#clone(body, temporaryPath))) {
        const cloned = await lookAt(temporaryPath)
        if (cloned?.size === body.sizeBytes) return temporary
        throw bodyFailed(this.#root.address, body.path, `it has not the ${body.sizeBytes} bytes promised`)
      }
      const handle = await createPrivateFile(temporaryPath)
      try {
        for await (const piece of readBody(body, this.#root.address, signal)) await writeFully(handle, piece)
        await syncFile(handle)
      } finally {
        await handle.close()
      }
      return temporary
    } catch (error) {
      await this.#removeAfterFailure(temporaryPath)
      throw error
    }
  }

  async #clone(file: LocalFile, temporaryPath: string): Promise<boolean> {
    // Opened first, so that a fault of the file is not taken for one of the vault.
    await (await openBodyFile(file.path, this.#root.address)).close()
    return await cloneFile(file.path, temporaryPath)
  }

  /** False when the name holds exactly the body, now durable; `store.conflict` else; undefined when it is gone again. */
  async #recognise(name: string, body: ObjectBody, signal?: AbortSignal): Promise<false | undefined> {
    await this.#folders.requireReal(folderOf(name))
    const handle = await openObjectFile(this.#root.pathOf(name))
    if (handle === undefined) {
      if ((await lookAt(this.#root.pathOf(name))) === undefined) return undefined
      throw new AgentError('store.conflict', { object: name })
    }
    try {
      if (!(await hasBytes(handle, body, this.#root.address, signal))) {
        throw new AgentError('store.conflict', { object: name })
      }
      await syncReadFile(handle)
    } finally {
      await handle.close()
    }
    await this.#settle(name, body)
    return false
  }

  /**
   * Makes a published name durable. When the folder's sync fails, the entry is written anew by renaming
   * a fresh copy of the same bytes over it; the name is never taken back, for another writer may have
   * recognised it. A second failure stops; the next put of that name begins by writing the entry anew,
   * since the system may call a folder clean whose sync has failed.
   */
  async #settle(name: string, body: ObjectBody): Promise<void> {
    const folder = this.#root.pathOf(folderOf(name))
    if (!this.#unsettled.has(name)) {
      try {
        await syncFolder(folder)
        return
      } catch (error) {
        if (!(error instanceof SyncFailure)) throw error
        this.#unsettled.add(name)
      }
    }
    const temporary = await this.#writeTemporary(name, body)
    await rename(this.#root.pathOf(temporary), this.#root.pathOf(name))
    await syncFolder(folder)
    this.#unsettled.delete(name)
  }

  /**
   * True when this file system makes hard links; tried once, so that all its writers publish alike. Tried in the
   * object's own folder: what a crash leaves there is found by who sweeps that part of the place.
   */
  #hasLinks(folder: string): Promise<boolean> {
    this.#links ??= tryLink(this.#root, folder, this.#deps.random).catch((error: unknown) => {
      this.#links = undefined
      throw error
    })
    return this.#links
  }

  /** Clears up behind a failed write; the failure itself is what gets told, and `sweep` finds the rest. */
  async #removeAfterFailure(temporaryPath: string): Promise<void> {
    try {
      await removeFile(temporaryPath)
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
    }
  }
}

function temporaryNameFor(name: string, random: Random): string {
  const folder = folderOf(name)
  const temporary = `${TEMPORARY_PREFIX}${random.bytes(8).toString('hex')}-${lastSegmentOf(name)}`
  return folder === '' ? temporary : `${folder}/${temporary}`
}

/** Hard-links the temporary file; `lost` when a sweep took it away. */
async function linkOrLose(temporaryPath: string, finalPath: string): Promise<PublishOutcome> {
  try {
    const outcome = await linkNew(temporaryPath, finalPath)
    if (outcome !== 'unfit') return outcome
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    return 'lost'
  }
  throw new Error(`hard links worked in this file system and now do not: ${finalPath}`)
}

async function tryLink(root: DirectoryRoot, folder: string, random: Random): Promise<boolean> {
  const name = folder === '' ? 'links' : `${folder}/links`
  const from = root.pathOf(temporaryNameFor(name, random))
  const to = root.pathOf(temporaryNameFor(name, random))
  await (await createPrivateFile(from)).close()
  try {
    return (await linkNew(from, to)) === 'made'
  } finally {
    await removeFile(to)
    await removeFile(from)
  }
}

async function writeFully(handle: FileHandle, piece: Buffer): Promise<void> {
  for (let offset = 0; offset < piece.length; ) {
    offset += (await handle.write(piece, offset, piece.length - offset)).bytesWritten
  }
}

async function hasBytes(handle: FileHandle, body: ObjectBody, address: string, signal?: AbortSignal): Promise<boolean> {
  if ((await handle.stat()).size !== sizeOfBody(body)) return false
  const there = Buffer.allocUnsafeSlow(PIECE_BYTES)
  let position = 0
  for await (const piece of readBody(body, address, signal)) {
    const readBytes = await readFully(handle, there.subarray(0, piece.length), position, signal)
    if (readBytes !== piece.length || !piece.equals(there.subarray(0, piece.length))) return false
    position += piece.length
  }
  return true
}
