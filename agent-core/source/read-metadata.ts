/** The POSIX section of an entry: modes, owners, and the attributes that only system calls can tell. */
import type { PosixSection, Xattr } from '../format/tree.ts'
import { type FileTarget, getXattr, listXattrs } from '../platform/posix.ts'
import type { FoundEntry } from './found-entry.ts'

/** Names and values of an entry's attributes together; more would not fit into a page of its directory. */
export const maxXattrsSizeBytes = 128 * 1024

export interface ReadMetadata {
  readonly posix: PosixSection
  /** Why some attributes could not be read; undefined when all were. */
  readonly problem: string | undefined
}

/**
 * Reads extended attributes and ACLs of `target` (descriptor or path, never followed); does not throw for them. Those that
 * do not fit are left out, in the order of the names.
 */
export function readMetadata(found: FoundEntry, target: FileTarget): ReadMetadata {
  const { xattrs, problem } = readXattrs(target)
  const isDevice = found.type === 'character-device' || found.type === 'block-device'
  return {
    posix: {
      mode: found.mode,
      uid: found.uid,
      gid: found.gid,
      xattrs,
      ...(isDevice && { device: found.specialDevice }),
    },
    problem,
  }
}

function readXattrs(target: FileTarget): { xattrs: readonly Xattr[]; problem: string | undefined } {
  const xattrs: Xattr[] = []
  const leftOut: string[] = []
  let sizeBytes = 0
  try {
    for (const name of listXattrs(target).sort()) {
      const value = getXattr(target, name)
      if (value === undefined) continue
      if (sizeBytes + name.length + value.length > maxXattrsSizeBytes) {
        leftOut.push(name)
        continue
      }
      sizeBytes += name.length + value.length
      xattrs.push({ name: Buffer.from(name, 'latin1'), value })
    }
    return { xattrs, problem: leftOut.length === 0 ? undefined : tooLong(leftOut) }
  } catch (error) {
    return { xattrs, problem: (error as Error).message }
  }
}

function tooLong(names: readonly string[]): string {
  const kept = maxXattrsSizeBytes / 1024
  return `more than ${kept} KiB of extended attributes; left out: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}`
}
