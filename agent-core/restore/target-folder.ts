import { AgentError } from '../base/agent-error.ts'
import { knownTrouble } from '../base/file-trouble.ts'
import { DirectoryHandle, thisFolder } from '../platform/directory-handle.ts'
import { isSystemError, systemReason } from './failure.ts'
import { componentsOf, joinPath } from './resolve-path.ts'

export interface TargetFolder {
  readonly handle: DirectoryHandle
  /** Nothing is in it: it was made now, or was empty. */
  readonly isEmpty: boolean
  readonly wasMade: boolean
}

/** The folder at `path` (absolute, raw bytes, links followed), or the nearest one above that is there. */
export function openNearest(path: Buffer): { readonly handle: DirectoryHandle; readonly missing: readonly Buffer[] } {
  const names = componentsOf(path)
  if (names === undefined) {
    throw new AgentError('restore.target', { path: path.toString(), reason: 'its path holds ".."' })
  }
  for (let length = names.length; ; length--) {
    try {
      const handle = DirectoryHandle.open(names.slice(0, length).reduce(joinPath, Buffer.from('/')))
      return { handle, missing: names.slice(length) }
    } catch (error) {
      if (!isSystemError(error)) throw error
      if (error.code !== 'ENOENT' || length === 0) throw targetError(path, error)
    }
  }
}

/** Opens the folder, making it and what is missing above it (mode 0777 less the umask). Throws `restore.target`. */
export function openTarget(path: Buffer): TargetFolder {
  const nearest = openNearest(path)
  let { handle } = nearest
  try {
    if (nearest.missing.length === 0) return { handle, isEmpty: handle.list().length === 0, wasMade: false }
    for (const name of nearest.missing) {
      const child = makeOrOpen(handle, name)
      handle.close()
      handle = child
    }
    return { handle, isEmpty: handle.list().length === 0, wasMade: true }
  } catch (error) {
    handle.close()
    throw isSystemError(error) ? targetError(path, error) : error
  }
}

/** Opens the folder `name`, making it when it is not there; throws ENOTDIR for anything else, links included. */
export function makeOrOpen(parent: DirectoryHandle, name: Buffer): DirectoryHandle {
  return parent.lstat(name) === undefined ? parent.makeChild(name, 0o777) : parent.openChild(name)
}

/** A system error that concerns the whole target. */
export function targetError(path: Buffer, error: NodeJS.ErrnoException): AgentError {
  return new AgentError(
    'restore.target',
    { path: path.toString(), reason: knownTrouble(error) ?? systemReason(error) },
    error,
  )
}

/** Device number of an open folder. */
export function deviceOf(handle: DirectoryHandle): bigint {
  const stats = handle.lstat(thisFolder)
  if (stats === undefined) throw new Error('an open folder has no status')
  return stats.dev
}
