/**
 * Splitting into fixed, aligned blocks for files that are rewritten in place, and the test for zeros
 * that both ways of splitting use: docs/format/splitting.md.
 */
import { asBuffer } from '../base/bytes.ts'

const kibibyte = 1024
const gibibyte = 1024 ** 3

/** Grains by size of the file when it is first split; a file keeps its grain when it grows. */
export const fixedGrains: readonly { readonly upToBytes: number; readonly grainBytes: number }[] = [
  { upToBytes: 64 * gibibyte, grainBytes: 64 * kibibyte },
  { upToBytes: 1024 * gibibyte, grainBytes: 256 * kibibyte },
  { upToBytes: Number.POSITIVE_INFINITY, grainBytes: 1024 * kibibyte },
]

/** Length in bytes of the blocks of a file of `sizeBytes` that is split for the first time. */
export function grainOf(sizeBytes: number): number {
  const row = fixedGrains.find((candidate) => sizeBytes <= candidate.upToBytes)
  if (row === undefined) throw new RangeError(`no grain for ${sizeBytes} bytes`)
  return row.grainBytes
}

/** A block of a file by position; the last one of a file may be shorter than the grain. */
export interface FixedBlock {
  readonly offset: number
  readonly sizeBytes: number
}

/**
 * The aligned blocks that cover [from, to) of a file, in order; `from` is rounded down to the grain and `to` up,
 * but not beyond the file's end. A file of 0 bytes has none.
 */
export function* fixedBlocks(
  fileSizeBytes: number,
  grainBytes: number,
  from = 0,
  to = fileSizeBytes,
): Generator<FixedBlock, void, undefined> {
  const end = Math.min(to, fileSizeBytes)
  // A remainder, not bit operations: offsets pass 2^32.
  for (let offset = from - (from % grainBytes); offset < end; offset += grainBytes) {
    yield { offset, sizeBytes: Math.min(grainBytes, fileSizeBytes - offset) }
  }
}

const zeroPage = Buffer.alloc(64 * kibibyte)

/** True when every byte is 0 (and for no bytes at all); data that is not zero is mostly seen by its first word. */
export function isZero(bytes: Uint8Array): boolean {
  const { length } = bytes
  if (length === 0) return true
  if (bytes[0] !== 0 || bytes[length - 1] !== 0 || bytes[length >>> 1] !== 0) return false
  const buffer = asBuffer(bytes)
  for (let offset = 0; offset < length; offset += zeroPage.length) {
    const pageSizeBytes = Math.min(zeroPage.length, length - offset)
    if (buffer.compare(zeroPage, 0, pageSizeBytes, offset, offset + pageSizeBytes) !== 0) return false
  }
  return true
}
