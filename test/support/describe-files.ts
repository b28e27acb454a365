/** What lies in a folder, with contents as digests: for comparisons that do not go through the product. */
import { createHash } from 'node:crypto'
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface DescribedFile {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'other'
  readonly mode: number
  /** Nanoseconds since 1970, decimal. */
  readonly mtimeNs: string
  readonly size?: number
  readonly sha256?: string
  /** One character a byte. */
  readonly target?: string
}

/** Every entry below `folder` by its path, `prefix` first; one character a byte. Links are not followed. */
export function describeFiles(folder: string, prefix = ''): Record<string, DescribedFile> {
  const found: Record<string, DescribedFile> = {}
  const walk = (path: Buffer, shown: string): void => {
    for (const name of readdirSync(path, { encoding: 'latin1' }).sort()) {
      const child = Buffer.concat([path, Buffer.from(`/${name}`, 'latin1')])
      const shownChild = shown === '' ? name : `${shown}/${name}`
      const stats = lstatSync(child, { bigint: true })
      found[shownChild] = describeFile(child, stats)
      if (stats.isDirectory()) walk(child, shownChild)
    }
  }
  walk(Buffer.from(folder), prefix)
  return found
}

function describeFile(path: Buffer, stats: BigIntStats): DescribedFile {
  const common = { mode: Number(stats.mode & 0o7777n), mtimeNs: stats.mtimeNs.toString() }
  if (stats.isDirectory()) return { type: 'directory', ...common }
  if (stats.isFIFO()) return { type: 'fifo', ...common }
  if (stats.isSymbolicLink()) return { type: 'symlink', ...common, target: readlinkSync(path, { encoding: 'latin1' }) }
  if (!stats.isFile()) return { type: 'other', ...common }
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex')
  return { type: 'file', ...common, size: Number(stats.size), sha256 }
}
