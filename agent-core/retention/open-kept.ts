/** Reads blocks that count out of a chunk file of the vault, and proves them by their ids. */
import type { KeyObject } from 'node:crypto'
import { isAgentError } from '../base/agent-error.ts'
import type { Task } from '../base/task.ts'
import { blockId } from '../codec/block-id.ts'
import { chunkFileKey } from '../codec/key-derivation.ts'
import { openExtent } from '../codec/seal-extent.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import { decodeExtentHeader, extentHeaderSizeBytes, type Method } from '../format/chunk-file.ts'
import type { ByteRange } from '../vault/object-store.ts'
import { readObject } from '../vault/read-object.ts'
import type { Vault } from '../vault/vault.ts'
import type { CountedFile } from './plan-prune.ts'

export interface OpenKeptDeps {
  readonly vault: Vault
  readonly task: Task
}

/** Blocks of one extent, in order. */
export interface KeptExtent {
  readonly blocks: readonly { readonly id: Buffer; readonly bytes: Uint8Array }[]
  readonly method: Method
}

/** A block that counts cannot be read whole. */
export class KeptDamaged extends Error {}

/** Extent by extent. Throws KeptDamaged, the store's errors, and the task's abort reason. */
export async function* openKept(
  { file, kept }: CountedFile,
  { vault, task }: OpenKeptDeps,
): AsyncGenerator<KeptExtent, void, undefined> {
  const object = vault.layout.chunk(file.name)
  const { extents, ids, lengths } = decodeBlockTable(file.table, object)
  const key = chunkFileKey(vault.keys, file.epoch, file.salt)
  task.add({ current: object })
  let next = 0
  let firstBlock = 0
  for (const [number, { offset, storedSizeBytes, blockCount }] of extents.entries()) {
    const end = firstBlock + blockCount
    if ((kept[next] ?? end) < end) {
      task.throwIfAborted()
      const range = { offset, sizeBytes: extentHeaderSizeBytes + storedSizeBytes }
      const { blocks: all, method } = await openExtentOf(object, key, number, { vault, task, range })
      const blocks: { id: Buffer; bytes: Uint8Array }[] = []
      for (let at = kept[next]; at !== undefined && at < end; at = kept[++next]) {
        const block = all[at - firstBlock]
        const id = Buffer.from(ids.subarray(at * 32, at * 32 + 32))
        const isWhole = block?.length === lengths[at] && block !== undefined && blockId(vault.keys.id, block).equals(id)
        if (!isWhole) throw new KeptDamaged()
        blocks.push({ id, bytes: block })
      }
      task.add({ bytes: range.sizeBytes })
      yield { blocks, method }
    }
    firstBlock = end
  }
}

/** Those of the chunk files in which a block that counts is damaged. */
export async function findDamaged(files: readonly CountedFile[], deps: OpenKeptDeps): Promise<CountedFile[]> {
  const damaged: CountedFile[] = []
  for (const file of files) {
    try {
      for await (const _ of openKept(file, deps)) deps.task.throwIfAborted()
    } catch (error) {
      if (!(error instanceof KeptDamaged)) throw error
      damaged.push(file)
    }
  }
  return damaged
}

async function openExtentOf(
  object: string,
  key: KeyObject,
  number: number,
  { vault, task, range }: OpenKeptDeps & { readonly range: ByteRange },
): Promise<{ readonly blocks: readonly Uint8Array[]; readonly method: Method }> {
  try {
    const bytes = await readObject(vault.store, object, { range, signal: task.signal })
    const { method } = decodeExtentHeader(bytes, object, range.offset)
    return { blocks: openExtent(key, number, bytes, object, range.offset).blocks, method }
  } catch (error) {
    if (isAgentError(error, 'format.invalid')) throw new KeptDamaged()
    throw error
  }
}
