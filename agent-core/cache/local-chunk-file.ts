/** Chunk files of a local folder as bytes to be examined. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { ChunkFileName } from '../contract/ids.ts'
import type { ChunkFileFooter, ChunkFileHeader } from '../format/chunk-file.ts'
import { invalid } from '../format/invalid.ts'
import { type FoundExtent, wrongPlaceError } from './chunk-examination.ts'
import { examineChunkFile } from './examine-chunk-file.ts'
import type { ChunkFileBytes } from './sequential-bytes.ts'

/** An open local file. Dispose it. */
export class LocalChunkFile implements ChunkFileBytes, AsyncDisposable {
  readonly sizeBytes: number
  readonly #file: FileHandle
  readonly #path: string

  private constructor(file: FileHandle, path: string, sizeBytes: number) {
    this.#file = file
    this.#path = path
    this.sizeBytes = sizeBytes
  }

  /** Throws Node's error when the file cannot be opened, `format.invalid` when it is no regular file. */
  static async open(path: string): Promise<LocalChunkFile> {
    // Opening a pipe that nobody writes to would wait for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = await file.stat()
      if (!stats.isFile()) throw invalid(path, 0, 'it is not a regular file')
      return new LocalChunkFile(file, path, stats.size)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async read(offset: number, sizeBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(sizeBytes)
    for (let at = 0; at < sizeBytes; ) {
      const bytesRead = await this.#readOnce(bytes, at, offset + at)
      if (bytesRead === 0) throw invalid(this.#path, offset + at, 'the file has become shorter')
      at += bytesRead
    }
    return bytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  async #readOnce(bytes: Buffer, at: number, offset: number): Promise<number> {
    try {
      return (await this.#file.read(bytes, at, bytes.length - at, offset)).bytesRead
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error
      throw invalid(this.#path, offset, 'the disk cannot read it', error)
    }
  }
}

/** What a look into a whole chunk file finds without a key. */
export interface ChunkFileInspection {
  readonly header: ChunkFileHeader
  readonly footer: ChunkFileFooter
  /** The extents by their own plain headers, with their offsets. */
  readonly extents: readonly FoundExtent[]
  /** SHA-256 of the whole file: its name in a vault. */
  readonly name: ChunkFileName
}

/**
 * Reads a whole chunk file without a key and checks header, footer, the footer's SHA-256 and the chain
 * of extent headers. Throws `format.invalid` with the first wrong place, and Node's errors.
 */
export async function inspectChunkFile(path: string, what = path): Promise<ChunkFileInspection> {
  await using file = await LocalChunkFile.open(path)
  const { header, footer, extents, name, wrong } = await examineChunkFile(file, { what })
  const [first] = wrong
  if (first !== undefined) throw wrongPlaceError(first, what)
  if (header === undefined || footer === undefined || name === undefined) {
    throw invalid(what, 0, 'not a whole chunk file')
  }
  return { header, footer, extents, name }
}
