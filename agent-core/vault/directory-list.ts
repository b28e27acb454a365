/**
 * Walking the folders of a directory store. Within a folder a subfolder sorts as its name with a
 * slash, so that the walk meets full names in byte order (`a-b` < `a/b` < `a0`), one folder's names
 * in memory at a time.
 */
import type { Dirent, Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import type { DirectoryRoot } from './directory-root.ts'
import { isMissing } from './file-errors.ts'
import { folderOf, isObjectName, isObjectSegment } from './object-name.ts'
import type { ObjectInfo } from './object-store.ts'

/** How many objects are looked at side by side. */
const STAT_BATCH = 64

export interface WalkOptions {
  readonly prefix: string
  readonly startAfter: string
  readonly signal: AbortSignal | undefined
}

/** The objects under the prefix, after `startAfter`, in byte order. System errors come as they are. */
export async function* walkObjects(root: DirectoryRoot, options: WalkOptions): AsyncGenerator<ObjectInfo> {
  yield* walkFolder(root, folderOf(options.prefix), options)
}

async function* walkFolder(root: DirectoryRoot, folder: string, options: WalkOptions): AsyncGenerator<ObjectInfo> {
  let batch: string[] = []
  for (const key of await readKeys(root, folder, options)) {
    options.signal?.throwIfAborted()
    if (!key.endsWith('/')) {
      batch.push(key)
      if (batch.length < STAT_BATCH) continue
    }
    yield* await lookAtAll(root, batch)
    batch = []
    if (key.endsWith('/')) yield* walkFolder(root, key.slice(0, -1), options)
  }
  options.signal?.throwIfAborted()
  yield* await lookAtAll(root, batch)
}

/** Full names of the objects, and with a slash at the end of the subfolders, that matter; sorted. */
async function readKeys(root: DirectoryRoot, folder: string, options: WalkOptions): Promise<string[]> {
  const keys: string[] = []
  for (const entry of await readFolder(root.pathOf(folder))) {
    if (!isObjectSegment(entry.name)) continue
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isFile() && isObjectName(name) && isWanted(name, options)) keys.push(name)
    else if (entry.isDirectory() && mayHoldWanted(`${name}/`, options)) keys.push(`${name}/`)
  }
  return keys.sort()
}

function isWanted(name: string, { prefix, startAfter }: WalkOptions): boolean {
  return name.startsWith(prefix) && name > startAfter
}

/** Every name below `folderKey` begins with it: all come before `startAfter` unless that does so too. */
function mayHoldWanted(folderKey: string, { prefix, startAfter }: WalkOptions): boolean {
  if (!folderKey.startsWith(prefix) && !prefix.startsWith(folderKey)) return false
  return folderKey > startAfter || startAfter.startsWith(folderKey)
}

async function lookAtAll(root: DirectoryRoot, names: readonly string[]): Promise<ObjectInfo[]> {
  const found = await Promise.all(names.map((name) => lookAtObject(root, name)))
  return found.filter((info) => info !== undefined)
}

/** An object's size and time; undefined when no plain file has that name. */
export async function lookAtObject(root: DirectoryRoot, name: string): Promise<ObjectInfo | undefined> {
  let found: Stats
  try {
    found = await lstat(root.pathOf(name))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  if (!found.isFile()) return undefined
  return { name, sizeBytes: found.size, modifiedAtMs: Math.floor(found.mtimeMs) }
}

/** The entries of the folder at `path`; none when it is not there. */
export async function readFolder(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
