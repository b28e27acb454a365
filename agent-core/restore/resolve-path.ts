/**
 * Finds what a person's path means in a point. The root of a point lists one entry per protected folder; the
 * entry's name is the folder's label, its origin the absolute path on the source. A path may be
 *   1. absolute, as on the source: a protected folder, something in one, or a folder that holds protected ones
 *   2. relative to the protected folder, where the point has one
 *   3. `<label>/…`
 * tried in this order; where nothing is found, once more with its escapes read (as names that hold a line end or an
 * escape character are printed). Links in the point are not followed.
 */
import { AgentError } from '../base/agent-error.ts'
import { asBuffer } from '../base/bytes.ts'
import { readEscapes } from '../base/escapes.ts'
import type { TreeReader } from '../cache/tree-reader.ts'
import { ensure } from '../format/invalid.ts'
import type { ListRef } from '../format/paged-list.ts'
import type { Entry } from '../format/tree.ts'

/** An entry of a point with its place there. */
export interface ResolvedPath {
  readonly entry: Entry
  /** Absolute path on the source, raw bytes. */
  readonly sourcePath: Buffer
  /** Label of the protected folder, then the names below it. */
  readonly names: readonly Buffer[]
}

interface ProtectedFolder extends ResolvedPath {
  readonly originNames: readonly Buffer[]
}

const slash = 0x2f
const backslash = 0x5c

/**
 * What `paths` (raw bytes) mean in the point with that root; all protected folders when there are none. What is
 * named twice, or lies inside of another one named, comes once. Throws `point.path-not-found` (`named` is how
 * messages call the point).
 */
export async function resolvePaths(
  tree: TreeReader,
  root: ListRef | undefined,
  paths: readonly Buffer[],
  named: { readonly item: string; readonly point: string },
): Promise<readonly ResolvedPath[]> {
  const folders = await readProtectedFolders(tree, root)
  if (paths.length === 0) return folders
  const found = new Map<string, ResolvedPath>()
  for (const path of paths) {
    const matches = await resolveTyped(tree, folders, path)
    if (matches.length === 0) throw new AgentError('point.path-not-found', { ...named, path: path.toString() })
    for (const match of matches) found.set(keyOf(match.names), match)
  }
  return [...found.values()].filter(({ names }) => !names.some((_, length) => found.has(keyOf(names.slice(0, length)))))
}

async function readProtectedFolders(tree: TreeReader, root: ListRef | undefined): Promise<readonly ProtectedFolder[]> {
  const folders: ProtectedFolder[] = []
  for await (const { entry } of tree.entries(root)) {
    const sourcePath = asBuffer(entry.origin?.path ?? Buffer.of())
    const originNames = componentsOf(sourcePath)
    ensure(
      sourcePath[0] === slash && originNames !== undefined,
      'the list of protected folders',
      0,
      'a folder without an absolute path',
    )
    folders.push({ entry, sourcePath, names: [asBuffer(entry.name)], originNames })
  }
  return folders
}

async function resolveTyped(
  tree: TreeReader,
  folders: readonly ProtectedFolder[],
  path: Buffer,
): Promise<readonly ResolvedPath[]> {
  const matches = await resolveIn(tree, folders, path)
  if (matches.length > 0 || !path.includes(backslash)) return matches
  return await resolveIn(tree, folders, Buffer.from(readEscapes(path.toString())))
}

async function resolveIn(
  tree: TreeReader,
  folders: readonly ProtectedFolder[],
  path: Buffer,
): Promise<readonly ResolvedPath[]> {
  const names = componentsOf(path)
  if (names === undefined || path.length === 0) return []
  if (path[0] === slash) return await resolveAbsolute(tree, folders, names)
  const [only, ...others] = folders
  if (only !== undefined && others.length === 0) {
    const match = await descend(tree, only, names)
    if (match !== undefined) return [match]
  }
  const [label, ...below] = names
  if (label === undefined) return folders
  for (const folder of folders) {
    const match = folder.names[0]?.equals(label) ? await descend(tree, folder, below) : undefined
    if (match !== undefined) return [match]
  }
  return []
}

/** The innermost protected folder comes first: what it holds is what the point shows at that place. */
async function resolveAbsolute(
  tree: TreeReader,
  folders: readonly ProtectedFolder[],
  names: readonly Buffer[],
): Promise<readonly ResolvedPath[]> {
  const holders = folders.filter((folder) => startsWith(names, folder.originNames))
  holders.sort((a, b) => b.originNames.length - a.originNames.length)
  for (const folder of holders) {
    const match = await descend(tree, folder, names.slice(folder.originNames.length))
    if (match !== undefined) return [match]
  }
  return folders.filter((folder) => startsWith(folder.originNames, names))
}

async function descend(
  tree: TreeReader,
  start: ResolvedPath,
  names: readonly Buffer[],
): Promise<ResolvedPath | undefined> {
  let { entry, sourcePath } = start
  for (const name of names) {
    const next = await tree.find(entry.directory?.list, name)
    if (next === undefined) return undefined
    entry = next.entry
    sourcePath = joinPath(sourcePath, name)
  }
  return { entry, sourcePath, names: [...start.names, ...names] }
}

/** `folder` and `name` with one slash between them. */
export function joinPath(folder: Buffer, name: Uint8Array): Buffer {
  return Buffer.concat(folder.at(-1) === slash ? [folder, name] : [folder, slashBytes, name])
}

const slashBytes = Buffer.of(slash)

/** The names in `path` without empty ones and `.`; undefined when one is `..` or holds a NUL. */
export function componentsOf(path: Buffer): readonly Buffer[] | undefined {
  const names: Buffer[] = []
  for (let start = 0; start <= path.length; ) {
    const next = path.indexOf(slash, start)
    const end = next < 0 ? path.length : next
    const name = path.subarray(start, end)
    start = end + 1
    if (name.length === 0 || name.equals(dot)) continue
    if (name.equals(dotDot) || name.includes(0)) return undefined
    names.push(name)
  }
  return names
}

const dot = Buffer.from('.')
const dotDot = Buffer.from('..')

function startsWith(names: readonly Buffer[], start: readonly Buffer[]): boolean {
  return start.length <= names.length && start.every((name, index) => names[index]?.equals(name))
}

function keyOf(names: readonly Buffer[]): string {
  return names.map((name) => name.toString('latin1')).join('/')
}
