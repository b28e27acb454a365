/**
 * The cache as a folder: `base.db` and `chunks/`. Copying it to another place and removing it touch these names only:
 * whatever else lies there is somebody else's.
 */
import { constants, existsSync, readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs'
import { copyFile, link, open, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import { syncFolder } from '../base/atomic-file.ts'
import { makeFolder } from '../base/make-folder.ts'
import type { BaseDb } from './base-db.ts'
import type { ChunkFolder, PayloadFile } from './chunk-folder.ts'

export const baseFileName = 'base.db'
export const chunkFolderName = 'chunks'

/** The base with what belongs to it (capture logs too), and those that were set aside. */
const baseFiles = /^base\.db(-wal|-shm|\.suspect|\.capture-[0-9a-f]{32}|\.damaged-\d+(-wal|-shm)?)?$/
const chunkFiles = /^(\.open-[0-9a-f]{32}|[0-9a-f]{64}\.tcf)$/
/** Answers of a file system that cannot link these two places. */
const noLinks = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'])

/**
 * Copies the base and `payload` to the empty or absent folder `to`, durably. Payload is linked where both places are on
 * one file system. Throws `cache.full`, `cache.failed` for `to`, or the signal's reason.
 */
export async function copyCache(
  from: { readonly base: BaseDb; readonly chunks: ChunkFolder; readonly payload: readonly PayloadFile[] },
  to: string,
  options: { readonly signal: AbortSignal; readonly onCopied: (sizeBytes: number) => void },
): Promise<void> {
  const chunkFolder = join(to, chunkFolderName)
  try {
    makeFolder(to)
    makeFolder(chunkFolder)
    for (const { name, sizeBytes } of from.payload) {
      options.signal.throwIfAborted()
      await linkOrCopy(from.chunks.pathOf(name), join(chunkFolder, `${name}.tcf`))
      options.onCopied(sizeBytes)
    }
    const basePath = join(to, baseFileName)
    from.base.copyTo(basePath)
    await syncFile(basePath)
    for (const folder of [chunkFolder, to, dirname(to)]) await syncFolder(folder)
  } catch (error) {
    throw translate(error, to)
  }
}

/** Removes a cache, as far as it is there; the folder itself only when nothing else is in it. Throws `cache.failed`. */
export function removeCache(folder: string): void {
  try {
    removeFiles(join(folder, chunkFolderName), chunkFiles)
    removeFiles(folder, baseFiles)
  } catch (error) {
    throw translate(error, folder)
  }
}

/** The bases that were set aside because they were damaged, with their lengths. */
export function setAsideBases(folder: string): { readonly path: string; readonly sizeBytes: number }[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /^base\.db\.damaged-\d+$/.test(name))
    .map((name) => ({ path: join(folder, name), sizeBytes: statSync(join(folder, name)).size }))
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
    return
  } catch (error) {
    if (!noLinks.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  // Its age says how long it is kept.
  const { atime, mtime } = statSync(from)
  await utimes(to, atime, mtime)
  await syncFile(to)
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

function removeFiles(folder: string, names: RegExp): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) if (names.test(name)) unlinkSync(join(folder, name))
  try {
    rmdirSync(folder)
  } catch (error) {
    // Other files lie there, or a disk is mounted there.
    if (!['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

function translate(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof AgentError || code === undefined || (error as Error).name === 'AbortError') return error
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AgentError('cache.full', { path }, error)
  return new AgentError('cache.failed', { path, reason: (error as Error).message }, error)
}
