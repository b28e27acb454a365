/** The directories of the source on the way of a walk. What cannot be opened is reported, and the walk goes on. */
import { closeSync } from 'node:fs'
import { anchoredPath } from '../platform/anchored-path.ts'
import { fileStatus } from '../platform/file-status.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { joinPath, listDirectory, lookAt, lookIn, openDirectory } from '../source/list-directory.ts'
import type { FileReport } from './file-capturer.ts'
import type { SourceRules } from './look-at-folders.ts'

/** A directory under way. */
export interface Folder {
  /** Absolute, raw bytes. */
  readonly path: Buffer
  /** Path below the protected folder, as exclusions see it. */
  readonly relative: string
  readonly found: FoundEntry
  /** Directories above it, up to the protected folder. */
  readonly depth: number
}

/** A directory that is held open. */
export interface OpenFolder extends Folder, Disposable {
  /** The path, short enough for the system (anchored-path). */
  readonly openPath: Buffer
  /** What has this name (raw bytes, one character each) in it; undefined when nothing has. Throws the system's error. */
  readonly lookAt: (name: string) => FoundEntry | undefined
}

export interface ListedFolder extends OpenFolder {
  readonly names: readonly string[]
}

/** A walk holds each directory on its way open; deeper ones are found by their paths, since descriptors are few. */
const maxOpenDepth = 64

/** Opens and lists a directory; undefined when there is nothing to walk: it is gone, unreadable, or its content stays out. */
export function listFolder(
  folder: Folder,
  { report, rules }: { readonly report: FileReport; readonly rules: SourceRules },
): ListedFolder | undefined {
  return reporting(folder, report, () => {
    const opened = open(folder)
    try {
      const { path, relative, found, openPath } = opened
      const names = listDirectory(openPath)
      const verdict = rules.judgeContent({ path, openPath, relative, names, isNoDump: found.isNoDump })
      if (verdict === 'in') return { ...opened, names }
    } catch (error) {
      opened[Symbol.dispose]()
      throw error
    }
    opened[Symbol.dispose]()
    return undefined
  })
}

/** Opens a directory without listing it; undefined when it is gone or unreadable. */
export function openFolder(folder: Folder, report: FileReport): OpenFolder | undefined {
  return reporting(folder, report, () => open(folder))
}

function open(folder: Folder): OpenFolder {
  const anchored = anchoredPath(folder.path)
  const openPath = anchored.path
  if (folder.depth > maxOpenDepth) {
    return {
      ...folder,
      openPath,
      lookAt: (name) => lookAt(joinPath(openPath, Buffer.from(name, 'latin1'))),
      [Symbol.dispose]: () => anchored[Symbol.dispose](),
    }
  }
  let directory: number
  try {
    directory = openSame(openPath, folder.found)
  } catch (error) {
    anchored[Symbol.dispose]()
    throw error
  }
  return {
    ...folder,
    openPath,
    lookAt: (name) => lookIn(directory, name),
    [Symbol.dispose]: () => {
      closeSync(directory)
      anchored[Symbol.dispose]()
    },
  }
}

/** Opens the directory that was found: a link that somebody has put in its place meanwhile would lead out of the folder. */
function openSame(path: Buffer, found: FoundEntry): number {
  const directory = openDirectory(path)
  const { inode, device } = fileStatus(directory)
  if (inode === found.inode && device === found.device) return directory
  closeSync(directory)
  throw new Error('something else has taken its place during the backup')
}

function reporting<Result>({ path }: Folder, report: FileReport, work: () => Result): Result | undefined {
  try {
    return work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') report.vanished(path)
    else report.unreadable(path, (error as Error).message)
    return undefined
  }
}
