/**
 * Walks a folder of a point in the order of its lists, each folder's content before the folder is left. Trees are
 * parsed as hostile: bounded depth, names strictly ascending, and the walk needs no stack of calls. What is damaged
 * ends only the folder whose list it is.
 */

import { asBuffer } from '../base/bytes.ts'
import { yieldToEventLoop } from '../base/event-loop.ts'
import type { EncodedEntry, TreeReader } from '../cache/tree-reader.ts'
import { ensure } from '../format/invalid.ts'
import type { Entry } from '../format/tree.ts'
import { isDamage } from './failure.ts'

/** Deeper trees are refused. */
const maxDepth = 4096
/** After so many entries waiting work of the process (signals, progress) gets its turn. */
const entriesBetweenPauses = 256

/** What is done on the way; `Folder` is the visitor's own state of a folder. */
export interface TreeVisitor<Folder> {
  /** A folder is met; undefined leaves it and all below out. */
  enter(entry: Entry, parent: Folder): Folder | undefined
  /** Anything else is met; `encoded`: as its tree encodes it. */
  visit(entry: Entry, parent: Folder, encoded: Uint8Array): Promise<void> | undefined
  /** All of a folder's entries were visited, or given up. */
  leave(folder: Folder): Promise<void> | undefined
  /** The list of a folder cannot be read on from here. */
  damaged(folder: Folder, error: unknown): void
}

interface Frame<Folder> {
  readonly folder: Folder
  readonly entries: AsyncGenerator<EncodedEntry, void, undefined>
  lastName: Buffer
}

/**
 * Visits everything below `entry`, a folder that was entered as `folder`, and leaves that too. Throws what the
 * visitor and the reader throw (except damage of lists), and the signal's reason.
 */
export async function walkTree<Folder>(
  tree: TreeReader,
  entry: Entry,
  folder: Folder,
  visitor: TreeVisitor<Folder>,
  signal: AbortSignal,
): Promise<void> {
  const open = (of: Entry, state: Folder): Frame<Folder> => ({
    folder: state,
    entries: tree.entries(of.directory?.list),
    lastName: Buffer.of(),
  })
  const frames: Frame<Folder>[] = [open(entry, folder)]
  let visited = 0
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    signal.throwIfAborted()
    if (++visited % entriesBetweenPauses === 0) await yieldToEventLoop()
    const next = await nextEntry(frame, visitor)
    if (next === undefined) {
      const pending = visitor.leave(frame.folder)
      if (pending !== undefined) await pending
      frames.pop()
    } else if (next.entry.type !== 'directory') {
      const pending = visitor.visit(next.entry, frame.folder, next.encoded)
      if (pending !== undefined) await pending
    } else if (frames.length >= maxDepth) {
      visitor.damaged(frame.folder, new RangeError(`folders are nested more than ${maxDepth} deep`))
    } else {
      const state = visitor.enter(next.entry, frame.folder)
      if (state !== undefined) frames.push(open(next.entry, state))
    }
  }
}

async function nextEntry<Folder>(
  frame: Frame<Folder>,
  visitor: TreeVisitor<Folder>,
): Promise<EncodedEntry | undefined> {
  try {
    const next = await frame.entries.next()
    if (next.done === true) return undefined
    const name = asBuffer(next.value.entry.name)
    ensure(Buffer.compare(frame.lastName, name) < 0, 'tree page', 0, 'names are out of order')
    frame.lastName = name
    return next.value
  } catch (error) {
    if (!isDamage(error)) throw error
    visitor.damaged(frame.folder, error)
    return undefined
  }
}
