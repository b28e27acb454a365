/**
 * Blocks that points need and that are lost, or whole in a damaged chunk file only: chunk files that hold them and that an
 * interrupted run left without a place in the index get one; what is lost then is sealed into new chunk files, which are brought
 * into the vault, verified there and indexed. The damaged files stay as they are: a prune takes them.
 */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Task } from '../base/task.ts'
import { BlockReader } from '../cache/chunk-reader.ts'
import { ChunkWriter, type CompleteChunkFile } from '../cache/chunk-writer.ts'
import { VaultIndex } from '../cache/vault-index.ts'
import { blockId } from '../codec/block-id.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import type { ChunkKind } from '../format/chunk-file.ts'
import type { IndexedChunkFile, IndexSegment } from '../format/index-segment.ts'
import type { Vault } from '../vault/vault.ts'
import type { NeededBlock } from './block-needs.ts'
import type { VaultCheck } from './check-vault.ts'
import { describeStored } from './describe-stored.ts'
import { type HealSource, ifReadable } from './heal-source.ts'
import { VaultView } from './vault-view.ts'

/** How what was healed gets into the vault, and what this home knows of it. */
export interface HealTarget {
  /** Where chunk files are made before they are sent. */
  readonly chunkFolder: string
  /** File id of the chunk file that was written last. */
  readonly parentFileId: Uint8Array | undefined
  /**
   * Brings complete chunk files of the folder into the vault and its index; they are verified there before they are indexed.
   * Throws the store's error; what was done stays done.
   */
  readonly publish: (files: readonly CompleteChunkFile[]) => Promise<void>
  /** Writes an index segment for what is in the vault already. */
  readonly index: (segment: IndexSegment) => Promise<void>
  /** Takes chunk files out of the index for good. */
  readonly retire: (names: readonly ChunkFileName[]) => Promise<void>
}

export interface HealBlocksDeps {
  readonly vault: Vault
  readonly keys: KeyspaceKeys
  readonly sources: readonly HealSource[]
  readonly target: HealTarget
  readonly clock: Clock
  readonly random: Random
  readonly task: Task
}

/** Of opened extents that each reader keeps. */
const budgetBytes = 8 * 1024 * 1024
/** Complete chunk files that wait to be published together. */
const publishedTogether = 4

/** Blocks of one damaged chunk file that are whole in an undamaged one now. */
interface HealedFile {
  blocks: number
  /** Where they came from, for people. */
  readonly labels: Set<string>
}

/**
 * Heals what `check` has found to be needed, as far as the sources have it; answers how many blocks. `deeds`: what was done
 * for each damaged object, for people. Throws `cache.*` and the vault's errors.
 */
export async function healBlocks(check: VaultCheck, deps: HealBlocksDeps, deeds: Map<string, string>): Promise<number> {
  const run = new HealRun(check, deps)
  try {
    // The next round sees what is lost yet.
    const adopted = await run.adopt(deeds)
    if (adopted > 0) return adopted
    for (const block of check.needs.atRisk) await run.heal(block)
    for (const block of check.needs.lost) await run.heal(block)
    return await run.finish(deeds)
  } catch (error) {
    run.abandon()
    throw error
  }
}

/** Chunk files of the vault that are not in its index: left over, taken out or condemned, but still there. */
function spareSource(check: VaultCheck, { vault, keys, task }: HealBlocksDeps): HealSource {
  const open = async (): Promise<BlockReader> => {
    const view = new VaultView(vault, task)
    const files: IndexedChunkFile[] = []
    for (const stored of check.spare) {
      const file = await describeStored(view, stored)
      if (file !== undefined) files.push(file)
    }
    return new BlockReader(new VaultIndex(keys.keyspace, files), [vault.chunkSource()], keys, { budgetBytes })
  }
  let reader: Promise<BlockReader> | undefined
  return {
    label: 'a chunk file that is not in the index',
    block: async ({ id }) => {
      if (check.spare.length === 0) return undefined
      reader ??= open()
      const opened = await reader
      return await ifReadable(() => opened.read(id))
    },
  }
}

class HealRun {
  readonly #check: VaultCheck
  readonly #deps: HealBlocksDeps
  readonly #sources: readonly HealSource[]
  readonly #writers: Readonly<Record<ChunkKind, ChunkWriter>>
  /** By the name of the damaged object. */
  readonly #healed = new Map<string, HealedFile>()
  #complete: CompleteChunkFile[] = []
  #blocks = 0

  constructor(check: VaultCheck, deps: HealBlocksDeps) {
    this.#check = check
    this.#deps = deps
    const { vault, keys, sources } = deps
    const here = new BlockReader(check.index, [vault.chunkSource()], keys, { budgetBytes })
    const rest = { label: 'the damaged chunk file', block: ({ id }: NeededBlock) => ifReadable(() => here.read(id)) }
    this.#sources = [rest, spareSource(check, deps), ...sources]
    this.#writers = { data: this.#writer('data'), tree: this.#writer('tree') }
  }

  /** Names chunk files in the index that hold what is needed; answers how many blocks that are. */
  async adopt(deeds: Map<string, string>): Promise<number> {
    const { needs, unindexed, isCleaningKnown } = this.#check
    const { vault, keys, target, task } = this.#deps
    const wanted = [...needs.lost, ...needs.atRisk]
    if (wanted.length === 0 || !isCleaningKnown) return 0
    const view = new VaultView(vault, task)
    const chunkFiles: IndexedChunkFile[] = []
    let blocks = 0
    for (const stored of unindexed) {
      const file = await describeStored(view, stored)
      if (file === undefined) continue
      const index = new VaultIndex(keys.keyspace, [file])
      const held = wanted.filter(({ id }) => index.copies(id).length > 0)
      for (const block of held) this.#note(block, vault.layout.chunk(file.name))
      blocks += held.length
      if (held.length > 0) chunkFiles.push(file)
    }
    if (chunkFiles.length > 0) await target.index({ chunkFiles, supersedes: [] })
    for (const [object, file] of this.#healed) {
      deeds.set(object, `whole in chunk files that were not in the index, and named there now (blocks: ${file.blocks})`)
    }
    return blocks
  }

  async heal(block: NeededBlock): Promise<void> {
    const { keys, task } = this.#deps
    for (const { label, block: read } of this.#sources) {
      task.throwIfAborted()
      const bytes = await read?.(block)
      const isRight = bytes !== undefined && (block.sizeBytes ?? bytes.length) === bytes.length
      if (!isRight || !blockId(keys.id, bytes).equals(block.id)) continue
      this.#writers[block.kind].add(Buffer.from(block.id), bytes)
      this.#blocks++
      this.#note(block, label)
      if (this.#complete.length >= publishedTogether) await this.#publish()
      return
    }
  }

  async finish(deeds: Map<string, string>): Promise<number> {
    this.#writers.data.finish()
    this.#writers.tree.finish()
    await this.#publish()
    for (const [object, { blocks, labels }] of this.#healed) {
      deeds.set(object, `stored again in a new chunk file, from ${[...labels].join(' and ')} (blocks: ${blocks})`)
    }
    return this.#blocks
  }

  #note({ id }: NeededBlock, label: string): void {
    const { index } = this.#check
    const { layout } = this.#deps.vault
    const objects = index.copies(id).map((copy) => layout.chunk(index.fileOf(copy).name))
    for (const object of objects.length === 0 ? [layout.index.slice(0, -1)] : new Set(objects)) {
      const file = this.#healed.get(object) ?? { blocks: 0, labels: new Set<string>() }
      file.blocks++
      file.labels.add(label)
      this.#healed.set(object, file)
    }
  }

  abandon(): void {
    this.#writers.data.abandon()
    this.#writers.tree.abandon()
  }

  async #publish(): Promise<void> {
    const files = this.#complete
    this.#complete = []
    if (files.length > 0) await this.#deps.target.publish(files)
  }

  #writer(kind: ChunkKind): ChunkWriter {
    const { target, keys, clock, random } = this.#deps
    return new ChunkWriter({
      folder: target.chunkFolder,
      kind,
      keys,
      compression: 'lz4',
      clock,
      random,
      parentFileId: target.parentFileId,
      onComplete: (file) => this.#complete.push(file),
    })
  }
}
