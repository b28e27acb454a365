/** What main thread and engine worker say to each other. Plain data; buffers are copied. */

import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import type { Compression } from '../codec/compression.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { ErrorCode } from '../contract/errors.ts'
import type { VaultId } from '../contract/ids.ts'
import type { Content } from '../format/tree.ts'

/** Handed over when the worker starts. */
export interface WorkerStart {
  readonly chunkFolder: string
  readonly basePath: string
  readonly keys: KeyspaceKeys
  readonly compression: Compression
  /** A block in a chunk file placed in all of these vaults, or waiting in the cache, is known. */
  readonly vaults: readonly VaultId[]
  readonly cachedChunks: ReadonlySet<number>
  readonly parentFileId: Uint8Array | undefined
  readonly skipNoDump: boolean
  /** Shared with the main thread: 1 tells the worker to give up at its next block. */
  readonly stop: Int32Array
}

/**
 * A file to capture. Name and path are raw bytes, one character each (latin1): a small buffer would be
 * sent with the whole pool it lies in.
 */
export interface FileRequest {
  readonly name: string
  /** Absolute. */
  readonly path: string
  /** Number of the file's volume, the same in every point, for hard-link groups. */
  readonly volume: number
  /** Content in the last point, if it was there. */
  readonly previous: Content | undefined
}

/** What became of a file. */
export type FileOutcome =
  | {
      readonly state: 'captured'
      /** The whole entry. */
      readonly encoded: Uint8Array
      readonly inode: bigint
      readonly sizeBytes: number
      /** False for a further link to an inode that was read already. */
      readonly isRead: boolean
      readonly bytesRead: number
      /** It changed during each of the readings. */
      readonly isChanging: boolean
      readonly metadataProblem: string | undefined
    }
  | { readonly state: 'vanished' | 'excluded' }
  /** Another kind of entry stands there now: the file is gone. */
  | { readonly state: 'replaced' }
  | { readonly state: 'unreadable'; readonly reason: string }

export type ToWorker =
  | { readonly type: 'files'; readonly files: readonly { readonly ref: number; readonly request: FileRequest }[] }
  | { readonly type: 'tree'; readonly id: Uint8Array; readonly bytes: Uint8Array }
  /** Completes the open chunk file of data blocks; tree blocks may follow. */
  | { readonly type: 'finish-data' }
  | { readonly type: 'finish' }
  /** Gives up what is open, and ends. */
  | { readonly type: 'stop' }

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'files'; readonly files: readonly { readonly ref: number; readonly outcome: FileOutcome }[] }
  | { readonly type: 'pages'; readonly pages: readonly (readonly [Uint8Array, Uint8Array])[] }
  | { readonly type: 'tree-done'; readonly sizeBytes: number }
  | { readonly type: 'data-finished' }
  | { readonly type: 'chunk-file'; readonly file: CompleteChunkFile }
  | { readonly type: 'finished'; readonly bytesNew: number }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly data: unknown }
