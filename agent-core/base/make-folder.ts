import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes the folder at `path`, and the missing ones above it, for their owner alone (mode 0700); true when it was not
 * there. Throws Node's error (EEXIST where a file has that name, ENOENT, EACCES …). Node's own recursive mkdir never
 * returns where a folder that exists answers ENOENT, as those of /proc do.
 */
export function makeFolder(path: string): boolean {
  const missing: string[] = []
  let folder = path
  let isMade = tryMake(folder)
  while (isMade === undefined) {
    missing.push(folder)
    folder = dirname(folder)
    isMade = tryMake(folder)
  }
  for (const below of missing.toReversed()) isMade = makeOne(below)
  return isMade
}

/** As `makeOne`; undefined when the folder above is missing. */
function tryMake(folder: string): boolean | undefined {
  try {
    return makeOne(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error
    return undefined
  }
}

/** True when it was made, false when a folder is there. */
function makeOne(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 })
    return true
  } catch (error) {
    // Some systems say EACCES or EROFS of a folder that is there.
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return false
    throw error
  }
}
