/**
 * The private folder in which everything is made before it gets its final name:
 * `.tharsis-restore-<16 hex digits>` in the target, mode 0700, one a file system.
 *   1. Nobody else can reach into it: paths in it are safe, and what it holds is what this restore made.
 *   2. Publishing is one rename: a final name holds the whole entry, content verified, metadata set, or nothing.
 *   3. It is removed after the file system was synced. One that is found unlocked tells that an earlier restore was
 *      killed or the power failed: its leftovers are removed, and folders get the metadata they may lack.
 * Few files are synced one by one; many together, by one sync of the file system at the end: one a file would take
 * minutes for 100,000 files, and a sync of the file system waits for what all other programs have written.
 */
import { closeSync, constants, openSync, renameSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import type { Random } from '../base/random.ts'
import { DirectoryHandle, thisFolder } from '../platform/directory-handle.ts'
import { lockFile, syncFileSystem } from '../platform/posix.ts'
import { renameNoReplace } from '../platform/rename-no-replace.ts'
import { isSystemError } from './failure.ts'
import type { WorkerFolder } from './messages.ts'

/** So many entries are made before the whole file system is going to be synced. */
const maxSyncedOneByOne = 16

const namePattern = /^\.tharsis-restore-[0-9a-f]{16}$/

/** An inode that further names can be given to. */
interface LinkSource {
  readonly name: Buffer
  readonly inode: bigint
}

interface OpenedStaging {
  readonly parent: DirectoryHandle
  readonly name: Buffer
  readonly handle: DirectoryHandle
  readonly lockFd: number
  readonly unfinished: boolean
}

export class Staging implements Disposable {
  /** An earlier restore into this folder did not finish. */
  readonly foundUnfinished: boolean
  readonly handle: DirectoryHandle
  readonly #parent: DirectoryHandle
  readonly #name: Buffer
  readonly #lockFd: number
  readonly #links = new Map<string, LinkSource>()
  readonly #workerFolders: DirectoryHandle[] = []
  #lastNumber = 0
  #isRemoved = false

  private constructor(opened: OpenedStaging) {
    this.#parent = opened.parent
    this.#name = opened.name
    this.handle = opened.handle
    this.#lockFd = opened.lockFd
    this.foundUnfinished = opened.unfinished
  }

  /**
   * Removes leftovers in `folder`, which stays the caller's, and makes the private folder there. Throws system
   * errors, and `restore.target` when somebody interferes.
   */
  static open(folder: DirectoryHandle, random: Random): Staging {
    const unfinished = removeLeftovers(folder)
    const name = Buffer.from(`.tharsis-restore-${random.bytes(8).toString('hex')}`)
    const handle = folder.makeChild(name, 0o700)
    const parent = DirectoryHandle.open(folder.pathOf(thisFolder))
    let lockFd: number | undefined
    try {
      lockFd = openFolder(handle)
      lockFile(lockFd)
      ensurePrivate(folder, name, handle)
      // A default ACL of the target would be handed on to everything that is made here.
      const defaultAcl = 'system.posix_acl_default'
      if (handle.getXattr(thisFolder, defaultAcl) !== undefined) handle.removeXattr(thisFolder, defaultAcl)
    } catch (error) {
      if (lockFd !== undefined) closeSync(lockFd)
      handle.close()
      parent.close()
      throw error
    }
    return new Staging({ parent, name, handle, lockFd, unfinished })
  }

  /** True as long as so little was made that each file, and each folder that got names, is to be synced by itself. */
  get syncsOneByOne(): boolean {
    return this.#lastNumber <= maxSyncedOneByOne && this.#workerFolders.length === 0
  }

  /** The folder in here that belongs to the worker with that number, so that no two wait for the lock of one folder. */
  workerFolder(worker: number): WorkerFolder {
    const handle = (this.#workerFolders[worker] ??= this.handle.makeChild(Buffer.from(`worker-${worker}`), 0o700))
    const stats = handle.lstat(thisFolder)
    if (stats === undefined) throw new Error('an open folder has no status')
    return { fd: handle.fd, owner: { uid: Number(stats.uid), gid: Number(stats.gid) } }
  }

  /** A name that is free here. */
  newName(): Buffer {
    return Buffer.from(String(++this.#lastNumber))
  }

  /** Gives what stands here as `staged` its final name; throws EEXIST when that is taken, unless `replace`. */
  publish(staged: Buffer, folder: DirectoryHandle, name: Buffer, replace: boolean): void {
    const from = this.handle.pathOf(staged)
    if (replace) renameSync(from, folder.pathOf(name))
    else renameNoReplace(from, folder.pathOf(name))
  }

  /** Moves what stands in the way here, where it goes with the rest; `putBack` returns it. */
  takeAside(folder: DirectoryHandle, name: Buffer): { readonly putBack: () => void } {
    const aside = this.newName()
    renameSync(folder.pathOf(name), this.handle.pathOf(aside))
    return { putBack: () => renameNoReplace(this.handle.pathOf(aside), folder.pathOf(name)) }
  }

  /** The inode of a hard-link group, once one of its members was made or met. */
  linkSource(group: string): LinkSource | undefined {
    return this.#links.get(group)
  }

  /**
   * Keeps a second name of `from/name` here, so that later members of the group become names of the same inode.
   * Answers false where the file system has no (more) hard links: the next member is then made anew.
   */
  keepForLinks(group: string, from: DirectoryHandle, name: Buffer): boolean {
    const kept = Buffer.from(`link-${this.#links.size}`)
    try {
      this.handle.link(from, name, kept)
    } catch (error) {
      if (isSystemError(error) && noLinkCodes.has(error.code)) return false
      throw error
    }
    const stats = this.handle.lstat(kept)
    if (stats === undefined) return false
    this.#links.set(group, { name: kept, inode: stats.ino })
    return true
  }

  /** Makes another name of a group's inode here and answers it; undefined when it can have no more. */
  linkAgain(source: LinkSource): Buffer | undefined {
    const staged = this.newName()
    try {
      this.handle.link(this.handle, source.name, staged)
      return staged
    } catch (error) {
      if (isSystemError(error) && noLinkCodes.has(error.code)) return undefined
      throw error
    }
  }

  /** Returns when everything published is safe on the disk (see syncsOneByOne) and the private folder is gone. */
  finish(): void {
    if (!this.syncsOneByOne) syncFileSystem(this.#lockFd)
    this.#remove()
  }

  /** Tidies up after a failure; what cannot be removed is left to the next restore. */
  [Symbol.dispose](): void {
    if (this.#isRemoved) return
    try {
      this.finish()
    } catch (error) {
      // The failure that ended the restore is the one to report.
      if (!isSystemError(error)) throw error
    } finally {
      this.#close()
    }
  }

  #remove(): void {
    removeContent(this.handle)
    this.#parent.rmdir(this.#name)
    this.#close()
  }

  #close(): void {
    if (this.#isRemoved) return
    this.#isRemoved = true
    for (const folder of this.#workerFolders) folder?.close()
    closeSync(this.#lockFd)
    this.handle.close()
    this.#parent.close()
  }
}

const noLinkCodes: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** Answers whether there were any. Folders of other owners and those of restores that run now are left alone. */
function removeLeftovers(folder: DirectoryHandle): boolean {
  let found = false
  for (const name of folder.list()) {
    if (!namePattern.test(name.toString('latin1')) || folder.lstat(name)?.isDirectory() !== true) continue
    using leftover = folder.openChild(name)
    if (Number(leftover.lstat(thisFolder)?.uid) !== process.geteuid?.()) continue
    const fd = openFolder(leftover)
    try {
      if (!lockFile(fd)) continue
      found = true
      removeContent(leftover)
      folder.rmdir(name)
    } finally {
      closeSync(fd)
    }
  }
  return found
}

/** Folders in here are empty, as they are moved out before they are filled, or hold files of a worker. */
function removeContent(handle: DirectoryHandle): void {
  for (const name of handle.list()) {
    if (handle.lstat(name)?.isDirectory()) {
      using folder = handle.openChild(name)
      for (const file of folder.list()) folder.unlink(file)
      handle.rmdir(name)
    } else {
      handle.unlink(name)
    }
  }
}

/**
 * Where others may write in the target, the folder that was opened must be the one that was made: it is ours, and
 * empty. Where a file system keeps no owners, everything in it shows the same one.
 */
function ensurePrivate(folder: DirectoryHandle, name: Buffer, handle: DirectoryHandle): void {
  const owner = handle.lstat(thisFolder)?.uid
  let isOurs = handle.list().length === 0
  if (isOurs && Number(owner) !== process.geteuid?.()) {
    const probe = Buffer.from('owner')
    closeSync(handle.createFile(probe, 0o600))
    isOurs = handle.lstat(probe)?.uid === owner
    handle.unlink(probe)
  }
  if (isOurs && folder.lstat(name)?.ino === handle.lstat(thisFolder)?.ino) return
  throw new AgentError('restore.target', { path: name.toString(), reason: 'somebody changes it meanwhile' })
}

function openFolder(handle: DirectoryHandle): number {
  return openSync(handle.pathOf(thisFolder), constants.O_RDONLY | constants.O_DIRECTORY)
}
