import { createHash, type Hash } from 'node:crypto'
import { isAgentError } from '../base/agent-error.ts'

/** The bytes of one chunk file, wherever they are. */
export interface ChunkFileBytes {
  readonly sizeBytes: number
  /**
   * Exactly `sizeBytes` from `offset`. Throws `format.invalid` when this place cannot be read though others
   * can; every other error ends the reading.
   */
  read(offset: number, sizeBytes: number): Promise<Buffer>
}

const windowSizeBytes = 8 * 1024 * 1024

/**
 * Reads the bytes before `endBytes` in ascending order through one window of 8 MiB and hashes all of them on
 * the way, so that each byte is fetched once.
 */
export class SequentialBytes {
  readonly #bytes: ChunkFileBytes
  readonly #endBytes: number
  readonly #hash: Hash = createHash('sha256')
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0
  #hashedTo = 0
  #hasGaps = false

  constructor(bytes: ChunkFileBytes, endBytes: number) {
    this.#bytes = bytes
    this.#endBytes = endBytes
  }

  /** Shares the window's memory; it stays as it is. Throws what the bytes throw. */
  async read(offset: number, sizeBytes: number): Promise<Buffer> {
    if (!this.#holds(offset, sizeBytes)) await this.#hashThrough(offset)
    // What was read to be hashed may hold it: the header before the first extent is a few bytes.
    if (!this.#holds(offset, sizeBytes)) await this.#load(offset, sizeBytes)
    return this.#window.subarray(offset - this.#windowAt, offset - this.#windowAt + sizeBytes)
  }

  /** The hash over all bytes before the end; undefined when some could not be read. Not to be finished by the caller. */
  async hash(): Promise<Hash | undefined> {
    await this.#hashThrough(this.#endBytes)
    return this.#hasGaps ? undefined : this.#hash
  }

  #holds(offset: number, sizeBytes: number): boolean {
    return offset >= this.#windowAt && offset + sizeBytes <= this.#windowAt + this.#window.length
  }

  async #load(offset: number, sizeBytes: number): Promise<void> {
    const wanted = Math.min(Math.max(sizeBytes, windowSizeBytes), this.#endBytes - offset)
    try {
      this.#window = await this.#bytes.read(offset, wanted)
    } catch (error) {
      if (!isAgentError(error, 'format.invalid')) throw error
      // One bad place must not hide what is whole around it.
      this.#hasGaps = true
      this.#window = await this.#bytes.read(offset, sizeBytes)
    }
    this.#windowAt = offset
    const from = this.#hashedTo - offset
    if (from < 0 || from >= this.#window.length) return
    this.#hash.update(this.#window.subarray(from))
    this.#hashedTo = offset + this.#window.length
  }

  async #hashThrough(offset: number): Promise<void> {
    while (this.#hashedTo < offset && !this.#hasGaps) {
      try {
        await this.#load(this.#hashedTo, Math.min(windowSizeBytes, this.#endBytes - this.#hashedTo))
      } catch (error) {
        if (!isAgentError(error, 'format.invalid')) throw error
      }
    }
  }
}
