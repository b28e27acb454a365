/** Use cases of points: list, show, look into. */
import { AgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import { isoTime } from '../base/date-text.ts'
import { type FileWarningCode, fileWarning, shownPath } from '../base/file-warning.ts'
import type { FileWarning } from '../contract/errors.ts'
import { formatTime } from '../contract/format-time.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import type { CborValue } from '../format/cbor.ts'
import { ensure } from '../format/invalid.ts'
import type { Entry } from '../format/tree.ts'
import { joinPath, resolvePaths } from '../restore/resolve-path.ts'
import type { PointDetails, PointDocument, PointFile, ShownPath } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { damageRemark, FoundDamage } from './found-damage.ts'
import { keptFacts } from './kept-points.ts'
import { type DamagedPoint, type ItemReading, openItemReading } from './open-reading.ts'
import { pointDocumentOf } from './point-document.ts'

export async function listPoints(deps: AgentDeps, item: string): Promise<readonly PointDocument[]> {
  await using reading = await openItemReading(deps, item)
  const { readable: points, damaged } = await reading.allPoints()
  for (const point of damaged) deps.remark?.(damagedPointRemark(point, item))
  for (const damage of new FoundDamage(deps.state.jobs).of(reading.item.vaults)) deps.remark?.(damageRemark(damage))
  const kept = keptFacts(deps, reading.item, points)
  return points.map((point) => pointDocumentOf(point, kept))
}

function damagedPointRemark({ error, state, listed }: DamagedPoint, item: string): string {
  const id = listed.point.slice(0, 8)
  const [{ vault, reason }, { deleted }] = [error.data, state]
  const heal = `"tharsis vault verify ${vault} --heal" may put it back`
  const giveUp =
    deleted === undefined
      ? `"tharsis point delete ${item} ${id}" gives it up`
      : `it is in the trash until ${formatTime(isoTime(deleted.untilMs))}`
  return `Point ${id} (number ${listed.sequence}) is damaged and left out (${reason}): ${heal}, ${giveUp}.`
}

export async function showPoint(deps: AgentDeps, item: string, wanted: string): Promise<PointDetails> {
  await using reading = await openItemReading(deps, item)
  const point = await reading.point(wanted)
  const { manifest } = point
  const { tree } = reading
  const folders: ShownPath[] = []
  for await (const { entry } of tree.entries(manifest.root)) {
    if (entry.origin !== undefined) folders.push(shownPath(entry.origin.path))
  }
  return {
    ...pointDocumentOf(point, keptFacts(deps, reading.item, await reading.points())),
    item: reading.item.name,
    machine: manifest.source.machine,
    platform: manifest.source.platform,
    snapshot: manifest.source.snapshot,
    product: manifest.source.product,
    parent: manifest.parent?.id ?? null,
    directories: manifest.counts.directories,
    others: manifest.counts.others,
    folders,
    chunkFiles: await collect(tree.values(manifest.chunkFiles), (value) => {
      ensure(value instanceof Uint8Array, 'list of chunk files', 0, 'a name is not bytes')
      return toHex(value) as ChunkFileName
    }),
    warnings: await collect(tree.values(manifest.warnings), warningOf),
    missing: [
      ...(await collect(tree.values(manifest.missing), (value) => shownPath(pathIn(value)))),
      ...point.state.missing.map(({ path }) => shownPath(path)),
    ],
  }
}

/** Entries below `path` in the order of the tree; paths are relative to a single folder, else begin with its label. */
export async function* pointFiles(
  deps: AgentDeps,
  item: string,
  wanted: string,
  path: string | undefined,
  depth: number,
): AsyncGenerator<PointFile, void, undefined> {
  await using reading = await openItemReading(deps, item)
  const { manifest } = await reading.point(wanted)
  const chosen = await resolvePaths(reading.tree, manifest.root, path === undefined ? [] : [Buffer.from(path)], {
    item: reading.item.name,
    point: manifest.id,
  })
  const hasOneFolder = manifest.root?.count === 1
  const listsFolders = path === undefined && !hasOneFolder
  for (const { entry, names } of chosen) {
    const ownNames = hasOneFolder ? names.slice(1) : names
    const shown = Buffer.from(ownNames.map((name) => name.toString('latin1')).join('/'), 'latin1')
    if (entry.type !== 'directory' || listsFolders) yield fileOf(entry, shown)
    if (entry.type === 'directory') yield* below(reading, entry, shown, listsFolders ? depth - 1 : depth)
  }
}

/** Depth first with a stack of its own: folders may lie deeper in each other than calls of functions can. */
async function* below(
  reading: ItemReading,
  folder: Entry,
  path: Buffer,
  depth: number,
): AsyncGenerator<PointFile, void, undefined> {
  const listing = (of: Entry, at: Buffer) => ({ path: at, entries: reading.tree.entries(of.directory?.list) })
  const open = depth > 0 ? [listing(folder, path)] : []
  try {
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = await top.entries.next()
      if (next.done) {
        open.pop()
        continue
      }
      const { entry } = next.value
      const entryPath = top.path.length === 0 ? Buffer.from(entry.name) : joinPath(top.path, entry.name)
      yield fileOf(entry, entryPath)
      if (entry.type === 'directory' && open.length < depth) open.push(listing(entry, entryPath))
    }
  } finally {
    for (const { entries } of open) await entries.return()
  }
}

function fileOf(entry: Entry, path: Buffer): PointFile {
  const { mtime, posix } = entry
  return {
    ...shownPath(path),
    type: entry.type,
    size: entry.sizeBytes ?? 0,
    mtime: isoTime(mtime.sec * 1000 + Math.floor(mtime.ns / 1e6)),
    mode: posix.mode.toString(8).padStart(4, '0'),
    uid: posix.uid,
    gid: posix.gid,
    ...(entry.linkTarget && { linkTarget: Buffer.from(entry.linkTarget).toString() }),
  }
}

function warningOf(value: CborValue): FileWarning {
  const [, code, reason] = Array.isArray(value) ? (value as readonly CborValue[]) : []
  ensure(typeof code === 'string' && typeof reason === 'string', 'list of warnings', 0, 'not a warning')
  return fileWarning(code as FileWarningCode, pathIn(value), reason)
}

function pathIn(value: CborValue): Uint8Array {
  const path = Array.isArray(value) ? (value as readonly CborValue[])[0] : undefined
  if (!(path instanceof Uint8Array)) {
    throw new AgentError('format.invalid', { what: 'list of files', offset: 0, reason: 'a path is not bytes' })
  }
  return path
}

async function collect<Value, Result>(
  values: AsyncIterable<Value>,
  convert: (value: Value) => Result,
): Promise<Result[]> {
  const results: Result[] = []
  for await (const value of values) results.push(convert(value))
  return results
}
