/**
 * How much room the payload in the cache may take, and what of it goes first. Only payload that no vault waits for
 * may go; it is kept as the instant tier for some days, within the budget. Payload that is linked with a vault on the
 * same file system is one copy (W6 of docs/format/write-order.md) and takes no room.
 */
import type { ChunkFileName } from '../contract/ids.ts'
import type { ChunkFileState } from './base-chunks.ts'
import type { PayloadFile } from './chunk-folder.ts'

const MiB = 1024 * 1024

/** Less than this does not hold the chunk files that are under way at the same time. */
export const leastBudgetBytes = 64 * MiB

/** A default is at least this much, where the disk has it. */
const leastDefaultBytes = 2048 * MiB
/** Share of the protected bytes. */
const defaultShare = 0.1

export interface CachePolicy {
  readonly budgetBytes: number
  /** So long payload stays after it was captured, within the budget. */
  readonly instantMs: number
}

/**
 * The budget where none is set: a tenth of what is protected, at least 2 GiB, but never more than half of the room
 * that the cache has and could get.
 */
export function defaultBudgetBytes(facts: {
  readonly sourceBytes: number
  readonly usedBytes: number
  readonly freeBytes: number
}): number {
  const wanted = Math.max(facts.sourceBytes * defaultShare, leastDefaultBytes)
  return Math.floor(Math.max(Math.min(wanted, (facts.usedBytes + facts.freeBytes) / 2), leastBudgetBytes))
}

/** True when no vault waits for a chunk file of that state. */
export function mayBeEvicted(state: ChunkFileState | undefined): boolean {
  return state === 'placed' || state === 'gone'
}

/** Bytes that this file takes in the cache. */
export function roomOf(file: Pick<PayloadFile, 'sizeBytes' | 'isLinked'>): number {
  return file.isLinked ? 0 : file.sizeBytes
}

/**
 * What is to be evicted, of `files` (all payload, oldest first): what was kept its days, then the oldest that takes
 * room, until all together is within the budget. `mayGo`: no vault waits for it.
 */
export function planEviction(
  files: readonly PayloadFile[],
  policy: CachePolicy,
  nowMs: number,
  mayGo: (name: ChunkFileName) => boolean,
): ChunkFileName[] {
  let usedBytes = files.reduce((sum, file) => sum + roomOf(file), 0)
  return files.flatMap((file) => {
    const isOver = usedBytes > policy.budgetBytes && roomOf(file) > 0
    const isOld = nowMs - file.completedAtMs >= policy.instantMs
    if (!(isOver || isOld) || !mayGo(file.name)) return []
    usedBytes -= roomOf(file)
    return [file.name]
  })
}
