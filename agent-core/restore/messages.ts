/**
 * What main thread and restore workers say to each other. Descriptors are shared by all threads of a process: a worker
 * acts in folders, and writes to files, that the main thread holds open until it has the answer.
 * A message with an object a file would cost as much as restoring a small one: files travel packed.
 */
import type { BlockPlace } from '../cache/block-finder.ts'
import type { FetchedExtent } from '../cache/extent-reader.ts'
import type { ReadableChunkFile } from '../cache/extent-source.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import { blockIdSizeBytes } from '../format/chunk-file.ts'
import type { Part } from '../format/tree.ts'
import type { LossCode, MetadataOptions } from './metadata.ts'

export interface WorkerStart {
  readonly keys: KeyspaceKeys
  readonly options: MetadataOptions
}

/** The worker's own folder in the private one. */
export interface WorkerFolder {
  readonly fd: number
  /** Owner of what is made there. */
  readonly owner: { readonly uid: number; readonly gid: number }
}

/** New files, each to be made, verified and given its name. */
export interface FileBatch {
  readonly staging: WorkerFolder
  /** Open folders of the target. */
  readonly folders: Int32Array
  /** 1 for a folder that was there before: the inodes of files in it are asked for. */
  readonly asksInodes: Uint8Array
  /** Entries as trees encode them, one behind the other; `ends` are their ends. Their parts stand in the entry. */
  readonly entries: Uint8Array<ArrayBuffer>
  readonly ends: Uint32Array<ArrayBuffer>
  /** Index in `folders` of each file. */
  readonly folderOf: Uint8Array
  /** Three numbers a block in the order of the files: see packPlace. */
  readonly places: Int32Array<ArrayBuffer>
}

/** A part of a file that the main thread holds open: written and verified, nothing else. */
export interface Stretch {
  readonly fd: number
  readonly position: number
  readonly parts: PackedParts
  /** Zeros are left as holes. */
  readonly sparse: boolean
}

/** Parts with their places; a part of zeros has place and id 0. */
export interface PackedParts {
  readonly sizes: Float64Array
  readonly isZeros: Uint8Array
  readonly ids: Uint8Array
  readonly places: Int32Array
}

/** Metadata of these files (indexes in the batch) that was left out. */
export interface MetadataLoss {
  readonly reason: string
  readonly code: LossCode | undefined
  readonly files: number[]
}

interface Work {
  readonly ref: number
  /** Extents of it that lie in no folder. */
  readonly fetched: readonly FetchedExtent[]
}

export type ToWorker =
  | { readonly type: 'chunk-file'; readonly file: ReadableChunkFile }
  | (Work & { readonly type: 'files'; readonly batch: FileBatch })
  | (Work & { readonly type: 'stretch'; readonly stretch: Stretch })
  /** Gives up what is under way, and ends. */
  | { readonly type: 'stop' }

export type FromWorker =
  | {
      readonly type: 'files'
      readonly ref: number
      /** 1 for each file of which nothing was left behind: the main thread does it, and finds out what is wrong. */
      readonly isUndone: Uint8Array
      readonly losses: readonly MetadataLoss[]
      /** Of files in folders that ask for it, 0 for others. */
      readonly inodes: BigUint64Array
    }
  /** `isWhole`: written, and what reads back is right. */
  | { readonly type: 'stretch'; readonly ref: number; readonly isWhole: boolean }

const numbersPerPlace = 3

/** Appends a place to numbers that become an Int32Array. */
export function packPlace(numbers: number[], { chunk, extent, ordinal }: BlockPlace): void {
  numbers.push(chunk, extent, ordinal)
}

/** The place of the block with that index. */
export function unpackPlace(places: Int32Array, block: number): BlockPlace {
  const at = block * numbersPerPlace
  return { chunk: places[at] as number, extent: places[at + 1] as number, ordinal: places[at + 2] as number }
}

/** A part, and where its block lies; zeros lie nowhere. */
export interface PlacedPart {
  readonly part: Part
  readonly place: BlockPlace | undefined
}

const nowhere: BlockPlace = { chunk: 0, extent: 0, ordinal: 0 }

export function packParts(parts: readonly PlacedPart[]): PackedParts {
  const ids = new Uint8Array(parts.length * blockIdSizeBytes)
  const places: number[] = []
  for (const [index, { part, place }] of parts.entries()) {
    if (part.id !== null) ids.set(part.id, index * blockIdSizeBytes)
    packPlace(places, place ?? nowhere)
  }
  return {
    sizes: Float64Array.from(parts, ({ part }) => part.sizeBytes),
    isZeros: Uint8Array.from(parts, ({ part }) => (part.id === null ? 1 : 0)),
    ids,
    places: Int32Array.from(places),
  }
}

export function unpackParts({ sizes, isZeros, ids, places }: PackedParts): PlacedPart[] {
  return Array.from(sizes, (sizeBytes, index) =>
    isZeros[index] === 1
      ? { part: { sizeBytes, id: null }, place: undefined }
      : {
          part: { sizeBytes, id: ids.subarray(index * blockIdSizeBytes, (index + 1) * blockIdSizeBytes) },
          place: unpackPlace(places, index),
        },
  )
}
