/**
 * Many files in one message, and their outcomes in one answer. A message of objects costs as much for each file as
 * reading a small one; a few long strings and arrays cost next to nothing.
 */
import { detachedRef } from '../format/paged-list.ts'
import type { Content } from '../format/tree.ts'
import type { CapturedFile, FileOutcome, FileRequest } from './file-outcome.ts'

export interface PackedRequests {
  /** Paths in order, each ended by NUL, which no path holds. */
  readonly paths: string
  /** What few files have, by the file's place in the batch. */
  readonly volumes: ReadonlyMap<number, number>
  readonly previous: ReadonlyMap<number, Content>
}

export interface PackedOutcomes {
  /** The entries of captured files, one after the other. */
  readonly encoded: Uint8Array<ArrayBuffer>
  /** For each file: length of its entry (0: not captured), length of the file, bytes read. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** What few files have, by the file's place in the batch. */
  readonly isChanging: ReadonlySet<number>
  readonly metadataProblems: ReadonlyMap<number, string>
  /** Files that were not captured. */
  readonly others: ReadonlyMap<number, FileOutcome>
}

const numbersPerFile = 3

export function packRequests(requests: readonly FileRequest[]): PackedRequests {
  const volumes = new Map<number, number>()
  const previous = new Map<number, Content>()
  let paths = ''
  for (const [index, request] of requests.entries()) {
    paths += `${request.path}\0`
    if (request.volume !== 0) volumes.set(index, request.volume)
    if (request.previous !== undefined) previous.set(index, apart(request.previous))
  }
  return { paths, volumes, previous }
}

/** See `detachedRef`. */
function apart({ parts, ...content }: Content): Content {
  if ('id' in parts) return { ...content, parts: detachedRef(parts) }
  return {
    ...content,
    parts: parts.map((part) => (part.id === null ? part : { ...part, id: new Uint8Array(part.id) })),
  }
}

/** The requests of a batch; their lengths are not sent along. */
export function unpackRequests(packed: PackedRequests): Omit<FileRequest, 'sizeBytes'>[] {
  const paths = packed.paths.split('\0')
  paths.pop()
  return paths.map((path, index) => ({
    path,
    volume: packed.volumes.get(index) ?? 0,
    previous: packed.previous.get(index),
  }))
}

/** Takes the outcomes of one batch one by one, in order. */
export class OutcomePacker {
  readonly #numbers: Float64Array<ArrayBuffer>
  readonly #encoded: Uint8Array[] = []
  readonly #isChanging = new Set<number>()
  readonly #metadataProblems = new Map<number, string>()
  readonly #others = new Map<number, FileOutcome>()
  #count = 0

  constructor(fileCount: number) {
    this.#numbers = new Float64Array(fileCount * numbersPerFile)
  }

  add(outcome: FileOutcome): void {
    const index = this.#count++
    if (outcome.state !== 'captured') {
      this.#others.set(index, outcome)
      return
    }
    this.#encoded.push(outcome.encoded)
    this.#numbers.set([outcome.encoded.length, outcome.sizeBytes, outcome.bytesRead], index * numbersPerFile)
    if (outcome.isChanging) this.#isChanging.add(index)
    if (outcome.metadataProblem !== undefined) this.#metadataProblems.set(index, outcome.metadataProblem)
  }

  finish(): PackedOutcomes {
    return {
      encoded: concatenate(this.#encoded),
      numbers: this.#numbers,
      isChanging: this.#isChanging,
      metadataProblems: this.#metadataProblems,
      others: this.#others,
    }
  }
}

/** The outcomes of a batch in order; the entries share the batch's memory. */
export function* unpackOutcomes(packed: PackedOutcomes): Generator<FileOutcome, void, undefined> {
  const { encoded, numbers, isChanging, metadataProblems, others } = packed
  let at = 0
  for (let index = 0; index * numbersPerFile < numbers.length; index++) {
    const other = others.get(index)
    if (other !== undefined) {
      yield other
      continue
    }
    const [length, sizeBytes, bytesRead] = numbers.subarray(index * numbersPerFile) as unknown as [
      number,
      number,
      number,
    ]
    const captured: CapturedFile = {
      state: 'captured',
      encoded: encoded.subarray(at, at + length),
      sizeBytes,
      bytesRead,
      isChanging: isChanging.has(index),
      metadataProblem: metadataProblems.get(index),
    }
    at += length
    yield captured
  }
}

/** In memory of its own, so that it can be transferred. */
export function concatenate(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
