/** What an examination of a chunk file is asked and what it answers. */
import type { AgentError } from '../base/agent-error.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { ChunkFileName, KeyspaceId } from '../contract/ids.ts'
import type { BlockTable } from '../format/block-table.ts'
import type { ChunkFileFooter, ChunkFileHeader, ExtentHeader } from '../format/chunk-file.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { invalid } from '../format/invalid.ts'

/** A place of a chunk file that is not as it was written. */
export interface WrongPlace {
  /** Of the extent, header, table or footer; where the file ends when it is cut off. */
  readonly offset: number
  readonly reason: string
  /** Extents that cannot be read because of it: the first, and one past the last. Absent when none is lost. */
  readonly extents?: readonly [first: number, end: number]
}

export interface FoundExtent extends ExtentHeader {
  readonly offset: number
  /** Ids and lengths of its blocks, in order; only when it was opened. */
  readonly blocks?: readonly { readonly id: Uint8Array; readonly sizeBytes: number }[]
}

export interface ChunkFileExamination {
  readonly header: ChunkFileHeader | undefined
  readonly footer: ChunkFileFooter | undefined
  /** The file's own table; only with keys. */
  readonly table: BlockTable | undefined
  /** Whole ones, in the order of the file. */
  readonly extents: readonly FoundExtent[]
  /** SHA-256 of the whole file; undefined when some of it could not be read. */
  readonly name: ChunkFileName | undefined
  /** True when extents were opened with keys. */
  readonly opened: boolean
  /** In the order they were found. Empty: the file is whole. */
  readonly wrong: readonly WrongPlace[]
}

export interface ExaminationOptions {
  /** The file in messages. */
  readonly what: string
  /** Keys of the keyspace that the file's header names, if they are known. */
  readonly keysOf?: (keyspace: KeyspaceId) => KeyspaceKeys | undefined
  /** What a vault's index says of this file, and the vault's keys: believed more than the file. */
  readonly indexed?: { readonly file: IndexedChunkFile; readonly keys: KeyspaceKeys }
  /** Keep each opened extent's block ids and lengths. */
  readonly listBlocks?: boolean
  readonly signal?: AbortSignal
}

/** The first wrong place of an examination as an error. */
export function wrongPlaceError(wrong: WrongPlace, what: string): AgentError<'format.invalid'> {
  return invalid(what, wrong.offset, wrong.reason)
}
