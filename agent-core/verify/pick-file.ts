/** One regular file of a point, picked at random. */
import { asBuffer } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { TreeReader } from '../cache/tree-reader.ts'
import type { ListRef } from '../format/paged-list.ts'
import type { Entry } from '../format/tree.ts'

export interface PickedFile {
  readonly entry: Entry
  /** Absolute path on the source, raw bytes. */
  readonly sourcePath: Buffer
  /** Label of the protected folder, then the names below it. */
  readonly names: readonly Buffer[]
}

/** Folders and links are met as well; so often it is tried again. */
const attempts = 20

/**
 * Picks among all entries below `root`, each equally likely, until one is a regular file; undefined when none was met.
 * Throws `vault.damaged` and `format.invalid` where the tree is damaged.
 */
export async function pickFile(tree: TreeReader, root: ListRef, random: Random): Promise<PickedFile | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const picked = await pickEntry(tree, root, random)
    if (picked?.entry.type === 'file') return picked
  }
  return undefined
}

async function pickEntry(tree: TreeReader, root: ListRef, random: Random): Promise<PickedFile | undefined> {
  let list: ListRef | undefined = root
  let sourcePath: Buffer = Buffer.alloc(0)
  const names: Buffer[] = []
  let left = draw(random, await weightOf(tree, root))
  while (list !== undefined) {
    let next: Entry | undefined
    for await (const { entry } of tree.entries(list)) {
      const weight = 1 + (entry.directory?.entriesBelow ?? 0)
      if (left < weight) {
        next = entry
        break
      }
      left -= weight
    }
    if (next === undefined) return undefined
    names.push(asBuffer(next.name))
    sourcePath =
      next.origin === undefined ? Buffer.concat([sourcePath, Buffer.from('/'), next.name]) : asBuffer(next.origin.path)
    if (left === 0) return { entry: next, sourcePath, names }
    left--
    list = next.directory?.list
  }
  return undefined
}

async function weightOf(tree: TreeReader, root: ListRef): Promise<number> {
  let weight = 0
  for await (const { entry } of tree.entries(root)) weight += 1 + (entry.directory?.entriesBelow ?? 0)
  return weight
}

/** A whole number from 0 to below `limit`. */
function draw(random: Random, limit: number): number {
  return limit === 0 ? 0 : random.bytes(6).readUIntLE(0, 6) % limit
}
