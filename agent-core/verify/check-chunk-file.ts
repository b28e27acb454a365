/** One local chunk file by itself, with or without the keys that open it. */
import { stat } from 'node:fs/promises'
import { AgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import { type ChunkFileExamination, type ExaminationOptions, wrongPlaceError } from '../cache/chunk-examination.ts'
import { examineChunkFile } from '../cache/examine-chunk-file.ts'
import { LocalChunkFile } from '../cache/local-chunk-file.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { ChunkFileName, KeyspaceId } from '../contract/ids.ts'
import type { ChunkFileFooter } from '../format/chunk-file.ts'
import { invalid } from '../format/invalid.ts'

/** Answers the keys of a keyspace, if this machine has them. */
export type KeysOf = (keyspace: KeyspaceId) => KeyspaceKeys | undefined

export interface ChunkFileCheck {
  readonly file: string
  readonly whole: boolean
  /** Whether its blocks were opened with keys, or only hash and structure were checked. */
  readonly opened: boolean
  /** Every place that is wrong, in the order of the file. */
  readonly damaged: readonly { readonly offset: number; readonly reason: string }[]
}

export interface ChunkFileFacts {
  readonly file: string
  readonly name: ChunkFileName
  readonly kind: string
  readonly fileId: string
  readonly parentFileId: string | null
  readonly keyspace: string
  readonly epoch: number
  /** ISO 8601 UTC. */
  readonly createdAt: string
  readonly sizeBytes: number
  readonly extents: number
  readonly blocks: number
  /** Length of all blocks together, uncompressed. */
  readonly rawBytes: number
  /** Of the bytes before the footer, as the footer says. */
  readonly sha256: string
}

export interface ChunkFileContents extends ChunkFileFacts {
  readonly extentList: readonly {
    readonly number: number
    readonly offset: number
    readonly storedBytes: number
    readonly rawBytes: number
    readonly method: string
    /** null: no key opens it. */
    readonly blocks: readonly { readonly id: string; readonly sizeBytes: number }[] | null
  }[]
}

/** Checks a whole chunk file; with keys every block too. Throws Node's error when the file cannot be read, `usage.invalid` when it is no regular file. */
export async function checkChunkFile(path: string, keysOf?: KeysOf): Promise<ChunkFileCheck> {
  const { wrong, opened, name } = await examine(path, keysOf)
  const damaged = wrong.map(({ offset, reason }) => ({ offset, reason }))
  const named = /(?:^|[\\/])([0-9a-f]{64})\.tcf$/.exec(path)?.[1]
  if (damaged.length === 0 && named !== undefined && named !== name) {
    damaged.push({ offset: 0, reason: 'the file is whole, but its SHA-256 is not its name' })
  }
  return { file: path, whole: damaged.length === 0, opened, damaged }
}

/** What a whole chunk file says of itself. Throws `format.invalid` with the first wrong place, and as `checkChunkFile`. */
export async function describeChunkFile(path: string): Promise<ChunkFileFacts> {
  return factsOf(path, await examine(path))
}

/** All extents of a whole chunk file, and their blocks where keys open them. Throws like `describeChunkFile`. */
export async function dumpChunkFile(path: string, keysOf?: KeysOf): Promise<ChunkFileContents> {
  const examination = await examine(path, keysOf, { listBlocks: true })
  return {
    ...factsOf(path, examination),
    extentList: examination.extents.map(({ number, offset, storedSizeBytes, rawSizeBytes, method, blocks }) => ({
      number,
      offset,
      storedBytes: storedSizeBytes,
      rawBytes: rawSizeBytes,
      method,
      blocks: blocks?.map(({ id, sizeBytes }) => ({ id: toHex(id), sizeBytes })) ?? null,
    })),
  }
}

async function examine(
  path: string,
  keysOf?: KeysOf,
  more?: Partial<ExaminationOptions>,
): Promise<ChunkFileExamination> {
  const stats = await stat(path)
  if (!stats.isFile()) {
    throw new AgentError('usage.invalid', {
      problem: `${path} is ${stats.isDirectory() ? 'a folder, not a chunk file' : 'not a regular file'}.`,
      advice: 'Name one chunk file; they lie in a vault under keyspaces/…/chunks/ and end in .tcf.',
    })
  }
  await using file = await LocalChunkFile.open(path)
  return await examineChunkFile(file, { what: path, ...(keysOf && { keysOf }), ...more })
}

function factsOf(path: string, { header, footer, extents, name, wrong }: ChunkFileExamination): ChunkFileFacts {
  const [first] = wrong
  if (first !== undefined) throw wrongPlaceError(first, path)
  if (header === undefined || footer === undefined || name === undefined) {
    throw invalid(path, 0, 'not a whole chunk file')
  }
  const parent = toHex(header.parentFileId)
  return {
    file: path,
    name,
    kind: header.kind,
    fileId: toHex(header.fileId),
    parentFileId: /^0+$/.test(parent) ? null : parent,
    keyspace: toHex(header.keyspace),
    epoch: header.epoch,
    createdAt: timeText(header.createdAtMs),
    ...countsOf(footer),
    rawBytes: extents.reduce((sum, { rawSizeBytes }) => sum + rawSizeBytes, 0),
  }
}

function countsOf({ totalSizeBytes, extentCount, blockCount, sha256 }: ChunkFileFooter) {
  return { sizeBytes: totalSizeBytes, extents: extentCount, blocks: blockCount, sha256: toHex(sha256) }
}

function timeText(timeMs: number): string {
  const time = new Date(timeMs)
  // A chunk file may claim any instant; not all have a text.
  return Number.isNaN(time.getTime()) ? `${timeMs} ms` : time.toISOString()
}
