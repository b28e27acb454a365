/** Which folders of a directory store are its own, and durable, so that neither is found out twice. */
import { mkdir, rmdir } from 'node:fs/promises'
import { AgentError } from '../base/agent-error.ts'
import { FOLDER_MODE, lookAt, syncFolder } from './directory-files.ts'
import type { DirectoryRoot } from './directory-root.ts'
import { errnoOf } from './file-errors.ts'
import { folderOf } from './object-name.ts'

/** The folders below a root that are known to be real, and known to be durable. */
export interface FolderBook {
  /** Makes `folder` and those above it, each durable in its parent before anything is put into it. */
  ensure(folder: string): Promise<void>
  /** Throws `store.failed` when a link stands where `folder` or one above it should be. */
  requireReal(folder: string): Promise<void>
  /** Forgets `folder` and those above it: it turned out to be gone. */
  forget(folder: string): void
}

export function createFolderBook(root: DirectoryRoot): FolderBook {
  const durable = new Map<string, Promise<void>>()
  const real = new Set<string>()

  async function requireReal(folder: string): Promise<void> {
    if (folder === '' || real.has(folder)) return
    await requireReal(folderOf(folder))
    const found = await lookAt(root.pathOf(folder))
    if (found?.isSymbolicLink()) {
      const reason = `${folder} is a link, and a vault's folders must be its own`
      throw new AgentError('store.failed', { address: root.address, reason })
    }
    if (found?.isDirectory()) real.add(folder)
  }

  async function make(folder: string): Promise<void> {
    const parent = folderOf(folder)
    await ensure(parent)
    let made = true
    try {
      await mkdir(root.pathOf(folder), FOLDER_MODE)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
      made = false
    }
    await requireReal(folder)
    try {
      // Also when another writer made it: that one may not have come to its own sync yet.
      await syncFolder(root.pathOf(parent))
    } catch (error) {
      // Made anew it is written anew; in use already, it stays, and only this call fails.
      if (made) await removeEmptyFolder(root.pathOf(folder))
      throw error
    }
  }

  function ensure(folder: string): Promise<void> {
    if (folder === '') return Promise.resolve()
    const known = durable.get(folder)
    if (known !== undefined) return known
    const making = make(folder).catch((error: unknown) => {
      durable.delete(folder)
      throw error
    })
    durable.set(folder, making)
    return making
  }

  function forget(folder: string): void {
    for (let name = folder; name !== ''; name = folderOf(name)) {
      durable.delete(name)
      real.delete(name)
    }
  }

  return { ensure, requireReal, forget }
}

async function removeEmptyFolder(path: string): Promise<void> {
  try {
    await rmdir(path)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
  }
}
