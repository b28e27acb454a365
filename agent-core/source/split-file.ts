/**
 * One file's way from descriptor to parts: docs/format/splitting.md. Decides how the file is split,
 * reads it once through one reused buffer, skips holes, and hands every block to `putBlock`.
 */
import { readSync } from 'node:fs'
import type { PutPage } from '../format/paged-list.ts'
import type { Content, Part, Splitting } from '../format/tree.ts'
import { dataRanges } from '../platform/posix.ts'
import { FileStretches } from './file-stretches.ts'
import { inPlaceProbeSizeBytes, isRewrittenInPlace } from './in-place.ts'
import { PartCollector } from './part-collector.ts'
import { type GearTable, maxContentBlockSizeBytes, nextContentCut, wholeFileSizeBytes } from './split-content.ts'
import { grainOf, isZero } from './split-fixed.ts'

/** Two maximal blocks: while one is cut, the bytes after it are there already. */
const bufferSizeBytes = 2 * maxContentBlockSizeBytes

export interface BlockSink {
  /** Takes a block (valid during the call only) and answers its id; `expected` is the id it may well have. */
  putBlock(bytes: Uint8Array, expected: Uint8Array | undefined): Uint8Array
  readonly putPage: PutPage
}

export interface SplitFileOptions {
  readonly fd: number
  readonly name: Uint8Array
  /** Length to read; bytes beyond are not looked at, missing ones end the reading. */
  readonly sizeBytes: number
  /** How the file was split last time; in-place files keep mode and grain. */
  readonly previous: Splitting | undefined
  /** The block id that stood at `offset` last time, for files split in place. */
  readonly expectedAt: (offset: number, sizeBytes: number) => Uint8Array | undefined
  readonly sink: BlockSink
}

export interface SplitFile {
  readonly content: Content
  /** Sum of all parts: less than was asked for when the file was cut short meanwhile. */
  readonly sizeBytes: number
  /** Bytes read from the file; holes are not read. */
  readonly bytesRead: number
}

/** Splits files one after the other; owns one 8 MiB buffer. */
export class FileSplitter {
  readonly #gear: GearTable
  readonly #buffer = Buffer.allocUnsafeSlow(bufferSizeBytes)

  constructor(gear: GearTable) {
    this.#gear = gear
  }

  /** Reads and splits a file; throws the system's error when it cannot be read. */
  split(options: SplitFileOptions): SplitFile {
    const { fd, sizeBytes, sink } = options
    const parts = new PartCollector(sink.putPage)
    const splitting = this.#choose(options)
    const ranges = sizeBytes === 0 ? [] : dataRanges(fd, sizeBytes)
    const stretches = new FileStretches(ranges, sizeBytes, splitting)
    let bytesRead = 0
    let end = 0
    let isCutShort = false
    for (const { from, until } of stretches) {
      if (from > end) parts.add({ sizeBytes: from - end, id: null })
      const read =
        splitting.mode === 'fixed'
          ? this.#readFixed(options, splitting.grainBytes, from, until, parts)
          : this.#readContent(options, from, until, parts)
      bytesRead += read
      end = from + read
      isCutShort = end < until
      if (isCutShort) break
    }
    const actualSizeBytes = isCutShort ? end : sizeBytes
    if (end < actualSizeBytes) parts.add({ sizeBytes: actualSizeBytes - end, id: null })
    const content = { splitting, parts: parts.finish(), sparse: stretches.hasHoles }
    return { content, sizeBytes: actualSizeBytes, bytesRead }
  }

  #choose(options: SplitFileOptions): Splitting {
    const { fd, name, sizeBytes, previous } = options
    if (previous?.mode === 'fixed') return previous
    if (sizeBytes <= wholeFileSizeBytes) return { mode: 'content' }
    const probe = this.#buffer.subarray(0, inPlaceProbeSizeBytes)
    const length = readSync(fd, probe, 0, probe.length, 0)
    const isInPlace = isRewrittenInPlace(probe.subarray(0, length), name, sizeBytes) !== undefined
    return isInPlace ? { mode: 'fixed', grainBytes: grainOf(sizeBytes) } : { mode: 'content' }
  }

  #readFixed(options: SplitFileOptions, grain: number, from: number, until: number, parts: PartCollector): number {
    const { fd, sink, expectedAt } = options
    const batchSizeBytes = this.#buffer.length - (this.#buffer.length % grain)
    let at = from
    while (at < until) {
      const length = fill(fd, this.#buffer, 0, Math.min(batchSizeBytes, until - at), at)
      for (let start = 0; start < length; start += grain) {
        const block = this.#buffer.subarray(start, Math.min(start + grain, length))
        parts.add(putPart(block, sink, () => expectedAt(at + start, block.length)))
      }
      at += length
      if (length === 0) break
    }
    return at - from
  }

  #readContent(options: SplitFileOptions, from: number, until: number, parts: PartCollector): number {
    const { fd, sink, sizeBytes } = options
    const buffer = this.#buffer
    let at = from
    let start = 0
    let length = 0
    let isEnd = false
    do {
      buffer.copyWithin(0, start, length)
      length -= start
      start = 0
      const wanted = Math.min(buffer.length - length, until - at)
      const read = fill(fd, buffer, length, wanted, at)
      at += read
      length += read
      isEnd = at >= until || read < wanted
      while (start < length) {
        const cut = sizeBytes <= wholeFileSizeBytes ? length : nextContentCut(buffer, start, length, isEnd, this.#gear)
        if (cut === 0) break
        parts.add(putPart(buffer.subarray(start, cut), sink, () => undefined))
        start = cut
      }
    } while (!isEnd)
    return at - from
  }
}

function putPart(block: Uint8Array, sink: BlockSink, expected: () => Uint8Array | undefined): Part {
  if (isZero(block)) return { sizeBytes: block.length, id: null }
  return { sizeBytes: block.length, id: sink.putBlock(block, expected()) }
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
