/**
 * What the base knows of a vault, brought up to date: open intents, then index segments, then what is gone. In this order,
 * so that the second look of docs/format/write-order.md (step 4) is one call of `refreshIndex`.
 */
import type { BaseDb } from '../cache/base-db.ts'
import type { PlacedChunkFile } from '../cache/base-rows.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import { readIndexGone, readOpenIntents } from '../vault/clean-ups.ts'
import { readIndex, readLiveIndex } from '../vault/read-index.ts'
import type { Vault } from '../vault/vault.ts'

/**
 * Reads the open intents, and the index of a vault as far as the base has not seen it. A vault whose last segment is not the
 * one that was seen has another history (put back from an older copy, or a copy that went its own way):
 * everything known about it is read again, and the points that wait for it are taken back, since they may
 * rest on what this vault lacks; their payload stays in the cache and counts for the next capture. Returns
 * true when that was the case. Throws `vault.cleaning` and the store's error.
 */
export async function refreshIndex(base: BaseDb, vault: Vault): Promise<boolean> {
  const { keyspace } = vault.keys
  const intents = await readOpenIntents(vault)
  const lastSeen = base.segments.last(vault.id, keyspace)
  const isOther = lastSeen >= 0 && !(await isSegmentAsSeen(base, vault, lastSeen))
  if (isOther) base.forgetVault(vault.id, keyspace)
  const onDamage = () => base.trust.distrust(vault.id)
  for await (const read of readLiveIndex(vault, base.segments.last(vault.id, keyspace), onDamage)) {
    const { chunkFiles, supersedes } = read.segment
    base.segments.supersede(vault.id, keyspace, supersedes)
    base.mergeIndex(vault.id, keyspace, read.sequence, chunkFiles, read.sha256)
  }
  let isGoneKnown = true
  const onGoneDamage = () => {
    isGoneKnown = false
  }
  const goneSeen = base.cleanUps.lastSeen(vault.id, keyspace)
  for (const { sequence, gone } of await readIndexGone(vault, goneSeen, onGoneDamage)) {
    base.cleanUps.take(vault.id, keyspace, sequence, gone.chunkFiles)
  }
  base.cleanUps.condemn(
    vault.id,
    keyspace,
    intents.flatMap(({ chunkFiles }) => chunkFiles),
  )
  // What an index-gone object names is not listed any more, or still condemned: its intent ends after it was deleted.
  if (!isGoneKnown) unplaceLost(base, vault, await differingFiles(base, vault))
  return isOther
}

/**
 * Compares what the vault is known to hold with what it lists. Chunk files that are gone but whole in the cache, or in
 * another vault, wait for the vault again; the others that are gone, and those of another length, do not count any more, so that their
 * blocks are stored again. Returns how many the vault had lost, and how many of them do not count. Throws the store's error.
 */
export async function findLostChunkFiles(
  base: BaseDb,
  vault: Vault,
  chunks: ChunkFolder,
): Promise<{ readonly lost: number; readonly unplaced: number }> {
  let differing = await differingFiles(base, vault)
  if (differing.length > 0) {
    // What a clean-up has deleted since the index was read is not lost.
    await refreshIndex(base, vault)
    differing = differing.filter(({ name }) => base.isPlaced(vault.id, name))
  }
  const again: number[] = []
  const lost: DifferingFile[] = []
  for (const file of differing) {
    const isElsewhere = base.isPlacedElsewhere(vault.id, file.name)
    if (!file.isListed && (isElsewhere || (await chunks.isWhole(file.name)))) again.push(file.number)
    else lost.push(file)
  }
  if (again.length > 0) base.awaitAgain(vault.id, again)
  unplaceLost(base, vault, lost)
  return { lost: differing.length, unplaced: lost.length }
}

/** A chunk file that the vault is known to hold, and does not list in that length. */
interface DifferingFile extends PlacedChunkFile {
  readonly isListed: boolean
}

async function differingFiles(base: BaseDb, vault: Vault): Promise<DifferingFile[]> {
  const listed = await vault.listChunkFiles()
  return base
    .placedChunkFiles(vault.id, vault.keys.keyspace)
    .filter(({ name, sizeBytes }) => listed.get(name) !== sizeBytes)
    .map((file) => ({ ...file, isListed: listed.has(file.name) }))
}

function unplaceLost(base: BaseDb, vault: Vault, lost: readonly DifferingFile[]): void {
  if (lost.length === 0) return
  base.trust.distrust(vault.id)
  base.unplace(
    vault.id,
    lost.map(({ number }) => number),
  )
}

/** Bytes that do not open are damage, not another history: `vault verify` tells. A segment may have been compacted. */
async function isSegmentAsSeen(base: BaseDb, vault: Vault, sequence: number): Promise<boolean> {
  const now = await vault.hashIndexSegment(sequence)
  if (now === 'damaged') return true
  const seen = base.segments.sha256(vault.id, vault.keys.keyspace, sequence)
  if (now !== undefined) return seen?.equals(now) === true
  for await (const { segment } of readIndex(vault, sequence, () => undefined)) {
    const at = segment.supersedes.indexOf(sequence)
    const hash = segment.supersededSha256?.[at]
    if (at >= 0 && (hash === undefined || seen?.equals(hash) === true)) return true
  }
  return false
}
