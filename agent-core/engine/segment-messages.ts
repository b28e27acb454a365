/** What is asked about a large file that several workers capture together. */
import type { Content, Part, PosixSection, Splitting } from '../format/tree.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import type { FileOutcome } from './file-outcome.ts'

/** `path` as in FileRequest; `file` is what the first look found, to be found again. */
export type SegmentQuestion =
  | { readonly kind: 'look'; readonly path: string; readonly previous: Content | undefined }
  | {
      readonly kind: 'split'
      readonly path: string
      readonly file: FoundEntry
      readonly splitting: Splitting
      readonly gridOffset: number
      readonly from: number
      readonly until: number
      /** True when a block is known to begin at `from`. */
      readonly beginsAtCut: boolean
      readonly previous: Content | undefined
    }
  | { readonly kind: 'settle'; readonly path: string; readonly file: FoundEntry }

export type SegmentAnswer =
  | {
      readonly kind: 'looked'
      readonly file: FoundEntry
      readonly splitting: Splitting
      /** Where the grid of fixed blocks begins. */
      readonly gridOffset: number
    }
  | {
      readonly kind: 'split'
      readonly parts: PackedParts
      readonly begin: number
      readonly end: number
      readonly hasHoles: boolean
      readonly isCutShort: boolean
      readonly bytesRead: number
    }
  | {
      readonly kind: 'settled'
      /** The file is as it was at the first look. */
      readonly isStable: boolean
      readonly posix: PosixSection
      readonly problem: string | undefined
    }
  /** Another file stands there now. */
  | { readonly kind: 'changed' }
  /** The file cannot be captured. */
  | { readonly kind: 'lost'; readonly outcome: Exclude<FileOutcome, { readonly state: 'captured' }> }

/** Parts in order: lengths, and the ids of those that are not zeros, one after the other. */
export interface PackedParts {
  readonly sizes: Float64Array
  readonly isZeros: Uint8Array
  readonly ids: Uint8Array
}

const idSizeBytes = 32

export function packParts(parts: readonly Part[]): PackedParts {
  const sizes = Float64Array.from(parts, (part) => part.sizeBytes)
  const isZeros = Uint8Array.from(parts, (part) => (part.id === null ? 1 : 0))
  const ids = new Uint8Array(parts.reduce((count, part) => count + (part.id === null ? 0 : 1), 0) * idSizeBytes)
  let at = 0
  for (const { id } of parts) {
    if (id === null) continue
    ids.set(id, at)
    at += idSizeBytes
  }
  return { sizes, isZeros, ids }
}

export function* unpackParts({ sizes, isZeros, ids }: PackedParts): Generator<Part, void, undefined> {
  let at = 0
  for (const [index, sizeBytes] of sizes.entries()) {
    if (isZeros[index] === 1) {
      yield { sizeBytes, id: null }
      continue
    }
    yield { sizeBytes, id: ids.subarray(at, at + idSizeBytes) }
    at += idSizeBytes
  }
}
