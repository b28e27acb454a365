/**
 * What happens when a name is taken in the target.
 *
 * *Same* is, for a folder: always a folder (it is merged); a symbolic link: the same target; a FIFO or socket: the
 * type; a device: type and numbers. For a file:
 *   copy       equal size and content: a copy of the same bytes helps nobody
 *   overwrite  equal size, content, mtime, mode (owner too, as root)
 *   skip       equal size and mtime: it stays in any case
 *   only changed    equal size and content, whatever the rule
 * Equal size and mtime do not prove equal content: packages come with one mtime for all files and versions. Content is
 * compared by reading the target's file and making block ids of it: the vault is not asked.
 */
import { type BigIntStats, closeSync } from 'node:fs'
import { asBuffer } from '../base/bytes.ts'
import type { Entry } from '../format/tree.ts'
import type { DirectoryHandle } from '../platform/directory-handle.ts'
import { deviceNumbers } from '../platform/posix.ts'
import { type ContentSource, holdsContent } from './content.ts'
import { isSystemError } from './failure.ts'

export interface ConflictRules {
  /** For what is there and differs: restore beside it under a copy's name, replace it, or leave it. */
  readonly conflict: 'copy' | 'overwrite' | 'skip'
  /** `missing`: what is there stays, whatever it is. `changed`: what is not there stays away. */
  readonly only?: 'missing' | 'changed'
  /** Restores owners, modes and attributes; times are always restored. */
  readonly metadata: boolean
  /** The time in the names of copies, shown in the machine's time zone. */
  readonly copyTimeMs: number
}

export type RestoreAction = 'new' | 'same' | 'overwritten' | 'copied' | 'skipped'

/** What of the target is looked at, and how. */
export interface Comparison {
  readonly rules: ConflictRules
  readonly source: ContentSource
  readonly signal: AbortSignal
  /** Equal size and mtime are taken for equal content: reads nothing, and may err. */
  readonly quick: boolean
}

/** What to do with an entry (no folder) whose name is taken in `folder` by `existing`. */
export async function decideAction(
  entry: Entry,
  folder: DirectoryHandle,
  name: Buffer,
  existing: BigIntStats,
  comparison: Comparison,
): Promise<RestoreAction> {
  const { conflict, only } = comparison.rules
  if (await isSame(entry, folder, name, existing, comparison)) return 'same'
  if (only === 'missing' || conflict === 'skip') return 'skipped'
  // A folder is never replaced: what it holds would be lost.
  return conflict === 'overwrite' && !existing.isDirectory() ? 'overwritten' : 'copied'
}

async function isSame(
  entry: Entry,
  folder: DirectoryHandle,
  name: Buffer,
  existing: BigIntStats,
  comparison: Comparison,
): Promise<boolean> {
  const { conflict, only } = comparison.rules
  if (entry.type !== 'file') return isSameSpecial(entry, folder, name, existing)
  if (!existing.isFile() || existing.size !== BigInt(entry.sizeBytes ?? 0)) return false
  const isSameTime = existing.mtimeNs === BigInt(entry.mtime.sec) * 1_000_000_000n + BigInt(entry.mtime.ns)
  if (only === 'missing' || (conflict === 'skip' && only === undefined)) return isSameTime
  if (conflict === 'overwrite' && only === undefined) {
    if (!isSameTime || !hasSameMetadata(entry, existing, comparison.rules)) return false
  }
  return (isSameTime && comparison.quick) || (await holdsSameContent(entry, folder, name, comparison))
}

async function holdsSameContent(
  entry: Entry,
  folder: DirectoryHandle,
  name: Buffer,
  { source, signal }: Comparison,
): Promise<boolean> {
  let fd: number
  try {
    fd = folder.openForReading(name)
  } catch (error) {
    // A file that cannot be read cannot be shown to be the same.
    if (isSystemError(error)) return false
    throw error
  }
  try {
    return await holdsContent(fd, entry, source, signal)
  } finally {
    closeSync(fd)
  }
}

function hasSameMetadata(entry: Entry, existing: BigIntStats, rules: ConflictRules): boolean {
  if (!rules.metadata) return true
  if (Number(existing.mode & 0o7777n) !== entry.posix.mode) return false
  return (
    process.geteuid?.() !== 0 || (Number(existing.uid) === entry.posix.uid && Number(existing.gid) === entry.posix.gid)
  )
}

function isSameSpecial(entry: Entry, folder: DirectoryHandle, name: Buffer, existing: BigIntStats): boolean {
  switch (entry.type) {
    case 'file':
    case 'directory':
      return false
    case 'symlink':
      return existing.isSymbolicLink() && folder.readLink(name).equals(asBuffer(entry.linkTarget ?? Buffer.of()))
    case 'fifo':
      return existing.isFIFO()
    case 'socket':
      return existing.isSocket()
    case 'character-device':
    case 'block-device': {
      const { major, minor } = deviceNumbers(existing.rdev)
      const isSameType = entry.type === 'block-device' ? existing.isBlockDevice() : existing.isCharacterDevice()
      return isSameType && major === entry.posix.device?.major && minor === entry.posix.device.minor
    }
  }
}

const maxNameBytes = 255
const maxExtensionBytes = 32

/**
 * `2026-11-22 14-30 Copy of name`; the n-th further one is `… Copy (n) of name`. A name that gets too long for a
 * file system loses bytes before its extension, whole UTF-8 characters.
 */
export function copyName(name: Buffer, timeMs: number, attempt: number): Buffer {
  const time = new Date(timeMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  const copy = attempt === 1 ? 'Copy' : `Copy (${attempt})`
  const prefix = Buffer.from(`${date} ${two(time.getHours())}-${two(time.getMinutes())} ${copy} of `)
  const surplus = prefix.length + name.length - maxNameBytes
  if (surplus <= 0) return Buffer.concat([prefix, name])
  const lastDot = name.lastIndexOf(0x2e)
  const extensionAt = lastDot > 0 && name.length - lastDot <= maxExtensionBytes ? lastDot : name.length
  let end = Math.max(0, extensionAt - surplus)
  while (end > 0 && ((name[end] ?? 0) & 0xc0) === 0x80) end--
  return Buffer.concat([prefix, name.subarray(0, end), name.subarray(extensionAt)])
}
