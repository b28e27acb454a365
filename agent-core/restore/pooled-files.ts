/**
 * The files of one target that worker threads restore: handed out as the walk meets them, taken in batch by batch. What
 * workers hand back is restored by the main thread, which knows every copy of a block and says what is wrong.
 */
import { AgentError } from '../base/agent-error.ts'
import { asBuffer } from '../base/bytes.ts'
import type { Task } from '../base/task.ts'
import type { TreeReader } from '../cache/tree-reader.ts'
import { type Entry, encodeEntry, type Part } from '../format/tree.ts'
import { isSystemError } from './failure.ts'
import type { OpenBatch } from './file-batch.ts'
import type { MetadataNotes } from './metadata-notes.ts'
import type { EntryPlace } from './restore-entry.ts'
import { type BatchResult, largeFileSizeBytes, type PoolOptions, RestorePool } from './restore-pool.ts'
import { sourcePathOf, type TargetDirectory } from './target-directory.ts'
import type { TargetTree } from './target-tree.ts'

export interface PooledFilesDeps extends Omit<PoolOptions, 'onBatch' | 'signal'> {
  readonly tree: TargetTree
  /** Reads the lists of parts. */
  readonly partLists: TreeReader
  readonly notes: MetadataNotes
  readonly task: Task
  /** A worker has restored a file. */
  readonly onRestored: (sizeBytes: number) => void
  /** Restores a file that was handed back; tells by itself when it cannot. */
  readonly restoreHere: (entry: Entry, place: EntryPlace) => Promise<void>
}

export class PooledFiles implements AsyncDisposable {
  readonly pool: RestorePool
  readonly #deps: PooledFilesDeps
  /** Batches with files that were handed back. */
  readonly #handedBack: { readonly batch: OpenBatch; readonly isUndone: Uint8Array }[] = []

  /** Starts the threads. Dispose it before the target's folders. */
  constructor(deps: PooledFilesDeps) {
    this.#deps = deps
    this.pool = new RestorePool({
      ...deps,
      signal: deps.task.signal,
      onBatch: (batch, result) => this.#take(batch, result),
    })
  }

  /**
   * Hands out a file of the innermost folder, `parent`. Answers false for what is more than one worker's matter: what
   * has a name there already, is one of several links, large, or not to be read by a worker.
   */
  add(entry: Entry, parent: TargetDirectory, encoded: Uint8Array): boolean {
    const parts = partsInEntry(entry)
    if (parts === undefined) return false
    const { tree } = this.#deps
    try {
      if (!parent.wasEmpty && tree.top.lstat(asBuffer(entry.name)) !== undefined) return false
      const file = { parent, sizeBytes: entry.sizeBytes ?? 0, parts, encoded }
      if (!this.pool.add(file, tree.top, tree.stagingFor(parent))) return false
    } catch (error) {
      // The main thread meets it again, and tells it.
      if (isSystemError(error)) return false
      throw error
    }
    parent.state.filesUnderWay++
    return true
  }

  /**
   * Hands out a file whose parts stand in a list of pages, with the parts in its entry. Answers false as `add` does, and
   * for a list that cannot be read: the main thread meets it again, and tells it.
   */
  async addListed(entry: Entry, parent: TargetDirectory): Promise<boolean> {
    const { content } = entry
    if (content === undefined) return false
    try {
      const parts: Part[] = []
      for await (const part of this.#deps.partLists.parts(content)) parts.push(part)
      const whole = { ...entry, content: { ...content, parts } }
      return this.add(whole, parent, encodeEntry(whole))
    } catch (error) {
      if (error instanceof AgentError) return false
      throw error
    }
  }

  /** Resolves once more files may be handed out; undefined: at once. */
  room(): Promise<void> | undefined {
    return this.pool.isFull || this.#handedBack.length > 0 ? this.#makeRoom() : undefined
  }

  /** Resolves once all files handed out are restored, or told of. */
  async idle(): Promise<void> {
    await this.pool.idle()
    await this.#restoreHandedBack()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]()
    for (const { batch } of this.#handedBack.splice(0)) batch[Symbol.dispose]()
  }

  async #makeRoom(): Promise<void> {
    await this.pool.room()
    await this.#restoreHandedBack()
  }

  #take(batch: OpenBatch, { isUndone, inodes, losses }: BatchResult): void {
    const { notes, task, onRestored } = this.#deps
    const { files } = batch
    for (const [index, { parent, sizeBytes }] of files.entries()) {
      if (isUndone[index] === 1) continue
      onRestored(sizeBytes)
      parent.state.isChanged = true
      if (!parent.wasEmpty) parent.published.add(inodes[index] as bigint)
    }
    for (const { reason, code, files: indexes } of losses) {
      for (const index of indexes) {
        const parent = files[index]?.parent
        if (parent === undefined || isUndone[index] === 1) continue
        notes.tell(reason, () => sourcePathOf(parent, asBuffer(batch.entryOf(index).name)), code)
      }
    }
    const current = asBuffer(batch.entryOf(files.length - 1).name).toString()
    task.add({ files: files.length, bytes: batch.sizeBytes, current })
    if (isUndone.includes(1)) this.#handedBack.push({ batch, isUndone })
    else this.#close(batch)
  }

  async #restoreHandedBack(): Promise<void> {
    const { task, restoreHere } = this.#deps
    for (let first = this.#handedBack[0]; first !== undefined; first = this.#handedBack[0]) {
      const { batch, isUndone } = first
      for (const [index, { parent }] of batch.files.entries()) {
        if (isUndone[index] !== 1) continue
        task.throwIfAborted()
        await restoreHere(batch.entryOf(index), { parent, folder: batch.folderOf(index), staging: batch.staging })
      }
      this.#handedBack.shift()
      this.#close(batch)
    }
  }

  #close(batch: OpenBatch): void {
    batch[Symbol.dispose]()
    for (const { parent } of batch.files) this.#deps.tree.finishFile(parent)
  }
}

/** The parts of a file that one worker restores alone. */
function partsInEntry(entry: Entry): readonly Part[] | undefined {
  const parts = entry.content?.parts ?? []
  return isForOneWorker(entry) && !('id' in parts) ? parts : undefined
}

/** True when one worker restores the file alone, once the list of its parts was read: see `PooledFiles.addListed`. */
export function isListed(entry: Entry): boolean {
  return entry.content !== undefined && 'id' in entry.content.parts && isForOneWorker(entry)
}

function isForOneWorker({ type, linkGroup, sizeBytes }: Entry): boolean {
  return type === 'file' && linkGroup === undefined && (sizeBytes ?? 0) < largeFileSizeBytes
}
