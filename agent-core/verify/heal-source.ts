/**
 * Where what a vault has lost may still be whole. The contract:
 *  1. What is answered need not be right: whoever asks proves it, a block by its id, an object by its seal.
 *  2. What is not there, or cannot be read there, is `undefined`: the next source is asked.
 *  3. Only the abort of the task throws.
 */
import { AgentError } from '../base/agent-error.ts'
import type { NeededBlock } from './block-needs.ts'

export interface HealSource {
  /** For people: "the cache", "vault usb". */
  readonly label: string
  /** The plain bytes of a block. */
  readonly block?: (block: NeededBlock) => Promise<Uint8Array | undefined>
  /** The bytes of a small object of this vault, by its full name; only of sources that hold the very same objects. */
  readonly object?: (name: string) => Promise<Buffer | undefined>
  /**
   * What may be the bytes of a point's manifest, by its full name; they count when the confirmation in the vault names their hash. A
   * point has one sealed object in all vaults of its keyspace.
   */
  readonly manifests?: (name: string) => Promise<readonly Buffer[]>
}

/** What `read` answers; undefined where it throws an error of the table: that source does not have it. */
export async function ifReadable<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof AgentError) return undefined
    throw error
  }
}
