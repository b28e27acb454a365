/**
 * A file system of its own for a test: an image mounted through a loop device, or a tmpfs of a few
 * megabytes. Needs Linux and root. `dispose` unmounts and removes everything, whatever happened.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export type LoopFileSystemType = 'ext4' | 'exfat' | 'ntfs' | 'tmpfs'

export interface LoopFileSystem {
  /** Where it is mounted. */
  readonly folder: string
  /** Takes it away, also while files on it are open (as a pulled plug does to the name space). */
  unmount(): Promise<void>
  /** Mounts it read-only from now on, as the system does with a disk that has errors. */
  remountReadOnly(): Promise<void>
  dispose(): Promise<void>
}

/** Makes, mounts and returns an empty file system of `sizeBytes`. */
export async function mountLoopFileSystem(type: LoopFileSystemType, sizeBytes: number): Promise<LoopFileSystem> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'tharsis-loop-'))
  const image = path.join(scratch, 'image')
  const folder = path.join(scratch, 'mounted')
  await mkdir(folder)
  let isMounted = false
  let device: string | undefined
  const unmount = async () => {
    if (isMounted) await run('umount', '--lazy', folder)
    isMounted = false
  }
  const dispose = async () => {
    try {
      await unmount()
    } finally {
      // A device that is still open is detached once it is closed.
      if (device !== undefined) await run('losetup', '--detach', device)
      device = undefined
    }
    await rm(scratch, { recursive: true })
  }
  try {
    if (type === 'tmpfs') {
      await run('mount', '-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'tmpfs', folder)
    } else {
      await writeFile(image, '')
      await truncate(image, sizeBytes)
      await run(...makers[type], image)
      device = await run('losetup', '--find', '--show', image)
      await run(...mounters[type], device, folder)
    }
    isMounted = true
    return {
      folder,
      unmount,
      remountReadOnly: async () => {
        await run('mount', '-o', 'remount,ro', folder)
      },
      dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

type ImageType = Exclude<LoopFileSystemType, 'tmpfs'>

const makers: Readonly<Record<ImageType, [string, ...string[]]>> = {
  ext4: ['mkfs.ext4', '-q', '-F'],
  exfat: ['mkfs.exfat'],
  ntfs: ['mkfs.ntfs', '--quiet', '--fast', '--force'],
}

const mounters: Readonly<Record<ImageType, [string, ...string[]]>> = {
  ext4: ['mount', '-t', 'ext4'],
  exfat: ['mount.exfat-fuse'],
  ntfs: ['ntfs-3g'],
}

async function run(program: string, ...parameters: readonly string[]): Promise<string> {
  const PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`
  const { stdout } = await execute(program, parameters, { env: { ...process.env, PATH } })
  return stdout.trim()
}
