/**
 * Decides which protected folders a capture walks, and refuses sources that are absent, replaced or
 * emptied: a missing source is worse than a missing vault, since an empty "good" point would push out
 * the real ones.
 */
import { AgentError } from '../base/agent-error.ts'
import { shownPath } from '../base/file-warning.ts'
import type { Entry, Origin } from '../format/tree.ts'
import type { FoundEntry } from '../source/found-entry.ts'

/** What one look at a protected folder found. */
export interface FolderState {
  readonly path: Buffer
  /** Absent, or a directory that can be listed. */
  readonly found: { readonly entry: FoundEntry; readonly fileSystem: string; readonly isEmpty: boolean } | undefined
}

export interface SourceFolder {
  /** Name of the folder's entry in the root directory. */
  readonly label: Uint8Array
  readonly origin: Origin
  readonly found: FoundEntry
  /** The folder's entry in the last point. */
  readonly previous: Entry | undefined
}

export interface SourcePlan {
  readonly folders: readonly SourceFolder[]
  /** Folders left out because they are absent and `accept` was given. */
  readonly absent: readonly Buffer[]
}

/** Plans from what was found and the root entries of the last point; throws `source.*` unless `accept`. */
export function planSources(states: readonly FolderState[], previous: readonly Entry[], accept: boolean): SourcePlan {
  const before = new Map(previous.map((entry) => [keyOf(entry.origin?.path), entry]))
  const folders: SourceFolder[] = []
  const absent: Buffer[] = []
  const labels = new Set<string>()
  for (const { path, found } of states) {
    const last = before.get(keyOf(path))
    const shown = shownPath(path).path
    if (found === undefined) {
      if (!accept) throw new AgentError('source.missing', { path: shown })
      absent.push(path)
      continue
    }
    const was = last?.origin?.fileSystem
    if (!accept && was !== undefined && was !== found.fileSystem) {
      throw new AgentError('source.replaced', { path: shown, was, is: found.fileSystem })
    }
    const entriesBefore = last?.directory?.entriesBelow ?? 0
    if (!accept && found.isEmpty && entriesBefore > 0) {
      throw new AgentError('source.emptied', { path: shown, before: entriesBefore, now: 0 })
    }
    const label = freeLabel(path, labels)
    folders.push({
      label: Buffer.from(label, 'latin1'),
      origin: { path, fileSystem: found.fileSystem },
      found: found.entry,
      previous: last,
    })
  }
  return { folders, absent }
}

/** After the walk: throws `source.emptied` when folders have lost more than half of their entries. */
export function checkNotEmptied(
  folders: readonly SourceFolder[],
  { before, now }: { readonly before: number; readonly now: number },
): void {
  if (now * 2 >= before) return
  const path = folders.map(({ origin }) => shownPath(origin.path).path).join(', ')
  throw new AgentError('source.emptied', { path, before, now })
}

/** After the walk: throws when a folder is not the one that was there when it began; its disk went away meanwhile. */
export function checkStillThere(folders: readonly SourceFolder[], now: readonly FolderState[]): void {
  const states = new Map(now.map((state) => [keyOf(state.path), state.found]))
  for (const { origin, found } of folders) {
    const path = shownPath(origin.path).path
    const state = states.get(keyOf(origin.path))
    if (state === undefined) throw new AgentError('source.missing', { path })
    if (state.entry.inode !== found.inode || state.fileSystem !== origin.fileSystem) {
      throw new AgentError('source.replaced', { path, was: origin.fileSystem, is: state.fileSystem })
    }
  }
}

/** The folder's own name, made unique; `root` for `/`. Raw bytes as latin1. */
function freeLabel(path: Buffer, labels: Set<string>): string {
  const name =
    path
      .toString('latin1')
      .split('/')
      .findLast((part) => part !== '') ?? 'root'
  let label = name
  for (let count = 2; labels.has(label); count++) label = `${name} (${count})`
  labels.add(label)
  return label
}

function keyOf(path: Uint8Array | undefined): string {
  return path === undefined ? '' : Buffer.from(path).toString('latin1')
}
