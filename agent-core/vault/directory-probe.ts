/**
 * What a folder's file system can do, found out by trying it in a temporary subfolder.
 * Type numbers: Linux, `include/uapi/linux/magic.h`; they only give remarks a name.
 */
import { chmod, mkdir, rename, rm, stat, statfs } from 'node:fs/promises'
import type { Random } from '../base/random.ts'
import { createPrivateFile, FILE_MODE, FOLDER_MODE, linkNew, syncFile, syncFolder } from './directory-files.ts'
import type { DirectoryRoot } from './directory-root.ts'
import { errnoOf } from './file-errors.ts'
import type { StoreCapabilities } from './object-store.ts'
import { TEMPORARY_PREFIX } from './publish-by-turn.ts'

const TYPE_NAMES: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x9123683e: 'btrfs',
  0x58465342: 'XFS',
  0x2fc12fc1: 'ZFS',
  0x2011bab0: 'exFAT',
  0x4d44: 'FAT',
  0x7366746e: 'NTFS',
  0x5346544e: 'NTFS',
  0x65735546: 'a FUSE file system',
  0x6969: 'an NFS share',
  0xff534d42: 'a Windows share',
  0xfe534d42: 'a Windows share',
}
const MEMORY_TYPES = new Set([0x01021994, 0x858458f6])

export interface FreeSpace {
  /** Bytes that this user can still write. */
  readonly freeBytes: number
  readonly totalBytes: number
}

/** The room on the file system of `folder`; rejects with the system's error when it is not there. */
export async function readFreeSpace(folder: string): Promise<FreeSpace> {
  const found = await statfs(folder)
  return { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize }
}

/** Tries links, renames, syncs and modes below `root` and removes all traces; system errors as they are. */
export async function probeFolder(root: DirectoryRoot, random: Random): Promise<StoreCapabilities> {
  const folder = root.pathOf(`${TEMPORARY_PREFIX}${random.bytes(8).toString('hex')}-probe`)
  await mkdir(folder, FOLDER_MODE)
  try {
    const file = `${folder}/file`
    const handle = await createPrivateFile(file)
    try {
      await handle.write('probe')
      await syncFile(handle)
    } finally {
      await handle.close()
    }
    const publish = (await linkNew(file, `${folder}/link`)) === 'made' ? 'link' : 'rename'
    await rename(file, `${folder}/renamed`)
    const syncsFolders = await syncFolder(folder)
    const keepsModes = (await keepsMode(`${folder}/renamed`, FILE_MODE)) && (await keepsMode(folder, FOLDER_MODE))
    const remarks = await remarksOn(root, { publish, syncsFolders, keepsModes })
    return { publish, keepsModes, syncsFolders, remarks }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function keepsMode(path: string, mode: number): Promise<boolean> {
  if (process.platform === 'win32') return false
  try {
    await chmod(path, mode)
  } catch (error) {
    // A mount may refuse changes and yet show closed modes to everyone: what counts is what it shows.
    if (errnoOf(error) === undefined) throw error
  }
  return ((await stat(path)).mode & 0o077) === 0
}

async function remarksOn(root: DirectoryRoot, found: Omit<StoreCapabilities, 'remarks'>): Promise<string[]> {
  const { type } = await statfs(root.pathOf(''))
  const name = TYPE_NAMES[type] ?? 'this file system'
  const remarks: string[] = []
  if (process.platform === 'win32') {
    remarks.push(
      'Who may read the vault is decided by the permissions of its folder in Windows; Tharsis leaves them alone.',
    )
  } else if (!found.keepsModes) {
    const meaning = 'every user of this machine, and whoever holds the disk, can read and delete its files'
    remarks.push(`File permissions protect nothing here (${name}): ${meaning}. What is in them stays encrypted.`)
  }
  if (found.publish === 'rename') {
    remarks.push(
      `There are no hard links here (${name}): new files are named by renaming, and cannot share room with the cache.`,
    )
  }
  if (!found.syncsFolders) {
    remarks.push(`Folders cannot be synced here (${name}): after a power cut the newest files may be missing.`)
  }
  if (MEMORY_TYPES.has(type)) {
    remarks.push('This place is in memory: everything in it is gone when the machine is switched off.')
  }
  return remarks
}
