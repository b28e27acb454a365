/** A folder tree as plain values, read with other code than the product's walk, so that two trees can be compared. */
import { createHash } from 'node:crypto'
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { getXattr, listXattrs } from '../../agent-core/platform/posix.ts'

/** Path below the folder (raw bytes as latin1; `.` the folder itself) → what stands there, as one line of text. */
export type TreeSnapshot = Readonly<Record<string, string>>

/** Reads a tree; `skip` leaves out paths. Holes are compared by whether a file takes less room than its length. */
export function snapshotTree(folder: string, skip: (path: string) => boolean = () => false): TreeSnapshot {
  const lines: Record<string, string> = {}
  const firstNames = new Map<string, string>()
  const visit = (path: Buffer, relative: string) => {
    if (skip(relative)) return
    const stats = lstatSync(path, { bigint: true })
    const link = linkedTo(stats, relative, firstNames)
    lines[relative] = [
      typeOf(stats),
      `mode=${(stats.mode & 0o7777n).toString(8)}`,
      `owner=${stats.uid}:${stats.gid}`,
      `mtime=${stats.mtimeNs}`,
      ...contentOf(path, stats),
      ...(link === undefined ? [] : [`linked to ${link}`]),
      ...xattrsOf(path),
    ].join(' ')
    if (!stats.isDirectory()) return
    for (const name of readdirSync(path, { encoding: 'buffer' }).sort((a, b) => Buffer.compare(a, b))) {
      const child = Buffer.concat([path, Buffer.from('/'), name])
      visit(child, relative === '.' ? name.toString('latin1') : `${relative}/${name.toString('latin1')}`)
    }
  }
  visit(Buffer.from(folder), '.')
  return lines
}

function contentOf(path: Buffer, stats: BigIntStats): string[] {
  if (stats.isSymbolicLink()) return [`target=${readlinkSync(path, { encoding: 'latin1' })}`]
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return [`device=${stats.rdev}`]
  if (!stats.isFile()) return []
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)
  const isSparse = stats.size > 1_000_000n && stats.blocks * 512n < stats.size / 2n
  return [`size=${stats.size}`, `content=${hash}`, ...(isSparse ? ['sparse'] : [])]
}

function linkedTo(stats: BigIntStats, relative: string, firstNames: Map<string, string>): string | undefined {
  if (stats.isDirectory() || stats.nlink === 1n) return undefined
  const key = `${stats.dev}/${stats.ino}`
  const first = firstNames.get(key)
  if (first === undefined) firstNames.set(key, relative)
  return first
}

function xattrsOf(path: Buffer): string[] {
  return listXattrs(path)
    .filter((name) => !name.startsWith('security.'))
    .sort()
    .map((name) => `${name}=${getXattr(path, name)?.toString('base64')}`)
}

function typeOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isFIFO()) return 'fifo'
  if (stats.isSocket()) return 'socket'
  return stats.isBlockDevice() ? 'block-device' : 'character-device'
}
