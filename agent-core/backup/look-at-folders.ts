/** The protected folders as they are now, and what of them stays out. */
import { closeSync, openSync, readSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { shownPath } from '../base/file-warning.ts'
import { fileSystemId } from '../platform/file-system-id.ts'
import { isNoDump, openForReading } from '../platform/posix.ts'
import { createExclusions } from '../source/exclusions.ts'
import { joinPath, listDirectory, lookAt } from '../source/list-directory.ts'
import type { FolderState } from './plan-sources.ts'

const tagName = 'CACHEDIR.TAG'

/** What of an entry stays out of the point. */
export type Verdict = 'in' | 'out' | 'folder-only'

export interface ListedDirectory {
  readonly path: Buffer
  /** `path` as it can be given to the system. */
  readonly openPath: Buffer
  /** Path below the protected folder. */
  readonly relative: string
  readonly names: readonly string[]
  /** Undefined where the flag is still to be asked for. */
  readonly isNoDump: boolean | undefined
}

export interface SourceRules {
  readonly judge: (path: Buffer, relative: string, isDirectory: boolean) => Verdict
  /** True where an entry of that name, which is no directory, is in, wherever it lies: `judge` need not be asked. */
  readonly isFreeName: (name: string) => boolean
  /** Judges a directory by its own entries: tagged caches, the nodump flag. */
  readonly judgeContent: (directory: ListedDirectory) => Verdict
  /** Files with the nodump flag stay out. */
  readonly skipNoDump: boolean
}

/** Looks at each folder; an absent one is told apart from one that cannot be read (`source.unreadable`). */
export function lookAtFolders(folders: readonly Buffer[]): FolderState[] {
  return folders.map((path) => {
    try {
      const entry = lookAt(path)
      if (entry?.type !== 'directory') return { path, found: undefined }
      return { path, found: { entry, fileSystem: fileSystemId(path), isEmpty: listDirectory(path).length === 0 } }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return { path, found: undefined }
      throw new AgentError('source.unreadable', { path: shownPath(path).path, reason: message }, error)
    }
  })
}

/** The item's exclusions, with the folders that no backup enters: home and vaults. */
export function sourceRules(
  item: { readonly excludes: readonly string[]; readonly defaultExcludes: boolean },
  barriers: readonly Buffer[],
): SourceRules {
  const exclusions = createExclusions({
    patterns: item.excludes,
    useDefaults: item.defaultExcludes,
    platform: process.platform,
  })
  return {
    skipNoDump: item.defaultExcludes,
    judge: (path, relative, isDirectory) => {
      if (isDirectory && barriers.some((barrier) => barrier.equals(path))) return 'folder-only'
      const exclusion = exclusions.explain(path, relative, isDirectory)
      if (exclusion === undefined) return 'in'
      return exclusion.keepsFolder && isDirectory ? 'folder-only' : 'out'
    },
    isFreeName: (name) => !exclusions.speaksOf(name),
    judgeContent: ({ path, openPath, relative, names, isNoDump }) => {
      const readTag = (sizeBytes: number) => readFirstBytes(joinPath(openPath, Buffer.from(tagName)), sizeBytes)
      const tags = names.includes(tagName) ? [Buffer.from(tagName)] : []
      const exclusion =
        exclusions.explainContent(path, relative, tags, readTag) ??
        exclusions.explainFlags(path, relative, true, () => isNoDump ?? hasNoDumpFlag(openPath))
      return exclusion === undefined ? 'in' : 'folder-only'
    },
  }
}

function readFirstBytes(path: Buffer, sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes)
  try {
    const fd = openForReading(path)
    try {
      return bytes.subarray(0, readSync(fd, bytes, 0, sizeBytes, 0))
    } finally {
      closeSync(fd)
    }
  } catch {
    // A tag that cannot be read tags nothing: the folder is backed up, and the file itself gets its own warning.
    return new Uint8Array(0)
  }
}

function hasNoDumpFlag(path: Buffer): boolean {
  const fd = openSync(path, 'r')
  try {
    return isNoDump(fd)
  } finally {
    closeSync(fd)
  }
}
