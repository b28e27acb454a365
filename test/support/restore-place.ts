/** A folder to restore into, and what a restore leaves there, looked at with Node's own calls. */

import { spawnSync } from 'node:child_process'
import { type BigIntStats, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { createTask, type Progress, type Task } from '../../agent-core/base/task.ts'
import type { ListRef } from '../../agent-core/format/paged-list.ts'
import { placeInDirectory } from '../../agent-core/restore/destinations.ts'
import { planRestore, type RestorePlan } from '../../agent-core/restore/plan-restore.ts'
import { resolvePaths } from '../../agent-core/restore/resolve-path.ts'
import type { RestoreOptions } from '../../agent-core/restore/restore-entry.ts'
import { type RestoreResult, runRestore } from '../../agent-core/restore/run-restore.ts'
import type { PlannedEntry, PointTree } from './point-tree.ts'

const copyTimeMs = new Date(2026, 10, 22, 14, 30).getTime()

const defaults: RestoreOptions = { conflict: 'copy', metadata: true, special: true, copyTimeMs }

export interface RestoreOutcome extends RestoreResult {
  readonly task: Task
}

export class RestorePlace implements Disposable {
  readonly folder: string
  /** What is restored into; made by the first restore. */
  readonly target: string
  readonly point: PointTree

  /** In a new folder, removed with this; or in one that is somebody else's. */
  constructor(point: PointTree, target?: string) {
    this.point = point
    this.folder = target === undefined ? mkdtempSync(join(tmpdir(), 'restore-test-')) : dirname(target)
    this.target = target ?? join(this.folder, 'target')
  }

  async restore(
    root: ListRef,
    options: Partial<RestoreOptions> & { readonly paths?: readonly string[]; readonly signal?: AbortSignal } = {},
    onProgress: (progress: Progress) => void = () => undefined,
  ): Promise<RestoreOutcome> {
    const { paths, signal, ...rules } = options
    using task = createTask({ clock: systemClock, onProgress, ...(signal && { signal }) })
    const destinations = await this.#destinations(root, paths ?? [])
    const deps = { source: this.point, random: systemRandom, threadCount: 2 }
    return { ...(await runRestore(deps, destinations, { ...defaults, ...rules }, task)), task }
  }

  async plan(
    root: ListRef,
    options: Partial<RestoreOptions> & { paths?: readonly string[] } = {},
  ): Promise<RestorePlan> {
    const { paths, ...rules } = options
    using task = createTask({ clock: systemClock })
    return await planRestore(this.point, await this.#destinations(root, paths ?? []), { ...defaults, ...rules }, task)
  }

  at(...names: readonly string[]): string {
    return join(this.target, ...names)
  }

  /** Paths are far longer than Node's own removal takes. */
  [Symbol.dispose](): void {
    spawnSync('chmod', ['-R', 'u+rwx', this.folder])
    const run = spawnSync('rm', ['-rf', this.folder])
    if (run.status !== 0) throw new Error(`left behind: ${this.folder}`)
  }

  async #destinations(root: ListRef, paths: readonly string[]) {
    const bytes = paths.map((path) => Buffer.from(path))
    return placeInDirectory(
      await resolvePaths(this.point.tree, root, bytes, { item: 'docs', point: 'p1' }),
      Buffer.from(this.target),
    )
  }
}

/** One line an entry, in the order of the names: everything of it that a test compares. */
export function describeTree(folder: string): string[] {
  const lines: string[] = []
  const inodes = new Map<bigint, string>()
  const walk = (path: Buffer, shown: string): void => {
    const stats = lstatSync(path, { bigint: true })
    const linkedTo = stats.isDirectory() ? undefined : inodes.get(stats.ino)
    if (!inodes.has(stats.ino)) inodes.set(stats.ino, shown)
    lines.push(
      describe(shown, typeOf(stats), Number(stats.mode & 0o7777n), stats.mtimeNs, contentOf(path, stats), linkedTo),
    )
    if (!stats.isDirectory()) return
    for (const name of readdirSync(path, { encoding: 'buffer' }).sort((a, b) => Buffer.compare(a, b))) {
      walk(Buffer.concat([path, Buffer.from('/'), name]), `${shown}/${name.toString('latin1')}`)
    }
  }
  walk(Buffer.from(folder), '')
  return lines
}

/** The lines that describeTree should give for `planned` restored whole. */
export function expectedTree(planned: PlannedEntry): string[] {
  const lines: string[] = []
  const inodes = new Map<number, string>()
  const walk = (entry: PlannedEntry, shown: string): void => {
    const linkedTo = entry.inode === undefined ? undefined : inodes.get(entry.inode)
    if (entry.inode !== undefined && linkedTo === undefined) inodes.set(entry.inode, shown)
    const mode = entry.type === 'symlink' ? 0o777 : (entry.posix?.mode ?? (entry.type === 'directory' ? 0o755 : 0o644))
    const mtime = entry.mtime ?? { sec: 1_700_000_000, ns: 123_456_789 }
    const mtimeNs = BigInt(mtime.sec) * 1_000_000_000n + BigInt(mtime.ns)
    lines.push(describe(shown, entry.type, mode, mtimeNs, plannedContent(entry), linkedTo))
    const children = [...(entry.children ?? [])].sort((a, b) =>
      Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
    )
    for (const child of children) walk(child, `${shown}/${Buffer.from(child.name).toString('latin1')}`)
  }
  walk(planned, '')
  return lines
}

function describe(
  path: string,
  type: string,
  mode: number,
  mtimeNs: bigint,
  content: string,
  ...[linkedTo]: [string | undefined]
): string {
  return `${path} ${type} ${mode.toString(8)} ${mtimeNs} ${content}${linkedTo === undefined ? '' : ` = ${linkedTo}`}`
}

function typeOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isFIFO()) return 'fifo'
  if (stats.isSocket()) return 'socket'
  return stats.isBlockDevice() ? 'block-device' : 'character-device'
}

function contentOf(path: Buffer, stats: BigIntStats): string {
  if (stats.isFile()) return readFileSync(path).toString('base64')
  return stats.isSymbolicLink() ? readlinkSync(path, { encoding: 'buffer' }).toString('base64') : ''
}

function plannedContent({ type, content, linkTarget }: PlannedEntry): string {
  if (type === 'symlink') return Buffer.from(linkTarget ?? '').toString('base64')
  const pieces = (content ?? []).map((piece) => (typeof piece === 'number' ? Buffer.alloc(piece) : piece))
  return Buffer.concat(pieces).toString('base64')
}
