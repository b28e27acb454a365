/**
 * Safe writing below a folder that others may change meanwhile. A DirectoryHandle holds the folder
 * itself, not its path, and acts on entries by their single-component raw-byte names:
 * 1. No operation follows a symbolic link in the last component, and there is no other component:
 *    a link that somebody swaps in is reported (ENOTDIR, ELOOP) or acted on itself, never passed.
 * 2. Renaming or replacing the folder, or one above it, does not lead operations elsewhere.
 * 3. A name that is empty, `.`, `..` or holds `/` or NUL throws TypeError: such a name is a bug of the caller.
 * System errors are shaped as Node's own. Works through `/proc/self/fd/<fd>/<name>` (proc(5)).
 */
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { constants as osConstants } from 'node:os'
import { anchoredPath } from './anchored-path.ts'
import { systemError } from './native-library.ts'
import {
  type DeviceNumbers,
  type FileTime,
  getXattr,
  listXattrs,
  makeNode,
  O_PATH,
  openForReading,
  removeXattr,
  setTimes,
  setXattr,
} from './posix.ts'
import { renameNoReplace } from './rename-no-replace.ts'

/** Names the folder of the handle itself, where an operation takes it. Needs search permission: set its mode last. */
export const thisFolder: unique symbol = Symbol('this folder')

/** An entry's name in raw bytes, or the folder itself. */
export type EntryName = Buffer | typeof thisFolder

/** A folder held open. Close it, or hold it with `using`. */
export class DirectoryHandle implements Disposable {
  #fd: number | undefined

  private constructor(fd: number) {
    this.#fd = fd
  }

  /** Opens the folder at `path` (of any length); links in `path` are followed. Throws ENOENT, ENOTDIR, EACCES. */
  static open(path: Buffer): DirectoryHandle {
    using anchored = anchoredPath(path)
    return new DirectoryHandle(openSync(anchored.path, O_PATH | constants.O_DIRECTORY))
  }

  /** Opens the folder `name`; throws ENOTDIR when it is anything else, a link to a folder included. */
  openChild(name: Buffer): DirectoryHandle {
    return new DirectoryHandle(openSync(this.pathOf(name), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW))
  }

  /** Another handle on the same folder. */
  reopen(): DirectoryHandle {
    return DirectoryHandle.open(this.pathOf(thisFolder))
  }

  /** The open folder, for calls that take it beside a name (file-at.ts), in any thread; valid until `close`. */
  get fd(): number {
    if (this.#fd === undefined) throw new Error('the directory handle is closed')
    return this.#fd
  }

  /** Makes the folder `name` with `mode` (less the umask) and opens it; throws EEXIST when the name is taken. */
  makeChild(name: Buffer, mode: number): DirectoryHandle {
    mkdirSync(this.pathOf(name), mode)
    return this.openChild(name)
  }

  /** Makes the file `name` with `mode` (less the umask); the descriptor for writing is the caller's. Throws EEXIST. */
  createFile(name: Buffer, mode: number): number {
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
    return openSync(this.pathOf(name), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode)
  }

  /** Opens `name` as openForReading of posix.ts does; throws ELOOP for a link. The caller closes it. */
  openForReading(name: Buffer): number {
    return openForReading(this.pathOf(name))
  }

  /** What `name` is (a link itself, not its target), or undefined when there is nothing. */
  lstat(name: EntryName): BigIntStats | undefined {
    return lstatSync(this.pathOf(name), { bigint: true, throwIfNoEntry: false })
  }

  /** Raw target of the symbolic link `name`; throws EINVAL when it is none. */
  readLink(name: Buffer): Buffer {
    return readlinkSync(this.pathOf(name), { encoding: 'buffer' })
  }

  /** Names of all entries, in no order. */
  list(): Buffer[] {
    return readdirSync(this.pathOf(thisFolder), { encoding: 'buffer' })
  }

  /** Renames within the folder, replacing what `to` names as rename(2) does. */
  rename(from: Buffer, to: Buffer): void {
    renameSync(this.pathOf(from), this.pathOf(to))
  }

  /** Renames within the folder; throws EEXIST when `to` is there (see rename-no-replace.ts). */
  renameNoReplace(from: Buffer, to: Buffer): void {
    renameNoReplace(this.pathOf(from), this.pathOf(to))
  }

  /** Removes the entry `name`, which is no folder. */
  unlink(name: Buffer): void {
    unlinkSync(this.pathOf(name))
  }

  /** Removes the empty folder `name`. */
  rmdir(name: Buffer): void {
    rmdirSync(this.pathOf(name))
  }

  /** Makes the symbolic link `name` to the raw bytes `target`; throws EEXIST. */
  symlink(target: Buffer, name: Buffer): void {
    symlinkSync(target, this.pathOf(name))
  }

  /** Makes `name` a second name of `fromName` in `from`: of a symbolic link itself, not of its target. Throws EEXIST. */
  link(from: DirectoryHandle, fromName: Buffer, name: Buffer): void {
    // link(2) of Linux does not follow a link in its last component.
    linkSync(from.pathOf(fromName), this.pathOf(name))
  }

  /** Makes a FIFO, socket or device (see makeNode of posix.ts). */
  makeNode(name: Buffer, mode: number, device?: DeviceNumbers): void {
    makeNode(this.pathOf(name), mode, device)
  }

  /** Changes owner and group of the entry itself; this clears set-user-id bits, so set the mode afterwards. */
  setOwner(name: EntryName, uid: number, gid: number): void {
    lchownSync(this.pathOf(name), uid, gid)
  }

  /** Changes the permissions (low 12 bits of `mode`); throws ELOOP for a symbolic link, which has none of its own. */
  setMode(name: EntryName, mode: number): void {
    const path = this.pathOf(name)
    const fd = openSync(path, O_PATH | constants.O_NOFOLLOW)
    try {
      if (fstatSync(fd).isSymbolicLink()) throw systemError('chmod', osConstants.errno.ELOOP, path)
      chmodSync(`/proc/self/fd/${fd}`, mode & 0o7777)
    } finally {
      closeSync(fd)
    }
  }

  /** Sets the times of the entry itself. */
  setTimes(name: EntryName, atime: FileTime, mtime: FileTime): void {
    setTimes(this.pathOf(name), atime, mtime)
  }

  /** Names (latin1) of the extended attributes of the entry itself. */
  listXattrs(name: EntryName): string[] {
    return listXattrs(this.pathOf(name))
  }

  /** Value of an extended attribute of the entry itself, or undefined. */
  getXattr(name: EntryName, attribute: string): Buffer | undefined {
    return getXattr(this.pathOf(name), attribute)
  }

  /** Sets an extended attribute (its name in latin1) of the entry itself. */
  setXattr(name: EntryName, attribute: string, value: Buffer): void {
    setXattr(this.pathOf(name), attribute, value)
  }

  /** Removes an extended attribute of the entry itself, if it is there. */
  removeXattr(name: EntryName, attribute: string): void {
    removeXattr(this.pathOf(name), attribute)
  }

  /** Returns when the folder's list of names is safe on the disk. */
  sync(): void {
    const fd = openSync(this.pathOf(thisFolder), constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  }

  /**
   * A path that names the entry for file calls not listed here, valid while the handle is open. Use only
   * calls that do not follow links in the last component.
   */
  pathOf(name: EntryName): Buffer {
    return Buffer.concat([Buffer.from(`/proc/self/fd/${this.fd}/`), name === thisFolder ? dot : checkedName(name)])
  }

  /** Lets go of the folder; a second call does nothing. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

const dot = Buffer.from('.')
const dotDot = Buffer.from('..')

function checkedName(name: Buffer): Buffer {
  if (name.length === 0 || name.equals(dot) || name.equals(dotDot) || name.includes(0x2f) || name.includes(0)) {
    throw new TypeError(`not the name of one entry: ${JSON.stringify(name.toString())}`)
  }
  return name
}
