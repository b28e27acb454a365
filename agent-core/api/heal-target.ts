/** How healed blocks get into a vault, and what this home knows of it then. */
import { refreshIndex } from '../backup/refresh-index.ts'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import { examineChunkFile } from '../cache/examine-chunk-file.ts'
import type { IndexSegment } from '../format/index-segment.ts'
import { parseSequenceName } from '../format/vault-layout.ts'
import { writeIndexGone } from '../vault/clean-ups.ts'
import { readObject } from '../vault/read-object.ts'
import type { Vault } from '../vault/vault.ts'
import type { HealTarget } from '../verify/heal-blocks.ts'

const maxIndexAttempts = 5

export interface HealTargetDeps {
  readonly vault: Vault
  readonly base: BaseDb
  readonly chunks: ChunkFolder
  readonly signal: AbortSignal
}

/**
 * Chunk files are made in the cache, as a backup makes them: what an interrupted healing leaves there is taken up by the
 * next backup.
 */
export function healTarget(deps: HealTargetDeps): HealTarget {
  const { vault, base, chunks } = deps
  return {
    chunkFolder: chunks.path,
    parentFileId: base.lastFileId(vault.keys.keyspace),
    publish: async (files) => {
      for (const file of files) await putAndProve(file, deps)
      await writeIndex({ chunkFiles: files, supersedes: [] }, deps)
      for (const { name } of files) chunks.evict(name)
    },
    index: async (segment) => {
      await writeIndex(segment, deps)
      // What was in the vault already may be locked for less than the rest.
      base.keepLockedUntil(vault.id, vault.keys.keyspace, 0)
    },
    retire: async (chunkFiles) => {
      await writeIndexGone(vault, { chunkFiles, supersedes: [] })
      await refreshIndex(base, vault)
    },
  }
}

/** Throws `store.failed` when the vault gives back other bytes than it took. */
async function putAndProve(file: CompleteChunkFile, { vault, signal }: HealTargetDeps): Promise<void> {
  const object = vault.layout.chunk(file.name)
  await vault.store.put(object, { path: file.path, sizeBytes: file.sizeBytes }, { signal })
  const bytes = {
    sizeBytes: file.sizeBytes,
    read: async (offset: number, sizeBytes: number) =>
      await readObject(vault.store, object, { signal, range: { offset, sizeBytes } }),
  }
  const { wrong } = await examineChunkFile(bytes, { what: object, indexed: { file, keys: vault.keys }, signal })
  const [first] = wrong
  if (first === undefined) return
  const reason = `a chunk file that was just written reads back damaged (${first.reason})`
  throw new AgentError('store.failed', { address: vault.store.address, reason })
}

/** Writes a segment behind all that are there, also those that cannot be read. */
async function writeIndex(segment: IndexSegment, { vault, base }: HealTargetDeps): Promise<void> {
  const { keyspace } = vault.keys
  for (let attempt = 1; ; attempt++) {
    await refreshIndex(base, vault)
    const areThere = segment.chunkFiles.every(({ name }) => base.isPlaced(vault.id, name))
    // This run's own segment, whose answer was lost.
    if (attempt > 1 && areThere && segment.supersedes.length === 0) return
    let last = base.segments.last(vault.id, keyspace)
    for await (const { name } of vault.store.list(vault.layout.index)) {
      last = Math.max(last, parseSequenceName(name) ?? last)
    }
    try {
      const { sequence, sha256 } = await vault.writeIndex(last, segment)
      base.segments.supersede(vault.id, keyspace, segment.supersedes)
      base.mergeIndex(vault.id, keyspace, sequence, segment.chunkFiles, sha256)
      return
    } catch (error) {
      if (!isAgentError(error, 'store.conflict') || attempt === maxIndexAttempts) throw error
    }
  }
}
