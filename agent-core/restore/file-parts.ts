/**
 * Parts of a file between memory and an open file, synchronously: on the main thread and in workers. Every other thread
 * may work on other parts of the same file.
 */
import { blockId } from '../codec/block-id.ts'
import type { Part } from '../format/tree.ts'
import { readAt, writeAt } from '../platform/file-at.ts'
import { dataRanges } from '../platform/posix.ts'

/** Longest stretch of zeros that is written or compared at once. */
const zeros = Buffer.alloc(256 * 1024)

// Grows to the longest block. Each use fills and looks at it without waiting between, so one a thread is enough.
let pieceBuffer = Buffer.allocUnsafeSlow(256 * 1024)

/** Writes zeros; `checkpoint` throws when the work is to be given up. */
export function writeZeros(fd: number, position: number, sizeBytes: number, checkpoint: () => void): void {
  for (let done = 0; done < sizeBytes; done += zeros.length) {
    writeAt(fd, zeros.subarray(0, Math.min(zeros.length, sizeBytes - done)), position + done)
    checkpoint()
  }
}

/**
 * True when the file holds exactly that part: what reads back has the block's id, or is zeros. Holes are asked of the
 * file system, not read.
 */
export function holdsPart(
  fd: number,
  position: number,
  part: Part,
  idKey: Uint8Array,
  checkpoint: () => void,
): boolean {
  if (part.id !== null) {
    const bytes = readPiece(fd, position, part.sizeBytes)
    return bytes !== undefined && blockId(idKey, bytes).equals(part.id)
  }
  for (const range of dataRanges(fd, position + part.sizeBytes, position)) {
    for (let done = 0; done < range.sizeBytes; done += zeros.length) {
      const bytes = readPiece(fd, range.offset + done, Math.min(zeros.length, range.sizeBytes - done))
      if (bytes === undefined || Buffer.compare(bytes, zeros.subarray(0, bytes.length)) !== 0) return false
      checkpoint()
    }
  }
  return true
}

/** Exactly `sizeBytes` in the thread's own buffer; undefined when the file ends before. */
function readPiece(fd: number, position: number, sizeBytes: number): Buffer | undefined {
  if (pieceBuffer.length < sizeBytes) pieceBuffer = Buffer.allocUnsafeSlow(sizeBytes)
  const piece = pieceBuffer.subarray(0, sizeBytes)
  return readAt(fd, piece, position) === sizeBytes ? piece : undefined
}
