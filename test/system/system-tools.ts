/** What the system tier needs from a Debian machine, and the package each tool comes with. */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { motoFolder, motoPython, motoRequirement } from '../support/moto-server.ts'
import { isInstalled } from '../support/needs.ts'

export type SystemTool = {
  readonly name: string
  /** Debian package to install. */
  readonly aptPackage: string
  /** What is installed beside it. */
  readonly installMore?: () => void
  /** What of the tier does not run without it. */
  readonly neededFor: string
  readonly isPresent: () => boolean
}

const systemTools: readonly SystemTool[] = [
  program('mkfs.ext4', 'e2fsprogs', 'stores and sources on ext4'),
  program('mkfs.exfat', 'exfatprogs', 'stores on exFAT'),
  {
    name: 'exFAT in the kernel or mount.exfat-fuse',
    aptPackage: 'exfat-fuse',
    neededFor: 'stores on exFAT',
    isPresent: () => isInstalled('mount.exfat-fuse') || knowsFileSystem('exfat'),
  },
  program('mkfs.ntfs', 'ntfs-3g', 'stores on NTFS'),
  program('ntfs-3g', 'ntfs-3g', 'stores on NTFS'),
  program('mount', 'mount', 'everything that mounts'),
  program('losetup', 'mount', 'everything that mounts'),
  program('rsync', 'rsync', 'the comparison of restored trees'),
  program('strace', 'strace', 'faults and kills at system calls'),
  program('setfattr', 'attr', 'extended attributes'),
  program('getfattr', 'attr', 'extended attributes'),
  program('setfacl', 'acl', 'access control lists'),
  program('getfacl', 'acl', 'access control lists'),
  program('chromium', 'chromium', 'the pages of the user interface'),
  program('Xvfb', 'xvfb', 'the desktop shell'),
  program('faketime', 'faketime', 'a real agent, and replicas, on later days'),
  {
    name: 'python3-cryptography',
    aptPackage: 'python3-cryptography',
    neededFor: 'the independent reader of a vault',
    isPresent: () => knowsPythonModule('cryptography'),
  },
  {
    name: 'python3-zstandard',
    aptPackage: 'python3-zstandard',
    neededFor: 'the independent reader of a vault',
    isPresent: () => knowsPythonModule('zstandard'),
  },
  {
    name: 'moto',
    aptPackage: 'python3-venv',
    installMore: installMoto,
    neededFor: 'the store contract over a second S3 server',
    isPresent: () => motoPython() !== undefined,
  },
]

/** moto in a Python environment of its own, from the registry of Python packages. */
function installMoto(): void {
  spawnSync('/usr/bin/python3', ['-m', 'venv', motoFolder], { stdio: ['ignore', 'inherit', 'inherit'] })
  const pip = ['-m', 'pip', 'install', '-q', motoRequirement]
  spawnSync(join(motoFolder, 'bin', 'python'), pip, { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** The tools that are not on this machine. */
export function missingSystemTools(): readonly SystemTool[] {
  return systemTools.filter((tool) => !tool.isPresent())
}

function program(name: string, aptPackage: string, neededFor: string): SystemTool {
  return { name, aptPackage, neededFor, isPresent: () => isInstalled(name) }
}

/** True when the machine's own Python has that module. */
function knowsPythonModule(module: string): boolean {
  return spawnSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0
}

/** True when the kernel has that file system already, or as a module that it can load. */
function knowsFileSystem(name: string): boolean {
  return spawnSync('modprobe', ['--quiet', name], { stdio: 'ignore' }).status === 0
}
