/**
 * Where the grid of fixed blocks lies in a file that is split in place again: docs/format/splitting.md, "Fixed mode".
 * It stays where it was, unless the file's length has changed by something else than whole blocks and the blocks are found
 * at the places to which so many inserted or removed bytes have moved them.
 */
import { readSync } from 'node:fs'
import type { BaseDb } from '../cache/base-db.ts'
import type { Content } from '../format/tree.ts'
import { isZero } from '../source/split-fixed.ts'
import { placedParts } from './previous-parts.ts'

/** Blocks that are looked at, spread over the file. */
const sampleCount = 16

export interface GridDeps {
  /** Holds the pages of the last point. */
  readonly base: BaseDb
  /** True when a block with these bytes need not be stored. */
  readonly isKnown: (bytes: Uint8Array) => boolean
}

/** Bytes before the first border, below the grain; 0 for a file that is new or split by content. */
export function chooseGridOffset(fd: number, sizeBytes: number, previous: Content | undefined, deps: GridDeps): number {
  if (previous?.splitting.mode !== 'fixed') return 0
  const { grainBytes } = previous.splitting
  const { gridOffset, sizeBytes: sizeBefore } = lastGrid(previous, grainBytes, deps)
  const moved = (((gridOffset + sizeBytes - sizeBefore) % grainBytes) + grainBytes) % grainBytes
  if (moved === gridOffset) return gridOffset
  const known = (offset: number) => countKnown(fd, sizeBytes, grainBytes, offset, deps)
  return known(moved) > known(gridOffset) ? moved : gridOffset
}

/** The first part of a file with more than one is all that lies before a border, and whole blocks of zeros. */
function lastGrid(previous: Content, grainBytes: number, { base }: GridDeps) {
  const { parts } = previous
  const sizeBytes = 'id' in parts ? parts.totalBytes : parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  const [first] = placedParts(previous, base, 0)
  const isOnlyPart = first === undefined || first.part.sizeBytes === sizeBytes
  return { sizeBytes, gridOffset: isOnlyPart ? 0 : first.part.sizeBytes % grainBytes }
}

function countKnown(
  fd: number,
  sizeBytes: number,
  grainBytes: number,
  gridOffset: number,
  { isKnown }: GridDeps,
): number {
  const block = Buffer.allocUnsafe(grainBytes)
  const blockCount = Math.floor((sizeBytes - gridOffset) / grainBytes)
  // A file that was cut short has no whole block left to be known.
  if (blockCount <= 0) return 0
  let known = 0
  for (let sample = 0; sample < sampleCount; sample++) {
    const index = Math.floor((blockCount * (sample + 0.5)) / sampleCount)
    const length = readSync(fd, block, 0, grainBytes, gridOffset + index * grainBytes)
    if (length === grainBytes && !isZero(block) && isKnown(block)) known++
  }
  return known
}
