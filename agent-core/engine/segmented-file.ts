/**
 * One large file, captured by several workers together. In this order:
 *  1. look: what stands there, and how it is split
 *  2. split: segments, a few at a time; each must begin where the one before it ended, else it is split again from there
 *  3. settle: metadata, and whether the file has changed meanwhile; then all of it is done again, three times at most
 * The blocks are those that one worker would have made (docs/format/splitting.md, "Segments").
 */
import type { PutPage } from '../format/paged-list.ts'
import { type Content, encodeEntry } from '../format/tree.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { PartCollector } from '../source/part-collector.ts'
import { segmentSizeBytes } from '../source/split-file.ts'
import { captureAttempts, nameOf } from './capture-file.ts'
import type { FileOutcome, FileRequest } from './file-outcome.ts'
import { type SegmentAnswer, type SegmentQuestion, unpackParts } from './segment-messages.ts'

export interface SegmentDeps {
  /** Any worker answers. Rejects when the engine fails as a whole. */
  readonly ask: (question: SegmentQuestion) => Promise<SegmentAnswer>
  readonly putPage: PutPage
  /** So many segments are under way at once. */
  readonly lanes: number
  readonly segmentSizeBytes?: number
}

type Split = Extract<SegmentAnswer, { readonly kind: 'split' }>
type Looked = Extract<SegmentAnswer, { readonly kind: 'looked' }>
type Unexpected = Extract<SegmentAnswer, { readonly kind: 'changed' | 'lost' }>

interface ReadFile {
  readonly content: Content
  readonly sizeBytes: number
  readonly bytesRead: number
}

/** Captures a file. Rejects only with what is no fault of the file. */
export async function captureInSegments(request: FileRequest, deps: SegmentDeps): Promise<FileOutcome> {
  let bytesRead = 0
  for (let attempt = 1; ; attempt++) {
    const looked = await deps.ask({ kind: 'look', path: request.path, previous: request.previous })
    if (looked.kind === 'lost') return looked.outcome
    const read = await readSegments(request, looked as Looked, deps)
    if ('kind' in read && read.kind === 'lost') return read.outcome
    const { file } = looked as Looked
    const settled = 'kind' in read ? read : await deps.ask({ kind: 'settle', path: request.path, file })
    if (settled.kind === 'lost') return settled.outcome
    const isLast = attempt === captureAttempts
    if (settled.kind === 'changed' || 'kind' in read) {
      if (isLast) return { state: 'replaced' }
      continue
    }
    if (settled.kind !== 'settled') throw new Error(`a worker answers ${settled.kind}`)
    bytesRead += read.bytesRead
    if (!settled.isStable && !isLast) continue
    return {
      state: 'captured',
      encoded: encodeEntry(entryOf(request, file, settled.posix, read)),
      sizeBytes: read.sizeBytes,
      bytesRead,
      isChanging: !settled.isStable,
      metadataProblem: settled.problem,
    }
  }
}

function entryOf(
  request: FileRequest,
  file: FoundEntry,
  posix: Parameters<typeof encodeEntry>[0]['posix'],
  read: ReadFile,
): Parameters<typeof encodeEntry>[0] {
  return {
    name: nameOf(request.path),
    type: 'file',
    mtime: file.mtime,
    ctime: file.ctime,
    ...(file.birth && { birth: file.birth }),
    inode: file.inode,
    posix,
    sizeBytes: read.sizeBytes,
    content: read.content,
    ...(file.linkCount > 1 && { linkGroup: { volume: request.volume, inode: file.inode } }),
  }
}

async function readSegments(request: FileRequest, looked: Looked, deps: SegmentDeps): Promise<ReadFile | Unexpected> {
  const { splitting } = looked
  const collector = new PartCollector(deps.putPage)
  const segments = new SegmentQueue(request, looked, deps)
  let position = 0
  let bytesRead = 0
  let sparse = false
  let isCutShort = false
  for await (const segment of segments) {
    // What came before has reached beyond it: a long hole.
    if (isCutShort || (position > 0 && position >= segment.until)) continue
    const answer =
      segment.answer.kind === 'split' && segment.answer.begin !== position
        ? await segments.askAgain(position, segment.until)
        : segment.answer
    if (answer.kind !== 'split') return answer
    for (const part of unpackParts(answer.parts)) collector.add(part)
    position = answer.end
    bytesRead += answer.bytesRead
    sparse ||= answer.hasHoles
    isCutShort = answer.isCutShort
  }
  return { content: { splitting, parts: collector.finish(), sparse }, sizeBytes: position, bytesRead }
}

interface AnsweredSegment {
  readonly until: number
  readonly answer: Split | Unexpected
}

/** The segments of a file in order, asked for ahead of their turn. */
class SegmentQueue {
  readonly #request: FileRequest
  readonly #looked: Looked
  readonly #deps: SegmentDeps
  readonly #sizeBytes: number

  constructor(request: FileRequest, looked: Looked, deps: SegmentDeps) {
    this.#request = request
    this.#looked = looked
    this.#deps = deps
    this.#sizeBytes = deps.segmentSizeBytes ?? segmentSizeBytes
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AnsweredSegment, void, undefined> {
    const { sizeBytes } = this.#looked.file
    const asked: { readonly until: number; readonly answer: Promise<Split | Unexpected> }[] = []
    for (let from = 0; from < sizeBytes || asked.length > 0; ) {
      while (from < sizeBytes && asked.length < this.#deps.lanes) {
        // In fixed mode segments end at borders of blocks.
        const first = from === 0 && this.#looked.splitting.mode === 'fixed' ? this.#looked.gridOffset : 0
        const until = Math.min(from + first + this.#sizeBytes, sizeBytes)
        const answer = this.#ask(from, until, from === 0)
        // It is awaited in its turn; a failure before that is the same failure.
        answer.catch(() => {})
        asked.push({ until, answer })
        from = until
      }
      const next = asked.shift()
      if (next !== undefined) yield { until: next.until, answer: await next.answer }
    }
  }

  /** The segment that ends at `until`, with a block that begins at `from` for certain. */
  askAgain(from: number, until: number): Promise<Split | Unexpected> {
    return this.#ask(from, until, true)
  }

  async #ask(from: number, until: number, beginsAtCut: boolean): Promise<Split | Unexpected> {
    const { path, previous } = this.#request
    const { file, splitting, gridOffset } = this.#looked
    const answer = await this.#deps.ask({
      kind: 'split',
      path,
      file,
      splitting,
      gridOffset,
      from,
      until,
      beginsAtCut,
      previous,
    })
    if (answer.kind === 'looked' || answer.kind === 'settled') throw new Error(`a worker answers ${answer.kind}`)
    return answer
  }
}
