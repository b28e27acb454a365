/**
 * Tells file systems apart, so that a backup notices when another disk, or none, is mounted where its
 * source was. An id is `<type>:<kind>=<value>`, compared as a whole and shown to people; it stays the same across
 * restarts, remounts and other device names where the system knows something lasting:
 *
 * | file system                   | id           | why                                                              |
 * |-------------------------------|--------------|------------------------------------------------------------------|
 * | ext2, ext3, ext4              | `fsid`       | the kernel derives f_fsid from the UUID: needs no udev, no rights |
 * | btrfs                         | `fsid`       | likewise, with the subvolume in it: an unmounted one is noticed  |
 * | tmpfs, overlay and their like | `at`         | nothing of them lasts but the place where they are mounted       |
 * | others on a block device      | `uuid`       | from FS_IOC_GETFSUUID (Linux 6.9) or, the same, /dev/disk/by-uuid |
 * | the same, UUID not to be had  | `device`     | the device's name; may change when disks are plugged differently |
 * | network, FUSE, ZFS and others | `source`     | `server:/export`, `user@host:`, `pool/dataset`, the share's tag  |
 * | mount not visible (container) | `fsid`       | as f_fsid says                                                   |
 */
import { closeSync, constants, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { hasErrorCode, nativeFunctions } from './native-library.ts'
import { deviceNumbers, fileSystemNumbers, O_PATH } from './posix.ts'

/** One line of /proc/self/mountinfo. */
export interface MountLine {
  readonly id: number
  /** `major:minor` of the file system; major 0 where it has no block device of its own. */
  readonly device: string
  readonly mountPoint: string
  readonly type: string
  readonly source: string
}

/** What the system says about a file system. */
export interface FileSystemFacts {
  readonly mount: MountLine | undefined
  /** 16 hex digits of f_fsid. */
  readonly fsid: string
  /** The UUID of the file system, where it could be had. */
  readonly uuid: string | undefined
}

const typesWithLastingFsid = new Set(['ext2', 'ext3', 'ext4', 'btrfs'])
const typesWithoutSource = new Set(['tmpfs', 'ramfs', 'rootfs', 'overlay', 'aufs', 'devtmpfs', 'proc', 'sysfs'])

// include/uapi/linux/fs.h: _IOR(0x15, 0, struct fsuuid2), one byte of length and 16 of UUID.
const FS_IOC_GETFSUUID = 0x80111500

/**
 * Id of the file system that holds `path`; links in `path` are followed. Throws Node's errors for the path
 * (ENOENT, EACCES).
 */
export function fileSystemId(path: Buffer | string): string {
  const fd = openSync(path, O_PATH)
  try {
    const mountId = Number(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1])
    const mount = parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')).find((line) => line.id === mountId)
    const device = mount && blockDeviceOf(mount)
    const uuid = device && (uuidByKernel(fd) ?? uuidByLinks(device))
    return nameFileSystem({ mount, fsid: fileSystemNumbers(fd).id, uuid })
  } finally {
    closeSync(fd)
  }
}

/** The id by the table above. */
export function nameFileSystem(facts: FileSystemFacts): string {
  const { mount, fsid, uuid } = facts
  if (!mount) return `unknown:fsid=${fsid}`
  if (typesWithLastingFsid.has(mount.type)) return `${mount.type}:fsid=${fsid}`
  if (typesWithoutSource.has(mount.type)) return `${mount.type}:at=${mount.mountPoint}`
  if (uuid !== undefined) return `${mount.type}:uuid=${uuid}`
  return `${mount.type}:${mount.source.startsWith('/dev/') ? 'device' : 'source'}=${mount.source}`
}

/** Lines of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function parseMountInfo(text: string): MountLine[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [id, , device, , mountPoint] = before.split(' ')
    const [type, source] = after.split(' ')
    if (!id || !device || !mountPoint || !type || source === undefined) return []
    return [{ id: Number(id), device, mountPoint: unescapeOctal(mountPoint), type, source: unescapeOctal(source) }]
  })
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** `major:minor` of the block device below a mount, or undefined when there is none. */
function blockDeviceOf(mount: MountLine): string | undefined {
  if (!mount.device.startsWith('0:')) return mount.device
  if (!mount.source.startsWith('/dev/')) return undefined
  return deviceAt(mount.source)
}

function deviceAt(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats?.isBlockDevice()) return undefined
  const { major, minor } = deviceNumbers(stats.rdev)
  return `${major}:${minor}`
}

/** The UUID that the kernel gives, or undefined when it is too old, refuses, or the file system has none of 16 bytes. */
function uuidByKernel(pathFd: number): string | undefined {
  let fd: number
  try {
    fd = openSync(`/proc/self/fd/${pathFd}`, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (hasErrorCode(error, 'EACCES', 'EPERM', 'ENXIO')) return undefined
    throw error
  }
  try {
    const answer = Buffer.alloc(17)
    if (nativeFunctions().ioctl(fd, FS_IOC_GETFSUUID, answer) !== 0 || answer[0] !== 16) return undefined
    return answer.toString('hex', 1).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  } finally {
    closeSync(fd)
  }
}

/** The UUID under which udev lists the device, or undefined. */
function uuidByLinks(device: string): string | undefined {
  const folder = '/dev/disk/by-uuid'
  try {
    return readdirSync(folder).find((name) => deviceAt(`${folder}/${name}`) === device)
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'EACCES')) return undefined
    throw error
  }
}
