/**
 * Gives a restored entry its metadata. The order matters:
 *   1. owner       changing it clears set-user-id bits and capabilities
 *   2. times       nothing after it touches the mtime; a folder may lose search permission below
 *   3. attributes  ACLs and capabilities among them; an ACL changes the mode
 *   4. mode
 * What cannot be set is no failure of the file: it is told (metadata-notes.ts).
 */
import { chmodSync, lchownSync } from 'node:fs'
import { asBuffer } from '../base/bytes.ts'
import type { Entry, Xattr } from '../format/tree.ts'
import { changeMode, changeOwner } from '../platform/file-at.ts'
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

/** Permissions to make a file with. Without metadata, the process's own habit (umask), with the right to run what could be run. */
export function creationMode(entry: Entry, { metadata }: MetadataOptions): number {
  if (metadata) return 0o600
  return (entry.posix.mode & 0o111) === 0 ? 0o666 : 0o777
}

/** What is known of the target before. */
export interface TargetState {
  /** A folder that was there: its surplus attributes are taken away. */
  readonly existed: boolean
  /** Its owner; a right one need not be set. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

export type LossCode = 'file.metadata-not-restored' | 'file.special-left-out'

/** Hears that something of an entry was left out, and why; `file.special-left-out`: since nobody has asked for it. */
export type TellLoss = (reason: string, pathOf: () => Buffer, code?: LossCode) => void

const setIdBits = 0o6000
const capabilityName = 'security.capability'

export class MetadataWriter {
  readonly #options: MetadataOptions
  readonly #tell: TellLoss
  readonly #isRoot = process.geteuid?.() === 0

  constructor(options: MetadataOptions, tell: TellLoss) {
    this.#options = options
    this.#tell = tell
  }

  /** Sets what the options allow; `pathOf` names the entry for `tell`. */
  apply(target: MetadataTarget, entry: Entry, state: TargetState, pathOf: () => Buffer): void {
    const { metadata } = this.#options
    const { uid, gid } = entry.posix
    const hasOwner = state.owner?.uid === uid && state.owner.gid === gid
    const ownerIsSet = metadata && (hasOwner || this.#setOwner(target, entry, pathOf))
    this.#attempt('time', pathOf, () => setTimes(target, entry.mtime, entry.mtime))
    if (!metadata) return
    this.#setXattrs(target, entry, state.existed, pathOf)
    if (entry.type === 'symlink') return
    const mode = this.#allowedMode(entry, ownerIsSet, pathOf)
    this.#attempt('mode', pathOf, () => {
      if (typeof target === 'number') changeMode(target, mode)
      else chmodSync(target, mode)
    })
  }

  #setOwner(target: MetadataTarget, entry: Entry, pathOf: () => Buffer): boolean {
    const { uid, gid } = entry.posix
    const change = (newUid: number): void => {
      if (typeof target === 'number') changeOwner(target, newUid, gid)
      else lchownSync(target, newUid, gid)
    }
    try {
      change(uid)
      return true
    } catch (error) {
      if (!isSystemError(error)) throw error
      this.#tell(this.#isRoot ? `owner: ${error.code}` : ownerReason, pathOf)
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
    if (ownerIsSet) this.#tell('set-user-id and set-group-id bits', pathOf, 'file.special-left-out')
    return mode & ~setIdBits
  }

  #setXattrs(target: MetadataTarget, entry: Entry, existed: boolean, pathOf: () => Buffer): void {
    const { xattrs } = entry.posix
    if (existed) this.#attempt('attributes', pathOf, () => removeSurplus(target, xattrs))
    for (const xattr of xattrs) {
      const name = asBuffer(xattr.name).toString('latin1')
      if (name === capabilityName && !this.#options.special) {
        this.#tell('capabilities', pathOf, 'file.special-left-out')
      } else if (name === '' || name.length > 255 || name.includes('\0')) {
        this.#tell('an attribute has an impossible name', pathOf)
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
      this.#tell(`${what}: ${error.code}`, pathOf)
    }
  }
}

/** Told for every entry of a restore without root. */
export const ownerReason = 'owners can be set by root only'

/** Takes away attributes that a person or an ACL gave and the point does not have; the system's own ones stay. */
function removeSurplus(target: MetadataTarget, xattrs: readonly Xattr[]): void {
  const wanted = new Set(xattrs.map(({ name }) => asBuffer(name).toString('latin1')))
  for (const name of listXattrs(target)) {
    const isOurs = name.startsWith('user.') || name.startsWith('system.posix_acl_')
    if (isOurs && !wanted.has(name)) removeXattr(target, name)
  }
}
