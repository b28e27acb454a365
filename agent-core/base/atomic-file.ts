import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces the file at `path` by `bytes`, all or nothing: after it resolves the new content is on
 * the disk under that name; a crash before leaves the old content (and perhaps a temporary file
 * `.<name>.<hex>.tmp` beside it). A symbolic link at `path` is itself replaced. `mode` is exact, whatever the umask.
 * Throws Node's errors (ENOENT when the folder is missing, ENOSPC, EACCES …); the old file is then untouched.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string, mode = 0o600): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  const file = await open(temporary, 'wx', 0o600)
  try {
    await writeAndClose(file, bytes, mode)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(folder)
}

async function writeAndClose(file: FileHandle, bytes: Uint8Array | string, mode: number): Promise<void> {
  await using open = file
  await open.writeFile(bytes)
  await open.chmod(mode)
  await open.sync()
}

/** Resolves when the folder's list of names is on the disk, or at once where the system cannot sync folders. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no way to open a folder for syncing; its file systems journal their names.
  if (process.platform === 'win32') return
  await using file = await open(folder, 'r')
  try {
    await file.sync()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error
  }
}
