/** The POSIX section of an entry: modes, owners, and the attributes that only system calls can tell. */
import type { PosixSection, Xattr } from '../format/tree.ts'
import { deviceNumbers, type FileTarget, getXattr, listXattrs } from '../platform/posix.ts'
import type { FoundEntry } from './found-entry.ts'

export interface ReadMetadata {
  readonly posix: PosixSection
  /** Why some attributes could not be read; undefined when all were. */
  readonly problem: string | undefined
}

/** Reads extended attributes and ACLs of `target` (descriptor or path, never followed); does not throw for them. */
export function readMetadata(found: FoundEntry, target: FileTarget): ReadMetadata {
  const { xattrs, problem } = readXattrs(target)
  const isDevice = found.type === 'character-device' || found.type === 'block-device'
  return {
    posix: {
      mode: found.mode,
      uid: found.uid,
      gid: found.gid,
      xattrs,
      ...(isDevice && { device: deviceNumbers(found.specialDevice) }),
    },
    problem,
  }
}

function readXattrs(target: FileTarget): { xattrs: readonly Xattr[]; problem: string | undefined } {
  const xattrs: Xattr[] = []
  try {
    for (const name of listXattrs(target).sort()) {
      const value = getXattr(target, name)
      if (value !== undefined) xattrs.push({ name: Buffer.from(name, 'latin1'), value })
    }
    return { xattrs, problem: undefined }
  } catch (error) {
    return { xattrs, problem: (error as Error).message }
  }
}
