/**
 * Merging of sparse chunk files: their needed blocks are opened, compared with their ids, and sealed again under a new salt
 * into full chunk files, which are put into the vault, read back whole, and indexed. Until a clean-up condemns the old ones, the
 * blocks just lie twice. One chunk file at a time lies in the work folder.
 */
import { mkdirSync, rmSync, unlinkSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { Task } from '../base/task.ts'
import { wrongPlaceError } from '../cache/chunk-examination.ts'
import { ChunkWriter, type CompleteChunkFile } from '../cache/chunk-writer.ts'
import { examineChunkFile } from '../cache/examine-chunk-file.ts'
import type { ChunkKind } from '../format/chunk-file.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { WriteBehind } from '../platform/write-behind.ts'
import { readObject } from '../vault/read-object.ts'
import type { Vault } from '../vault/vault.ts'
import { KeptDamaged, openKept } from './open-kept.ts'
import type { SparseFile } from './plan-prune.ts'

export interface MergeDeps {
  readonly vault: Vault
  /** A folder of its own for chunk files under way; it is emptied before and removed afterwards. */
  readonly workFolder: string
  readonly clock: Clock
  readonly task: Task
}

export interface MergedFiles {
  /** New chunk files, durable in the vault and proven, but not indexed. */
  readonly merged: readonly IndexedChunkFile[]
  /** Those that went into them as they are needed. */
  readonly emptied: readonly SparseFile[]
  /** Those of which a block that counts is damaged: they stay, for a healing to mend. */
  readonly damaged: readonly SparseFile[]
}

/**
 * Writes the blocks that count of `sparse` into new chunk files. Throws `vault.damaged` where what was put comes back as something
 * else, and the store's errors.
 */
export async function mergeChunkFiles(sparse: readonly SparseFile[], deps: MergeDeps): Promise<MergedFiles> {
  rmSync(deps.workFolder, { recursive: true, force: true })
  mkdirSync(deps.workFolder, { recursive: true, mode: 0o700 })
  const merge = new Merge(deps)
  try {
    const emptied: SparseFile[] = []
    const damaged: SparseFile[] = []
    for (const use of sparse) {
      const isWhole = await merge.add(use)
      if (isWhole) emptied.push(use)
      else damaged.push(use)
    }
    return { merged: await merge.finish(), emptied, damaged }
  } finally {
    rmSync(deps.workFolder, { recursive: true, force: true })
  }
}

class Merge {
  readonly #deps: MergeDeps
  /** By kind and compression: what was compressed well stays so. */
  readonly #writers = new Map<string, ChunkWriter>()
  readonly #complete: CompleteChunkFile[] = []
  readonly #merged: IndexedChunkFile[] = []

  constructor(deps: MergeDeps) {
    this.#deps = deps
  }

  /** Answers false, and gives the file up, where a block that counts cannot be read whole. Those before it lie twice then. */
  async add(use: SparseFile): Promise<boolean> {
    try {
      for await (const { blocks, method } of openKept(use, this.#deps)) {
        const writer = this.#writer(use.file.kind, method === 'zstd' ? 'zstd' : 'lz4')
        for (const { id, bytes } of blocks) writer.add(id, bytes)
        await this.#putComplete()
      }
      return true
    } catch (error) {
      if (!(error instanceof KeptDamaged)) throw error
      return false
    }
  }

  async finish(): Promise<IndexedChunkFile[]> {
    for (const writer of this.#writers.values()) writer.finish()
    await this.#putComplete()
    return this.#merged
  }

  #writer(kind: ChunkKind, compression: 'lz4' | 'zstd'): ChunkWriter {
    const slot = `${kind} ${compression}`
    const known = this.#writers.get(slot)
    if (known !== undefined) return known
    const { vault, workFolder, clock } = this.#deps
    const writer = new ChunkWriter({
      follow: (fd) => new WriteBehind(fd),
      folder: workFolder,
      kind,
      keys: vault.keys,
      compression,
      clock,
      random: vault.random,
      parentFileId: undefined,
      onComplete: (file) => this.#complete.push(file),
    })
    this.#writers.set(slot, writer)
    return writer
  }

  async #putComplete(): Promise<void> {
    const { vault, task } = this.#deps
    for (let file = this.#complete.shift(); file !== undefined; file = this.#complete.shift()) {
      const object = vault.layout.chunk(file.name)
      await vault.store.put(object, { path: file.path, sizeBytes: file.sizeBytes }, { signal: task.signal })
      unlinkSync(file.path)
      await this.#prove(file, object)
      this.#merged.push(file)
    }
  }

  /** Reads the new chunk file back from the vault: its hash, every tag and every block's id. */
  async #prove(file: IndexedChunkFile, object: string): Promise<void> {
    const { vault, task } = this.#deps
    const bytes = {
      sizeBytes: file.sizeBytes,
      read: async (offset: number, sizeBytes: number) =>
        await readObject(vault.store, object, { range: { offset, sizeBytes }, signal: task.signal }),
    }
    const options = { what: object, indexed: { file, keys: vault.keys }, signal: task.signal }
    const { wrong, name } = await examineChunkFile(bytes, options)
    const [first] = wrong
    if (first !== undefined) throw wrongPlaceError(first, object)
    if (name === file.name) return
    throw new AgentError('vault.damaged', { object, offset: 0, reason: 'what was put came back as something else' })
  }
}
