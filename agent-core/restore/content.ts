/**
 * A file's content between a point and a descriptor: written block by block, and read back and compared by block
 * ids. Memory: one block, and one piece of a file.
 */
import { fstatSync, ftruncateSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import type { ExtentSource } from '../cache/extent-source.ts'
import type { TreeReader } from '../cache/tree-reader.ts'
import { blockId } from '../codec/block-id.ts'
import { ensure } from '../format/invalid.ts'
import type { Content, Entry, Part } from '../format/tree.ts'
import { writeAt } from '../platform/file-at.ts'
import { holdsPart, writeZeros } from './file-parts.ts'

/**
 * Answers the plain bytes of a block, which stay the reader's. Throws `vault.damaged` when that block is lost; any
 * other error ends the whole restore.
 */
export type ReadBlock = (id: Uint8Array) => Promise<Uint8Array>

/** What a file's content is read with. */
export interface ContentSource {
  readonly tree: TreeReader
  readonly readBlock: ReadBlock
  /** The keyspace's id key: what block ids are made with. */
  readonly idKey: Uint8Array
  /** What worker threads read by themselves; without it, everything comes through `readBlock`. */
  readonly extents?: ExtentSource
}

/**
 * Writes the content of `entry` into an empty file. Zeros become holes where the source had holes. Throws
 * `vault.damaged` or `format.invalid` when the point's data is damaged, system errors, and the signal's reason.
 */
export async function writeContent(
  fd: number,
  entry: Entry,
  source: ContentSource,
  signal: AbortSignal,
): Promise<void> {
  const sizeBytes = entry.sizeBytes ?? 0
  const { content } = entry
  let position = 0
  let endsWithHole = false
  if (content !== undefined) {
    for await (const part of partsOf(source.tree, content)) {
      ensure(part.sizeBytes <= sizeBytes - position, 'tree page', 0, 'a file has more blocks than bytes')
      endsWithHole = part.id === null && content.sparse
      if (part.id !== null) writeAt(fd, await readPart(source, part.id, part.sizeBytes), position)
      else if (!content.sparse) writeZeros(fd, position, part.sizeBytes, () => signal.throwIfAborted())
      position += part.sizeBytes
      signal.throwIfAborted()
    }
  }
  ensure(position === sizeBytes, 'tree page', 0, 'a file has fewer blocks than bytes')
  if (endsWithHole) ftruncateSync(fd, sizeBytes)
}

/** True when the file holds exactly the content of `entry`, by the ids of its blocks. */
export async function holdsContent(
  fd: number,
  entry: Entry,
  source: ContentSource,
  signal: AbortSignal,
): Promise<boolean> {
  if (fstatSync(fd).size !== (entry.sizeBytes ?? 0)) return false
  let position = 0
  if (entry.content === undefined) return true
  for await (const part of partsOf(source.tree, entry.content)) {
    if (!holdsPart(fd, position, part, source.idKey, () => signal.throwIfAborted())) return false
    position += part.sizeBytes
    signal.throwIfAborted()
  }
  return true
}

/** Bytes that the content takes on a disk: holes are left out. */
export async function occupiedBytes(tree: TreeReader, entry: Entry): Promise<number> {
  if (entry.content?.sparse !== true) return entry.sizeBytes ?? 0
  let sizeBytes = 0
  for await (const part of partsOf(tree, entry.content)) if (part.id !== null) sizeBytes += part.sizeBytes
  return sizeBytes
}

/** The parts of a file in order, one page of them at a time. */
export function partsOf(tree: TreeReader, content: Content): Iterable<Part> | AsyncIterable<Part> {
  return 'id' in content.parts ? tree.parts(content) : content.parts
}

async function readPart(source: ContentSource, id: Uint8Array, sizeBytes: number): Promise<Uint8Array> {
  const block = await source.readBlock(id)
  if (block.length !== sizeBytes) throw damagedBlock(id, `it has ${block.length} bytes instead of ${sizeBytes}`)
  return block
}

/**
 * The error for a file that did not read back as it should: damage when the vault's blocks are not what their ids
 * say, undefined when they are (then the target's disk or memory is at fault).
 */
export async function findWrongBlock(entry: Entry, source: ContentSource): Promise<AgentError | undefined> {
  if (entry.content === undefined) return undefined
  for await (const part of partsOf(source.tree, entry.content)) {
    if (part.id === null) continue
    const block = await source.readBlock(part.id)
    if (!blockId(source.idKey, block).equals(part.id)) return damagedBlock(part.id, 'its bytes do not fit its id')
  }
  return undefined
}

function damagedBlock(id: Uint8Array, reason: string): AgentError {
  return new AgentError('vault.damaged', { object: `block ${toHex(id).slice(0, 16)}…`, offset: 0, reason })
}
