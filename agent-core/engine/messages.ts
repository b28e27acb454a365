/** What main thread and engine workers say to each other. Plain data; buffers are copied unless they are transferred. */

import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import type { Compression } from '../codec/compression.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { ErrorCode } from '../contract/errors.ts'
import type { VaultId } from '../contract/ids.ts'
import type { PackedOutcomes, PackedRequests } from './file-batch.ts'
import type { SegmentAnswer, SegmentQuestion } from './segment-messages.ts'

/** Handed over when a worker starts. */
export interface WorkerStart {
  readonly chunkFolder: string
  readonly basePath: string
  readonly keys: KeyspaceKeys
  readonly compression: Compression
  /** A block in a chunk file placed in all of these vaults, or waiting in the cache, is known. */
  readonly vaults: readonly VaultId[]
  readonly cachedChunks: ReadonlySet<number>
  /** No block counts as known but those of this run. */
  readonly storesAll: boolean
  readonly parentFileId: Uint8Array | undefined
  readonly skipNoDump: boolean
  /** Works only when nothing else wants the processor or the disk. */
  readonly isGentle: boolean
  /** Blocks that the workers of this run have taken (claim-set.ts). */
  readonly claims: SharedArrayBuffer
  /** Shared with the main thread: a `runState`, which the workers look at before each block. */
  readonly stop: Int32Array
}

/** Held: the workers wait. Stopped: they give up. */
export const runState = { running: 0, stopped: 1, held: 2 } as const

/** Tree blocks, one after the other. */
export interface PackedBlocks {
  readonly ids: Uint8Array<ArrayBuffer>
  readonly lengths: readonly number[]
  readonly bytes: Uint8Array<ArrayBuffer>
}

export type ToWorker =
  | { readonly type: 'files'; readonly files: PackedRequests }
  | { readonly type: 'segment'; readonly question: SegmentQuestion }
  | { readonly type: 'tree'; readonly blocks: PackedBlocks }
  /** Completes the open chunk file of data blocks; tree blocks may follow. */
  | { readonly type: 'finish-data' }
  | { readonly type: 'finish' }
  /** Gives up what is open, and ends. */
  | { readonly type: 'stop' }

export type FromWorker =
  | { readonly type: 'ready' }
  /** The oldest batch that the worker was given. */
  | { readonly type: 'files'; readonly outcomes: PackedOutcomes }
  /** To the oldest question that the worker was asked. */
  | { readonly type: 'segment'; readonly answer: SegmentAnswer }
  | { readonly type: 'pages'; readonly pages: readonly (readonly [Uint8Array, Uint8Array])[] }
  | { readonly type: 'tree-done'; readonly sizeBytes: number }
  | { readonly type: 'data-finished' }
  | { readonly type: 'chunk-file'; readonly file: CompleteChunkFile }
  | { readonly type: 'finished'; readonly bytesNew: number }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly data: unknown }
