/**
 * One file's way from descriptor to parts: docs/format/splitting.md. Decides how the file is split,
 * reads it once through one reused buffer, skips holes, and hands every block to `putBlock`.
 *
 * A large file may be split in segments, by several threads at once. A segment's parts begin at its first cut and
 * end at the first cut of the next one; cutting begins a few blocks earlier, so that by then it cuts where one pass
 * over the whole file would. Whoever puts segments together checks that each ends where the next one begins.
 */
import { readSync } from 'node:fs'
import type { PutPage } from '../format/paged-list.ts'
import type { Content, Part, Splitting } from '../format/tree.ts'
import { dataRanges } from '../platform/posix.ts'
import { FileStretches, type Stretch } from './file-stretches.ts'
import { inPlaceProbeSizeBytes, isRewrittenInPlace } from './in-place.ts'
import { PartCollector } from './part-collector.ts'
import { ContentCutter, type GearTable, maxContentBlockSizeBytes, wholeFileSizeBytes } from './split-content.ts'
import { grainOf, isZero } from './split-fixed.ts'

/** A file that is longer is divided among workers in stretches of this length. */
export const segmentSizeBytes = 64 * 1024 * 1024
/** Cutting begins so far before a segment: some seven blocks, and one or two make the cuts agree. */
const segmentWarmUpSizeBytes = 8 * 1024 * 1024
/** Two maximal blocks: while one is cut, the bytes after it are there already. */
const bufferSizeBytes = 2 * maxContentBlockSizeBytes
/** Fixed blocks are read so many bytes at a time: what is hashed next is still in the processor's own cache then. */
const fixedReadSizeBytes = 256 * 1024

export interface BlockSink {
  /** Takes a block (valid during the call only) and answers its id; `expected` is the id it may well have. */
  readonly putBlock: (bytes: Uint8Array, expected: Uint8Array | undefined) => Uint8Array
  readonly putPage: PutPage
}

interface SplitSource {
  readonly fd: number
  /** Length to read; bytes beyond are not looked at, missing ones end the reading. */
  readonly sizeBytes: number
  /** In fixed mode, where the first block border lies that is not the file's beginning: below the grain. */
  readonly gridOffset: number
  /** The block id that stood at `offset` last time, for files split in place. */
  readonly expectedAt: (offset: number, sizeBytes: number) => Uint8Array | undefined
}

export interface SplitFileOptions extends SplitSource {
  readonly name: Uint8Array
  /** How the file was split last time; in-place files keep mode and grain. */
  readonly previous: Splitting | undefined
  /** False where it is known that the file has no holes: they are not asked for then. */
  readonly mayHaveHoles: boolean
  readonly sink: BlockSink
}

export interface SplitFile {
  readonly content: Content
  /** Sum of all parts: less than was asked for when the file was cut short meanwhile. */
  readonly sizeBytes: number
  /** Bytes read from the file; holes are not read. */
  readonly bytesRead: number
}

export interface SplitSegmentOptions extends SplitSource {
  readonly splitting: Splitting
  readonly from: number
  /** Where the next segment begins, or the file ends. */
  readonly until: number
  /** True when a block is known to begin at `from`: no warm-up is needed then. */
  readonly beginsAtCut: boolean
  readonly putBlock: BlockSink['putBlock']
}

export interface SplitSegment {
  /** In order, without gaps, from `begin` to `end`; neighbouring zeros may be several parts. */
  readonly parts: readonly Part[]
  readonly begin: number
  readonly end: number
  readonly hasHoles: boolean
  /** The file ended before `until`. */
  readonly isCutShort: boolean
  readonly bytesRead: number
}

/** Splits files one after the other; owns one 8 MiB buffer. */
export class FileSplitter {
  readonly #cutter: ContentCutter
  readonly #buffer: Buffer

  constructor(gear: GearTable) {
    this.#cutter = new ContentCutter(gear, bufferSizeBytes)
    this.#buffer = this.#cutter.bytes
  }

  /** Reads and splits a file; throws the system's error when it cannot be read. */
  split(options: SplitFileOptions): SplitFile {
    const { fd, sizeBytes, sink, mayHaveHoles, gridOffset } = options
    const parts = new PartCollector(sink.putPage)
    const splitting = this.choose(options)
    const pass = new Pass({ ...options, splitting, from: 0, beginsAtCut: true, until: sizeBytes }, (part) =>
      parts.add(part),
    )
    const ranges = mayHaveHoles || sizeBytes === 0 ? dataRanges(fd, sizeBytes) : [{ offset: 0, sizeBytes }]
    const stretches = new FileStretches(ranges, sizeBytes, splitting, 0, gridOffset)
    const { end, hasHoles, bytesRead } = this.#run(pass, stretches, sink.putBlock)
    return { content: { splitting, parts: parts.finish(), sparse: hasHoles }, sizeBytes: end, bytesRead }
  }

  /** Reads and splits a segment; throws the system's error when it cannot be read. */
  splitSegment(options: SplitSegmentOptions): SplitSegment {
    const { fd, sizeBytes, splitting, from, until, beginsAtCut, putBlock, gridOffset } = options
    const isFixed = splitting.mode === 'fixed'
    const start = isFixed || beginsAtCut ? from : Math.max(0, from - segmentWarmUpSizeBytes)
    const end = isFixed ? until : sizeBytes
    const parts: Part[] = []
    const pass = new Pass({ ...options, beginsAtCut: start === from }, (part) => parts.push(part))
    const stretches = new FileStretches(dataRanges(fd, end, start), end, splitting, start, gridOffset)
    return { parts, ...this.#run(pass, stretches, putBlock) }
  }

  /** How a file is split: as last time where that was in place, else by its first bytes and its name. */
  choose(options: Pick<SplitFileOptions, 'fd' | 'name' | 'sizeBytes' | 'previous'>): Splitting {
    const { fd, name, sizeBytes, previous } = options
    if (previous?.mode === 'fixed') return previous
    if (sizeBytes <= wholeFileSizeBytes) return { mode: 'content' }
    const probe = this.#buffer.subarray(0, inPlaceProbeSizeBytes)
    const length = readSync(fd, probe, 0, probe.length, 0)
    const isInPlace = isRewrittenInPlace(probe.subarray(0, length), name, sizeBytes) !== undefined
    return isInPlace ? { mode: 'fixed', grainBytes: grainOf(sizeBytes) } : { mode: 'content' }
  }

  #run(pass: Pass, stretches: FileStretches, putBlock: BlockSink['putBlock']): Omit<SplitSegment, 'parts'> {
    for (const stretch of stretches) {
      pass.skipTo(stretch.from)
      if (pass.isComplete) break
      if (pass.splitting.mode === 'fixed') this.#readFixed(pass, pass.splitting.grainBytes, stretch, putBlock)
      else this.#readContent(pass, stretch, putBlock)
      if (pass.isComplete || pass.isCutShort) break
    }
    if (!pass.isComplete && !pass.isCutShort) pass.skipTo(pass.endBytes)
    const { begin, end, isCutShort, bytesRead } = pass
    return { begin, end, isCutShort, bytesRead, hasHoles: stretches.hasHoles }
  }

  #readFixed(pass: Pass, grain: number, stretch: Stretch, putBlock: BlockSink['putBlock']): void {
    const batchSizeBytes = Math.max(grain, fixedReadSizeBytes - (fixedReadSizeBytes % grain))
    for (let at = stretch.from; at < stretch.until; ) {
      // What lies before the grid is one block.
      const batch = at < pass.gridOffset ? pass.gridOffset - at : batchSizeBytes
      const wanted = Math.min(batch, stretch.until - at)
      const length = fill(pass.fd, this.#buffer, 0, wanted, at)
      for (let start = 0; start < length; start += grain) {
        const block = this.#buffer.subarray(start, Math.min(start + grain, length))
        pass.add(at + start, block, putBlock)
      }
      pass.bytesRead += length
      at += length
      if (length < wanted) pass.cutShort(at)
      if (pass.isCutShort) return
    }
  }

  #readContent(pass: Pass, stretch: Stretch, putBlock: BlockSink['putBlock']): void {
    const buffer = this.#buffer
    const isOneBlock = pass.sizeBytes <= wholeFileSizeBytes
    let at = stretch.from
    let start = 0
    let length = 0
    let isEnd = false
    do {
      buffer.copyWithin(0, start, length)
      length -= start
      start = 0
      const wanted = Math.min(buffer.length - length, stretch.until - at)
      const read = fill(pass.fd, buffer, length, wanted, at)
      pass.bytesRead += read
      at += read
      length += read
      isEnd = at >= stretch.until || read < wanted
      while (start < length) {
        const cut = isOneBlock ? length : this.#cutter.nextCut(start, length, isEnd)
        if (cut === 0) break
        pass.add(at - length + start, buffer.subarray(start, cut), putBlock)
        if (pass.isComplete) return
        start = cut
      }
    } while (!isEnd)
    if (at < stretch.until) pass.cutShort(at)
  }
}

/** Where one reading of a file, or of a segment of it, has come to. */
class Pass {
  readonly fd: number
  readonly sizeBytes: number
  readonly splitting: Splitting
  readonly gridOffset: number
  /** Zeros are known to reach so far when nothing follows. */
  readonly endBytes: number
  readonly #expectedAt: SplitSource['expectedAt']
  readonly #from: number
  readonly #until: number
  readonly #emit: (part: Part) => void
  #hasBegun: boolean
  begin: number
  end: number
  isCutShort = false
  bytesRead = 0

  constructor(
    options: SplitSource & Pick<SplitSegmentOptions, 'splitting' | 'from' | 'until' | 'beginsAtCut'>,
    emit: (part: Part) => void,
  ) {
    this.fd = options.fd
    this.sizeBytes = options.sizeBytes
    this.splitting = options.splitting
    this.gridOffset = options.splitting.mode === 'fixed' ? options.gridOffset : 0
    this.endBytes = options.splitting.mode === 'fixed' ? options.until : options.sizeBytes
    this.#expectedAt = options.expectedAt
    this.#from = options.from
    this.#until = options.until
    this.#emit = emit
    this.#hasBegun = options.beginsAtCut
    this.begin = options.from
    this.end = options.from
  }

  /** The segment's last cut was made. */
  get isComplete(): boolean {
    return this.#hasBegun && this.end >= this.#until
  }

  /** A block that begins at `offset` and ends with a cut. */
  add(offset: number, block: Uint8Array, putBlock: BlockSink['putBlock']): void {
    const sizeBytes = block.length
    if (!this.#hasBegun) {
      this.#cutAt(offset + sizeBytes)
      return
    }
    this.end = offset + sizeBytes
    if (isZero(block)) this.#emit({ sizeBytes, id: null })
    else this.#emit({ sizeBytes, id: putBlock(block, this.#expectedAt(offset, sizeBytes)) })
  }

  /** Zeros follow up to `offset`, where a hole or the file ends. */
  skipTo(offset: number): void {
    if (!this.#hasBegun) {
      this.#cutAt(offset)
      return
    }
    if (offset > this.end) this.#emit({ sizeBytes: offset - this.end, id: null })
    this.end = offset
  }

  /** The file ends at `offset`, before it should. */
  cutShort(offset: number): void {
    this.isCutShort = true
    if (this.#hasBegun) return
    this.begin = offset
    this.end = offset
  }

  #cutAt(offset: number): void {
    if (offset < this.#from) return
    this.#hasBegun = true
    this.begin = offset
    this.end = offset
  }
}

/** Reads until `sizeBytes` are there or the file ends; returns how many were read. */
function fill(fd: number, buffer: Buffer, into: number, sizeBytes: number, position: number): number {
  let done = 0
  while (done < sizeBytes) {
    const read = readSync(fd, buffer, into + done, sizeBytes - done, position + done)
    if (read === 0) break
    done += read
  }
  return done
}
