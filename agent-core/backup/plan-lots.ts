/** Cuts the last point's tree of a folder into lots, in the order of the walk: what a thread compares at a time. */
import type { TreeReader } from '../cache/tree-reader.ts'
import { detachedRef } from '../format/paged-list.ts'
import type { DirectorySection } from '../format/tree.ts'
import { joinText, relativeIn } from '../source/list-directory.ts'
import type { Subtree } from './compare-tree.ts'
import { PreviousEntries } from './previous-entries.ts'

/** A lot has so many entries, unless its last directory or the end makes it less or more: some fifty milliseconds of work. */
const lotEntries = 4096

/** A directory of the last point that may be cut. */
export interface CutDirectory extends Pick<Subtree, 'path' | 'relative'> {
  readonly section: DirectorySection
}

/**
 * Subtrees that lie behind one another, each small enough for a lot. A larger directory is cut into those in it; its own
 * entries, and directories with less below than is worth it, are in no lot. Throws what reading the tree throws.
 */
export async function* planLots(
  tree: TreeReader,
  folder: CutDirectory,
  entriesPerLot = lotEntries,
): AsyncGenerator<Subtree[], void, undefined> {
  let lot: Subtree[] = []
  let entries = 0
  for await (const { subtree, entriesBelow } of smallSubtrees(tree, folder, entriesPerLot)) {
    lot.push(subtree)
    entries += 1 + entriesBelow
    if (entries < entriesPerLot) continue
    yield lot
    lot = []
    entries = 0
  }
  if (lot.length > 0) yield lot
}

interface SmallSubtree {
  readonly subtree: Subtree
  readonly entriesBelow: number
}

async function* smallSubtrees(
  tree: TreeReader,
  { path, relative, section }: CutDirectory,
  most: number,
): AsyncGenerator<SmallSubtree, void, undefined> {
  const ownEntries = section.list?.count ?? 0
  if (section.entriesBelow - ownEntries < most) return
  const entries = new PreviousEntries(tree, section.list)
  for (await entries.next(); entries.current !== undefined; await entries.next()) {
    if (entries.current.type !== 'directory') continue
    const { name, inode, directory } = entries.current.decode()
    if (directory === undefined) continue
    const text = Buffer.from(name).toString('latin1')
    const below = { path: joinText(path, text), relative: relativeIn(relative, text) }
    const { list, entriesBelow } = directory
    if (entriesBelow > most) yield* smallSubtrees(tree, { ...below, section: directory }, most)
    else yield { subtree: { ...below, inode, list: list && detachedRef(list) }, entriesBelow }
  }
}
