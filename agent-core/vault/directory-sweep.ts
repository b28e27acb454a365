/**
 * Removing what crashed writers left in a directory store. Ages are told by the place's own clock
 * (the time it gives a fresh file), since a share's clock need not be this machine's. A writer that
 * is alive after all finds its temporary file gone and writes it again.
 */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Random } from '../base/random.ts'
import { createPrivateFile, lookAt, removeFile } from './directory-files.ts'
import { readFolder } from './directory-list.ts'
import type { DirectoryRoot } from './directory-root.ts'
import { isObjectSegment } from './object-name.ts'
import { finalNameOfTurn, TEMPORARY_PREFIX } from './publish-by-turn.ts'

/** Removes temporary names older than `olderThanMs` below `folder`; returns how many. System errors come as they are. */
export async function sweepFolders(
  root: DirectoryRoot,
  random: Random,
  olderThanMs: number,
  options: { readonly folder: string; readonly signal: AbortSignal | undefined },
): Promise<number> {
  const { folder: start, signal } = options
  if (start !== '' && (await lookAt(root.pathOf(start))) === undefined) return 0
  const before = (await readPlaceClock(root, start, random)) - olderThanMs
  const folders = [start]
  let removed = 0
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal?.throwIfAborted()
    const folderPath = root.pathOf(folder)
    for (const entry of await readFolder(folderPath)) {
      const entryPath = path.join(folderPath, entry.name)
      if (entry.name.startsWith(TEMPORARY_PREFIX)) {
        if (await removeLeftover(entryPath, before)) removed++
      } else if (entry.isDirectory() && isObjectSegment(entry.name)) {
        folders.push(folder === '' ? entry.name : `${folder}/${entry.name}`)
      }
    }
  }
  return removed
}

async function readPlaceClock(root: DirectoryRoot, folder: string, random: Random): Promise<number> {
  const temporary = `${TEMPORARY_PREFIX}${random.bytes(8).toString('hex')}-clock`
  const name = root.pathOf(folder === '' ? temporary : `${folder}/${temporary}`)
  const handle = await createPrivateFile(name)
  try {
    await handle.write('now')
    return (await handle.stat()).mtimeMs
  } finally {
    await handle.close()
    await removeFile(name)
  }
}

async function removeLeftover(entryPath: string, beforeMs: number): Promise<boolean> {
  const found = await lookAt(entryPath)
  if (found === undefined || found.mtimeMs > beforeMs) return false
  const finalName = finalNameOfTurn(path.basename(entryPath))
  // Turns of a name that is not published yet keep halted writers of that name apart.
  if (finalName !== undefined && (await lookAt(path.join(path.dirname(entryPath), finalName))) === undefined) {
    return false
  }
  if (!found.isDirectory()) return await removeFile(entryPath)
  await rm(entryPath, { recursive: true, force: true })
  return true
}
