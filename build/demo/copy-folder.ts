/**
 * Copies a folder so that the demo may change it. The folder is only read. The copy keeps names, permissions (without
 * the bits that give power), times, links and hard links, and as root the owners; it stays on one file system.
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  type Stats,
  symlinkSync,
} from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { below } from './folder-record.ts'

export interface CopyLimits {
  readonly bytes: number
  readonly entries: number
}

export interface CopyResult {
  readonly entries: number
  readonly bytes: number
  /** True when there was more than the limits allow. */
  readonly isCut: boolean
  /** Entries that lie on another file system or that are no files, folders or links. */
  readonly leftOut: number
  readonly unreadable: number
}

const pauseAfterEntries = 64

interface Copy {
  readonly from: string
  readonly to: string
  readonly limits: CopyLimits
  readonly signal: AbortSignal
  /** Never entered: the demo's own folder. */
  readonly barrier: Stats
  readonly root: Stats
  readonly copied: Map<number, string>
  readonly result: { -readonly [Key in keyof CopyResult]: CopyResult[Key] }
}

/**
 * Copies what fits `limits` of `from` into the new folder `to`. What cannot be read is left out and counted. Throws
 * the system's error when `to` cannot be written, and the signal's reason.
 */
export async function copyFolder(
  from: string,
  to: string,
  options: { readonly limits: CopyLimits; readonly signal: AbortSignal; readonly barrier: string },
): Promise<CopyResult> {
  const result = { entries: 0, bytes: 0, isCut: false, leftOut: 0, unreadable: 0 }
  const { limits, signal } = options
  const root = lstatSync(from)
  await copyDirectory('', root, {
    from,
    to,
    limits,
    signal,
    barrier: lstatSync(options.barrier),
    root,
    copied: new Map(),
    result,
  })
  return result
}

async function copyDirectory(path: string, stats: Stats, copy: Copy): Promise<void> {
  const names = tryToRead(copy, () => readdirSync(below(copy.from, path), { encoding: 'buffer' }))
  if (names === undefined) return
  const target = below(copy.to, path)
  mkdirSync(target, { mode: 0o700 })
  for (const name of names.map((bytes) => bytes.toString('latin1')).sort()) {
    if (copy.result.entries % pauseAfterEntries === 0) await setImmediate()
    copy.signal.throwIfAborted()
    if (copy.result.entries >= copy.limits.entries) {
      copy.result.isCut = true
      break
    }
    await copyEntry(path === '' ? name : `${path}/${name}`, copy)
  }
  keepMetadata(target, stats)
}

async function copyEntry(path: string, copy: Copy): Promise<void> {
  const { result } = copy
  const source = below(copy.from, path)
  const stats = tryToRead(copy, () => lstatSync(source))
  if (stats === undefined) return
  const isForeign = stats.dev !== copy.root.dev || (stats.ino === copy.barrier.ino && stats.dev === copy.barrier.dev)
  if (isForeign || !(stats.isDirectory() || stats.isFile() || stats.isSymbolicLink())) {
    result.leftOut++
    return
  }
  result.entries++
  if (stats.isDirectory()) await copyDirectory(path, stats, copy)
  else if (stats.isFile()) copyFile(path, stats, copy)
  else {
    const target = below(copy.to, path)
    symlinkSync(readlinkSync(source, { encoding: 'buffer' }), target)
    if (process.getuid?.() === 0) lchownSync(target, stats.uid, stats.gid)
    lutimesSync(target, stats.atime, stats.mtime)
  }
}

function copyFile(path: string, stats: Stats, copy: Copy): void {
  const { result, limits } = copy
  const target = below(copy.to, path)
  const twin = copy.copied.get(stats.ino)
  if (twin !== undefined) {
    linkSync(below(copy.to, twin), target)
    return
  }
  if (result.bytes + stats.size > limits.bytes) {
    result.entries--
    result.isCut = true
    return
  }
  const isCopied = tryToRead(copy, () => {
    copyFileSync(below(copy.from, path), target, constants.COPYFILE_FICLONE)
    return true
  })
  if (isCopied === undefined) {
    result.entries--
    return
  }
  result.bytes += stats.size
  if (stats.nlink > 1) copy.copied.set(stats.ino, path)
  keepMetadata(target, stats)
}

function keepMetadata(path: Buffer, stats: Stats): void {
  if (process.getuid?.() === 0) lchownSync(path, stats.uid, stats.gid)
  chmodSync(path, stats.mode & 0o1777)
  lutimesSync(path, stats.atime, stats.mtime)
}

/** Undefined, and counted, for what this user may not read or what has just gone. */
function tryToRead<Value>(copy: Copy, read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOENT' && code !== 'ENOTDIR') throw error
    copy.result.unreadable++
    return undefined
  }
}
