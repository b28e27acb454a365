/**
 * Keeps a capture within the budget of the cache. While payload that the vault has not confirmed fills the budget, the
 * engine is held; as the vault takes it, it is evicted, oldest first, and the engine goes on. The run stops only when
 * the budget is used up and the vault does not take anything any more: what was captured stays in the cache, and the
 * next run finds it there.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { formatBytes } from '../base/bytes.ts'
import type { Task } from '../base/task.ts'
import type { BaseDb } from '../cache/base-db.ts'
import { type CachePolicy, mayBeEvicted, roomOf } from '../cache/cache-budget.ts'
import type { ChunkFolder, PayloadFile } from '../cache/chunk-folder.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import type { TransferWatcher } from './transfer.ts'

/** A held capture goes on below this share of the budget: then there is room for some chunk files again. */
const releaseShare = 0.75

export interface CaptureRoomDeps {
  readonly base: BaseDb
  readonly chunks: ChunkFolder
  readonly policy: CachePolicy
  readonly task: Task
}

/** What of the engine is steered here. */
interface Held {
  hold(): void
  release(): void
}

interface Payload extends PayloadFile {
  readonly isPlaced: boolean
  /** Captured by this run. */
  readonly isOwn: boolean
}

export class CaptureRoom implements TransferWatcher {
  readonly #deps: CaptureRoomDeps
  readonly #payload = new Map<ChunkFileName, Payload>()
  readonly #stop = new AbortController()
  #usedBytes = 0
  #ownWaiting = 0
  #engine: Held | undefined
  #isHeld = false
  #failure: Error | undefined

  constructor(deps: CaptureRoomDeps) {
    this.#deps = deps
  }

  /** Aborts, with the error to tell, when the capture cannot go on. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** True while the capture waits for the vault. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** Begins to steer `engine`. `trouble`: why the vault is not there. Throws `cache.budget-used` when nothing could be captured. */
  begin(engine: Held, trouble: Error | undefined): void {
    const { base, chunks, policy } = this.#deps
    const states = base.chunkFileStates()
    for (const file of chunks.payload()) {
      this.#payload.set(file.name, { ...file, isPlaced: mayBeEvicted(states.get(file.name)), isOwn: false })
      this.#usedBytes += roomOf(file)
    }
    this.#failure = trouble
    if (this.#usedBytes >= policy.budgetBytes) this.#evictUntil(policy.budgetBytes * releaseShare)
    if (trouble !== undefined && this.#usedBytes >= policy.budgetBytes) throw this.#budgetUsed(trouble)
    this.#engine = engine
  }

  /** What is left is little: nothing is held or stopped any more. */
  end(): void {
    this.#release()
    this.#engine = undefined
  }

  /** The engine has completed a chunk file in the cache. */
  completed(file: { readonly name: ChunkFileName; readonly sizeBytes: number }): void {
    const found = this.#deps.chunks.look(file.name)
    if (found === undefined) return
    this.#payload.set(file.name, { ...found, isPlaced: false, isOwn: true })
    this.#usedBytes += roomOf(found)
    this.#ownWaiting++
    this.#steer()
  }

  sent(name: ChunkFileName): void {
    const known = this.#payload.get(name)
    const found = this.#deps.chunks.look(name)
    if (known === undefined || found === undefined) return
    this.#usedBytes += roomOf(found) - roomOf(known)
    this.#payload.set(name, { ...known, isLinked: found.isLinked })
    this.#steer()
  }

  placed(names: readonly ChunkFileName[]): void {
    for (const name of names) {
      const known = this.#payload.get(name)
      if (known === undefined || known.isPlaced) continue
      this.#payload.set(name, { ...known, isPlaced: true })
      if (known.isOwn) this.#ownWaiting--
    }
    this.#steer()
  }

  stopped(error: Error): void {
    this.#failure = error
    this.#steer()
  }

  #steer(): void {
    if (this.#engine === undefined) return
    const { policy, task } = this.#deps
    const limitBytes = this.#isHeld ? policy.budgetBytes * releaseShare : policy.budgetBytes
    if (this.#usedBytes >= limitBytes) this.#evictUntil(policy.budgetBytes * releaseShare)
    // Where what others wait for fills the budget, this capture goes on file by file.
    if (this.#usedBytes < limitBytes || (this.#failure === undefined && this.#ownWaiting === 0)) {
      this.#release()
      return
    }
    if (this.#failure !== undefined) {
      this.#stop.abort(this.#budgetUsed(this.#failure))
      return
    }
    if (this.#isHeld) return
    this.#isHeld = true
    this.#engine.hold()
    task.wait('vault')
  }

  #release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#deps.task.wait(undefined)
    this.#engine?.release()
  }

  /** Lets the oldest payload go that no vault waits for and that takes room. */
  #evictUntil(targetBytes: number): void {
    for (const file of this.#payload.values()) {
      if (this.#usedBytes < targetBytes) return
      if (!file.isPlaced || file.isLinked) continue
      this.#deps.chunks.evict(file.name)
      this.#payload.delete(file.name)
      this.#usedBytes -= roomOf(file)
    }
  }

  #budgetUsed(cause: Error): Error {
    // What is no trouble of a vault (a bug, an abort) is told as it is.
    if (!(cause instanceof AgentError) || isAgentError(cause, 'cache.budget-used')) return cause
    const budget = formatBytes(this.#deps.policy.budgetBytes)
    return new AgentError('cache.budget-used', { budget, reason: cause.message.replace(/\.$/, '') }, cause)
  }
}
