/**
 * Where what was chosen in a point goes. One folder: its content straight into the target, which gets the folder's
 * metadata; a single file, or several things: each under its name in the target; original: back where it stood.
 */
import { basename, dirname } from 'node:path'
import type { ResolvedPath } from './resolve-path.ts'

export interface Destination {
  readonly source: ResolvedPath
  /** Absolute path of a folder, raw bytes, as the person wrote it: links in it are followed. Made when missing. */
  readonly directory: Buffer
  /** Names from there to the entry, links not followed; none: the entry is a folder and `directory` becomes it. */
  readonly names: readonly Buffer[]
}

/** Places below `directory` (absolute, raw bytes). Names that two chosen entries share become their whole paths. */
export function placeInDirectory(chosen: readonly ResolvedPath[], directory: Buffer): readonly Destination[] {
  const [only] = chosen
  if (only !== undefined && chosen.length === 1) {
    const names = only.entry.type === 'directory' ? [] : only.names.slice(-1)
    return [{ source: only, directory, names }]
  }
  const counts = new Map<string, number>()
  for (const { names } of chosen) counts.set(lastOf(names), (counts.get(lastOf(names)) ?? 0) + 1)
  return chosen.map((source) => ({
    source,
    directory,
    names: counts.get(lastOf(source.names)) === 1 ? source.names.slice(-1) : source.names,
  }))
}

/** The places on the source. */
export function placeAtOrigin(chosen: readonly ResolvedPath[]): readonly Destination[] {
  return chosen.map((source) => {
    if (source.entry.type === 'directory') return { source, directory: source.sourcePath, names: [] }
    const path = source.sourcePath.toString('latin1')
    const [directory, name] = [dirname(path), basename(path)].map((part) => Buffer.from(part, 'latin1'))
    return { source, directory: directory as Buffer, names: [name as Buffer] }
  })
}

function lastOf(names: readonly Buffer[]): string {
  return names.at(-1)?.toString('latin1') ?? ''
}
