/** The folder of the cache that holds chunk files: complete ones by name, open ones of a running capture. */
import { existsSync, readdirSync, type Stats, statSync, unlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import { makeFolder } from '../base/make-folder.ts'
import { chunkFileKey, type KeyspaceKeys } from '../codec/key-derivation.ts'
import { openTable } from '../codec/seal-extent.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { encodeBlockTable } from '../format/block-table.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { type ChunkSource, folderSource } from './chunk-reader.ts'
import { openChunkFilePrefix } from './chunk-writer.ts'
import { inspectChunkFile } from './local-chunk-file.ts'

/** A complete chunk file of the cache as the file system shows it. */
export interface PayloadFile {
  readonly name: ChunkFileName
  readonly sizeBytes: number
  /** When it was completed, by the clock of then. */
  readonly completedAtMs: number
  /** It has a further hard link: a vault on this file system holds the same bytes, so it takes no room of its own. */
  readonly isLinked: boolean
}

export class ChunkFolder {
  readonly path: string

  /** Makes the folder when it is not there; throws `cache.failed`. */
  constructor(path: string) {
    this.path = path
    try {
      makeFolder(path)
    } catch (error) {
      throw new AgentError('cache.failed', { path, reason: (error as Error).message }, error)
    }
  }

  pathOf(name: ChunkFileName): string {
    return join(this.path, `${name}.tcf`)
  }

  has(name: ChunkFileName): boolean {
    return existsSync(this.pathOf(name))
  }

  /** Names of the complete chunk files here. */
  names(): ChunkFileName[] {
    return readdirSync(this.path)
      .filter((name) => /^[0-9a-f]{64}\.tcf$/.test(name))
      .map((name) => name.slice(0, 64) as ChunkFileName)
  }

  /** The complete chunk files here, oldest first. */
  payload(): PayloadFile[] {
    const files = this.names().flatMap((name) => this.look(name) ?? [])
    return files.toSorted((a, b) => a.completedAtMs - b.completedAtMs)
  }

  /** One complete chunk file; undefined when it is not here. */
  look(name: ChunkFileName): PayloadFile | undefined {
    const stats = statOf(this.pathOf(name))
    return stats && { name, sizeBytes: stats.size, completedAtMs: Math.floor(stats.mtimeMs), isLinked: stats.nlink > 1 }
  }

  /** Bytes of chunk files that are being written, or were left open by an ended process. */
  openBytes(): number {
    const names = readdirSync(this.path).filter((name) => name.startsWith(openChunkFilePrefix))
    return names.reduce((sum, name) => sum + (statOf(join(this.path, name))?.size ?? 0), 0)
  }

  /** True when the file is here and its bytes are those its name stands for; reads all of it. */
  async isWhole(name: ChunkFileName): Promise<boolean> {
    if (!this.has(name)) return false
    try {
      return (await inspectChunkFile(this.pathOf(name))).name === name
    } catch (error) {
      if (isAgentError(error, 'format.invalid') || isAgentError(error, 'format.too-new')) return false
      throw error
    }
  }

  /** Removes chunk files that an ended process left open; returns how many. */
  removeOpen(): number {
    const open = readdirSync(this.path).filter((name) => name.startsWith(openChunkFilePrefix))
    for (const name of open) unlinkSync(join(this.path, name))
    return open.length
  }

  /** Removes a chunk file whose payload is elsewhere. */
  evict(name: ChunkFileName): void {
    unlinkSync(this.pathOf(name))
  }

  source(): ChunkSource {
    return folderSource(this.path)
  }

  /**
   * Checks a complete chunk file of this folder and reads its table, as an index would list it;
   * undefined when it is damaged or of another keyspace.
   */
  async describe(name: ChunkFileName, keys: KeyspaceKeys): Promise<IndexedChunkFile | undefined> {
    const path = this.pathOf(name)
    try {
      const { header, footer, name: actual } = await inspectChunkFile(path)
      if (actual !== name || toHex(header.keyspace) !== keys.keyspace) return undefined
      const file = await open(path, 'r')
      try {
        const sealed = Buffer.alloc(footer.tableSizeBytes)
        await file.read(sealed, 0, sealed.length, footer.tableOffset)
        const table = openTable(chunkFileKey(keys, header.epoch, header.salt), header, sealed, path, footer.tableOffset)
        return {
          name,
          kind: header.kind,
          sizeBytes: footer.totalSizeBytes,
          salt: header.salt,
          epoch: header.epoch,
          table: encodeBlockTable(table),
        }
      } finally {
        await file.close()
      }
    } catch (error) {
      if (isAgentError(error, 'format.invalid') || isAgentError(error, 'format.too-new')) return undefined
      throw error
    }
  }
}

/** Undefined when it is gone: a running backup may evict what another process lists. */
function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}
