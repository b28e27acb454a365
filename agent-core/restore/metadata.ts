/**
 * Gives a restored entry its metadata. The order matters:
 *   1. owner       changing it clears set-user-id bits and capabilities
 *   2. times       nothing after it touches the mtime; a folder may lose search permission below
 *   3. attributes  ACLs and capabilities among them; an ACL changes the mode
 *   4. mode
 * What cannot be set is no failure of the file: it is told once a kind after the first ten.
 */
import { chmodSync, fchmodSync, fchownSync, lchownSync } from 'node:fs'
import { asBuffer } from '../base/bytes.ts'
import { fileWarning } from '../base/file-warning.ts'
import type { Task } from '../base/task.ts'
import type { Entry, Xattr } from '../format/tree.ts'
import { listXattrs, removeXattr, setTimes, setXattr } from '../platform/posix.ts'
import { isSystemError } from './failure.ts'

/** An open file, or a path that nobody else can change meanwhile. */
export type MetadataTarget = number | Buffer

export interface MetadataOptions {
  /** Restores owners, modes and attributes; times are always restored. */
  readonly metadata: boolean
  /** Restores what gives power: set-user-id and set-group-id bits of files, capabilities, devices. */
  readonly special: boolean
}

const maxToldOneByOne = 10
const setIdBits = 0o6000
const capabilityName = 'security.capability'

export class MetadataWriter {
  readonly #task: Task
  readonly #options: MetadataOptions
  readonly #isRoot = process.geteuid?.() === 0
  readonly #failures = new Map<string, { count: number; firstPath: Buffer }>()

  constructor(task: Task, options: MetadataOptions) {
    this.#task = task
    this.#options = options
  }

  /** Sets what the options allow; `pathOf` names the entry in warnings. `existed`: a folder that was there before. */
  apply(target: MetadataTarget, entry: Entry, existed: boolean, pathOf: () => Buffer): void {
    const { metadata } = this.#options
    const ownerIsSet = metadata && this.#setOwner(target, entry, pathOf)
    this.#attempt('time', pathOf, () => setTimes(target, entry.mtime, entry.mtime))
    if (!metadata) return
    this.#setXattrs(target, entry, existed, pathOf)
    if (entry.type === 'symlink') return
    const mode = this.#allowedMode(entry, ownerIsSet, pathOf)
    this.#attempt('mode', pathOf, () => {
      if (typeof target === 'number') fchmodSync(target, mode)
      else chmodSync(target, mode)
    })
  }

  /** Says that something of an entry was left out; told one by one at first, then summed up by `report`. */
  tell(reason: string, path: Buffer): void {
    const known = this.#failures.get(reason)
    if (known === undefined) this.#failures.set(reason, { count: 1, firstPath: path })
    else known.count++
    const toldOneByOne = reason === ownerReason ? 0 : maxToldOneByOne
    if ((known?.count ?? 1) <= toldOneByOne) this.#task.warn(fileWarning('file.metadata-not-restored', path, reason))
  }

  /** Sums up what was not told one by one. Call it once, at the end. */
  report(): void {
    for (const [reason, { count, firstPath }] of this.#failures) {
      const untold = reason === ownerReason ? count : count - maxToldOneByOne
      if (untold <= 0) continue
      const summary = reason === ownerReason ? `${reason}: ${count} entries` : `${reason}: ${untold} more entries`
      this.#task.warn(fileWarning('file.metadata-not-restored', firstPath, summary))
    }
    this.#failures.clear()
  }

  #setOwner(target: MetadataTarget, entry: Entry, pathOf: () => Buffer): boolean {
    const { uid, gid } = entry.posix
    const change = (newUid: number): void => {
      if (typeof target === 'number') fchownSync(target, newUid, gid)
      else lchownSync(target, newUid, gid)
    }
    try {
      change(uid)
      return true
    } catch (error) {
      if (!isSystemError(error)) throw error
      this.tell(this.#isRoot ? `owner: ${error.code}` : ownerReason, pathOf())
    }
    try {
      // A group that this user belongs to can be given without being root.
      change(-1)
    } catch (error) {
      if (!isSystemError(error)) throw error
    }
    return false
  }

  /** Set-user-id bits would lend the power of another owner than the recorded one. */
  #allowedMode(entry: Entry, ownerIsSet: boolean, pathOf: () => Buffer): number {
    const { mode } = entry.posix
    if (entry.type === 'directory' || (mode & setIdBits) === 0) return mode
    if (ownerIsSet && this.#options.special) return mode
    if (ownerIsSet) this.tell('set-user-id and set-group-id bits are restored on request only', pathOf())
    return mode & ~setIdBits
  }

  #setXattrs(target: MetadataTarget, entry: Entry, existed: boolean, pathOf: () => Buffer): void {
    const { xattrs } = entry.posix
    if (existed) this.#attempt('attributes', pathOf, () => removeSurplus(target, xattrs))
    for (const xattr of xattrs) {
      const name = asBuffer(xattr.name).toString('latin1')
      if (name === capabilityName && !this.#options.special) {
        this.tell('capabilities are restored on request only', pathOf())
      } else if (name === '' || name.length > 255 || name.includes('\0')) {
        this.tell('an attribute has an impossible name', pathOf())
      } else {
        this.#attempt(`attribute ${name}`, pathOf, () => setXattr(target, name, asBuffer(xattr.value)))
      }
    }
  }

  #attempt(what: string, pathOf: () => Buffer, set: () => void): void {
    try {
      set()
    } catch (error) {
      if (!isSystemError(error)) throw error
      this.tell(`${what}: ${error.code}`, pathOf())
    }
  }
}

const ownerReason = 'owners can be set by root only'

/** Takes away attributes that a person or an ACL gave and the point does not have; the system's own ones stay. */
function removeSurplus(target: MetadataTarget, xattrs: readonly Xattr[]): void {
  const wanted = new Set(xattrs.map(({ name }) => asBuffer(name).toString('latin1')))
  for (const name of listXattrs(target)) {
    const isOurs = name.startsWith('user.') || name.startsWith('system.posix_acl_')
    if (isOurs && !wanted.has(name)) removeXattr(target, name)
  }
}
