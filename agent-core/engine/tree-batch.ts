import { concatenate } from './file-batch.ts'
import type { PackedBlocks } from './messages.ts'

/** Tree blocks are sent together: a message of its own costs more than the block. */
const batchSizeBytes = 128 * 1024

/** Gathers tree blocks for one message. */
export class TreeBatch {
  #blocks: { readonly id: Buffer; readonly bytes: Uint8Array }[] = []
  #sizeBytes = 0

  add(id: Buffer, bytes: Uint8Array): void {
    this.#blocks.push({ id, bytes })
    this.#sizeBytes += bytes.length
  }

  get isFull(): boolean {
    return this.#sizeBytes >= batchSizeBytes
  }

  /** What was gathered, in memory of its own; undefined when there is nothing. */
  take(): PackedBlocks | undefined {
    const blocks = this.#blocks
    if (blocks.length === 0) return undefined
    this.#blocks = []
    this.#sizeBytes = 0
    return {
      ids: concatenate(blocks.map(({ id }) => id)),
      lengths: blocks.map(({ bytes }) => bytes.length),
      bytes: concatenate(blocks.map(({ bytes }) => bytes)),
    }
  }
}
