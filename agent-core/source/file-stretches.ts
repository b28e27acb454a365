/**
 * What of a file is read: docs/format/splitting.md, "Zeros". Turns the ranges of data that the file system
 * reports into stretches that are split one by one; what lies between them is zeros that are not read.
 */
import type { Splitting } from '../format/tree.ts'
import type { FileRange } from '../platform/posix.ts'
import { wholeFileSizeBytes } from './split-content.ts'

/** In content mode a shorter hole is read like data, so that many small holes do not make many small blocks. */
export const minHoleSizeBytes = 256 * 1024

/** Bytes [from, until) of a file. */
export interface Stretch {
  readonly from: number
  readonly until: number
}

/** The stretches of one file, ascending, with at least one byte between them. Iterated once. */
export class FileStretches {
  readonly #ranges: Iterable<FileRange>
  readonly #sizeBytes: number
  readonly #grainBytes: number
  readonly #reachBytes: number
  readonly #from: number
  readonly #gridOffset: number
  #dataEnd: number
  #hasHoles = false

  /** `ranges`: ascending ranges of data in [from, sizeBytes); iterated lazily. `gridOffset`: where fixed blocks begin. */
  constructor(ranges: Iterable<FileRange>, sizeBytes: number, splitting: Splitting, from = 0, gridOffset = 0) {
    this.#ranges = ranges
    this.#sizeBytes = sizeBytes
    this.#from = from
    this.#gridOffset = gridOffset
    this.#dataEnd = from
    this.#grainBytes = splitting.mode === 'fixed' ? splitting.grainBytes : 1
    const contentReach = sizeBytes <= wholeFileSizeBytes ? Number.POSITIVE_INFINITY : minHoleSizeBytes
    this.#reachBytes = splitting.mode === 'fixed' ? 1 : contentReach
  }

  /** True when a hole was met, whether it is read or not; all of them are known when the iteration has ended. */
  get hasHoles(): boolean {
    return this.#hasHoles
  }

  *[Symbol.iterator](): Generator<Stretch, void, undefined> {
    let from = this.#from
    let until = from
    for (const range of this.#ranges) {
      const [start, end] = this.#take(range)
      if (start - until < this.#reachBytes) {
        until = Math.max(until, end)
        continue
      }
      if (until > from) yield { from, until }
      from = start
      until = end
    }
    if (this.#dataEnd < this.#sizeBytes) this.#hasHoles = true
    if (until === from) return
    yield { from, until: this.#sizeBytes - until < this.#reachBytes ? this.#sizeBytes : until }
  }

  /** Widens a range to the grid of fixed blocks. */
  #take(range: FileRange): [number, number] {
    const grain = this.#grainBytes
    const end = range.offset + range.sizeBytes
    if (range.offset > this.#dataEnd) this.#hasHoles = true
    this.#dataEnd = end
    const onGrid = (offset: number, round: (value: number) => number) =>
      round((offset - this.#gridOffset) / grain) * grain + this.#gridOffset
    return [Math.max(this.#from, onGrid(range.offset, Math.floor)), Math.min(this.#sizeBytes, onGrid(end, Math.ceil))]
  }
}
