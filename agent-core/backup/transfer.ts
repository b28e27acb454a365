/**
 * Cache → vault, in the order of docs/format/write-order.md: chunk files → index → provisional point →
 * intents and index read again → confirmation. Every step may be repeated after a crash or a lost
 * answer: objects are named by their content or by numbers that are never reused.
 *
 * Chunk files are sent while the capture still runs, and indexed in between, so that an interrupted first backup need
 * not send them again and the cache can let them go; the rest follows once the point is captured.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { CapturedPoint } from '../cache/base-rows.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import type { ChunkSource } from '../cache/chunk-reader.ts'
import { sha256 } from '../codec/block-id.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { maxChunkFileSizeBytes } from '../format/chunk-file.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { maxMissingInMark } from '../format/mark.ts'
import { decodePointManifest, type PointManifest } from '../format/point.ts'
import type { ObjectBody } from '../vault/object-store.ts'
import { writeMark } from '../vault/point-marks.ts'
import type { Vault } from '../vault/vault.ts'
import { extendLocks } from './extend-locks.ts'
import { IndexWriter } from './index-writer.ts'
import { numberCaptured } from './number-captured.ts'
import { lookAgain, type SecondLook } from './second-look.ts'

/** Chunk files on their way at the same time. */
const lanes = 2
/** Looks at a point that is to be confirmed; a further one is needed when a clean-up condemns what was put just now. */
const maxLooks = 5
/** What was sent is indexed at least so often while the capture runs (the checkpoint of docs/format/write-order.md). */
const indexEveryMs = 15 * 60_000

export interface TransferDeps {
  readonly vault: Vault
  /** Vaults of the same keyspace that may hold what the cache has let go. */
  readonly others?: readonly Vault[]
  readonly base: BaseDb
  readonly chunks: ChunkFolder
  readonly sealPoint: (manifest: PointManifest) => Buffer
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Bytes of objects that are in the vault now and were not before. */
  readonly onPut: (sizeBytes: number) => void
  /** When chunk files are indexed before the point is captured; left out: they are not. */
  readonly indexing?: {
    /** So many bytes sent since the last segment are indexed. */
    readonly everyBytes: number
    /** True while what was sent is to be indexed as soon as nothing else waits to be sent. */
    readonly isUrgent: () => boolean
  }
  readonly watcher?: TransferWatcher
  /** Other vaults and whatever else may hold chunk files of this keyspace, for what this vault has lost. */
  readonly otherSources?: readonly ChunkSource[]
}

/** Hears how chunk files get on. */
export interface TransferWatcher {
  /** The vault holds the bytes. */
  sent(name: ChunkFileName, sizeBytes: number): void
  /** The vault's index names them: the cache need not keep them for it. */
  placed(names: readonly ChunkFileName[]): void
  /** Nothing more is sent. */
  stopped(error: Error): void
}

export class Transfer {
  readonly #deps: TransferDeps
  readonly #waiting: IndexedChunkFile[] = []
  readonly #sent = new Set<ChunkFileName>()
  /** Sent, and in no index segment yet. */
  #unindexed: IndexedChunkFile[] = []
  #lastIndexMs: number
  #isIndexing = false
  readonly #lanes = new Set<Promise<void>>()
  #failure: Error | undefined
  #unsentBytes = 0
  readonly #index: IndexWriter

  constructor(deps: TransferDeps) {
    this.#deps = deps
    this.#index = new IndexWriter({ ...deps, onPlaced: (names) => deps.watcher?.placed(names) })
    this.#lastIndexMs = deps.clock.nowMs()
  }

  /** The vault was found to be another one than the capture was told of. */
  get hasOtherHistory(): boolean {
    return this.#index.hasOtherHistory
  }

  /** Sends a complete chunk file of the cache in the background. A failure shows in `settle`. */
  send(file: IndexedChunkFile): void {
    this.#unsentBytes += file.sizeBytes
    this.#waiting.push(file)
    this.#startLane()
  }

  /** Bytes of what was handed to `send` and is not in the vault yet. */
  get unsentBytes(): number {
    return this.#unsentBytes
  }

  /** Resolves when everything that was handed to `send` is in the vault; throws what stopped it. */
  async settle(): Promise<void> {
    while (this.#waiting.length > 0 || this.#lanes.size > 0) {
      this.#startLane()
      await Promise.all(this.#lanes)
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  #startLane(): void {
    if (this.#waiting.length === 0 || this.#lanes.size === lanes) return
    const lane: Promise<void> = this.#run().finally(() => this.#lanes.delete(lane))
    this.#lanes.add(lane)
  }

  /** Gives up what is not under way yet, and resolves when nothing is. */
  async stop(): Promise<void> {
    this.#waiting.length = 0
    await Promise.all(this.#lanes)
  }

  /**
   * Brings all captured points that the vault has not confirmed into it, oldest first. Returns those
   * it confirmed. Throws the store's error; what was done stays done.
   */
  async confirmCaptured(): Promise<CapturedPoint[]> {
    const { base, vault } = this.#deps
    await this.sendWaiting()
    await this.#writeIndex()
    await numberCaptured(this.#deps)
    const points = base.unconfirmedPoints(vault.id)
    for (const point of points) await this.#confirm(point)
    return points
  }

  /** Sends all chunk files that wait for the vault. Throws the store's error. */
  async sendWaiting(): Promise<void> {
    this.beginWaiting()
    await this.settle()
  }

  /** Hands all chunk files that wait for the vault to `send`; nothing else may be on its way there. */
  beginWaiting(): void {
    const { base, vault } = this.#deps
    for (const file of base.waitingChunkFiles(vault.id)) {
      if (!this.#sent.has(file.name)) this.send(file)
    }
  }

  async #run(): Promise<void> {
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) {
      if (this.#failure !== undefined) continue
      try {
        await this.#put(file)
        this.#unsentBytes -= file.sizeBytes
        while (this.#isIndexDue()) await this.#indexSent()
      } catch (error) {
        this.#failure = error as Error
        this.#deps.watcher?.stopped(this.#failure)
      }
    }
  }

  #isIndexDue(): boolean {
    const { indexing, clock } = this.#deps
    if (indexing === undefined || this.#isIndexing || this.#unindexed.length === 0) return false
    if (this.#waiting.length === 0 && indexing.isUrgent()) return true
    if (clock.nowMs() - this.#lastIndexMs >= indexEveryMs) return true
    return this.#unindexed.reduce((sum, file) => sum + file.sizeBytes, 0) >= indexing.everyBytes
  }

  async #indexSent(): Promise<void> {
    this.#isIndexing = true
    try {
      const files = this.#unindexed
      this.#unindexed = []
      await this.#index.write(files)
      this.#lastIndexMs = this.#deps.clock.nowMs()
    } finally {
      this.#isIndexing = false
    }
  }

  async #put(file: IndexedChunkFile): Promise<void> {
    const { vault, signal, onPut, watcher } = this.#deps
    const put = async (body: ObjectBody) => await vault.store.put(vault.layout.chunk(file.name), body, { signal })
    const isNew = await this.#fromCacheOrVault(file, put)
    this.#sent.add(file.name)
    this.#unindexed.push(file)
    if (isNew) onPut(file.sizeBytes)
    watcher?.sent(file.name, file.sizeBytes)
  }

  /** From the cache; what that has let go, or holds damaged, from another vault. */
  async #fromCacheOrVault(file: IndexedChunkFile, put: (body: ObjectBody) => Promise<boolean>): Promise<boolean> {
    const { base, vault, chunks, others = [] } = this.#deps
    const { name, sizeBytes } = file
    const isElsewhere = base.isPlacedElsewhere(vault.id, name)
    if (!isElsewhere || (await chunks.isWhole(name))) {
      try {
        return await put({ path: chunks.pathOf(name), sizeBytes, sha256: name })
      } catch (error) {
        // It may have been evicted just now: another vault has taken it meanwhile.
        if (chunks.has(name) || !base.isPlacedElsewhere(vault.id, name)) throw error
      }
    }
    return await put(await readFromVaults(others, vault.store.address, name))
  }

  /** Lists what the vault now holds; only then do the chunk files count as placed there. */
  async #writeIndex(): Promise<void> {
    const { base, vault } = this.#deps
    const waiting = base.waitingChunkFiles(vault.id)
    const unsent = waiting.find((file) => !this.#sent.has(file.name))
    if (unsent !== undefined) throw new Error(`chunk file ${unsent.name} would be indexed before it is in the vault`)
    this.#unindexed = []
    await this.#index.write(waiting)
    if (waiting.length > 0) await this.#index.compact()
  }

  async #confirm(point: CapturedPoint): Promise<void> {
    const { base, vault, clock, onPut } = this.#deps
    const manifest = decodePointManifest(point.manifest, 'captured point')
    if (await vault.putPoint(manifest, point.object)) onPut(point.object.length)
    await this.#lookAgain(manifest)
    await extendLocks(vault, this.#deps)
    await vault.confirmPoint(manifest, point.object, clock.nowMs())
    base.confirm(vault.id, point)
  }

  /**
   * The second look: once the provisional point is visible, what clean-ups have condemned or deleted meanwhile is put again
   * under new names, until nothing is missing.
   */
  async #lookAgain(manifest: PointManifest): Promise<void> {
    const { vault, base } = this.#deps
    for (let attempt = 1; attempt <= maxLooks; attempt++) {
      await this.#index.refresh()
      const { stored, lost } = await this.#look(manifest)
      if (stored.length > 0) {
        base.adopt(vault.id, vault.keys.keyspace, stored)
        for (const file of stored) await this.#put(file)
        await this.#writeIndex()
        continue
      }
      if (lost.length > 0) {
        base.trust.distrust(vault.id)
        await this.#markPartial(manifest, lost)
      }
      return
    }
    const reason = `what point ${manifest.id} needs was condemned ${maxLooks} times in a row`
    throw new AgentError('vault.cleaning', { address: vault.store.address, reason })
  }

  /** A point whose tree cannot be read any more is taken back: the next backup reads its files again. */
  async #look(manifest: PointManifest): Promise<SecondLook> {
    const { base, vault } = this.#deps
    try {
      return await lookAgain(manifest, this.#deps)
    } catch (error) {
      if (!isAgentError(error, 'vault.damaged')) throw error
      base.trust.distrust(vault.id)
      base.forgetItem(manifest.item)
      throw error
    }
  }

  /** Says in the vault what the point lacks: nobody has it any more. */
  async #markPartial(manifest: PointManifest, lost: readonly Buffer[]): Promise<void> {
    const { vault, clock } = this.#deps
    const missing = lost.slice(0, maxMissingInMark).map((path) => ({ path, code: 'file.damaged' }))
    await writeMark(vault, {
      point: manifest.id,
      kind: 'partial',
      madeAtMs: clock.nowMs(),
      who: manifest.source.machine,
      reason: 'a clean-up had deleted what it needs before it came into the vault',
      missing,
      more: lost.length - missing.length,
    })
  }
}

/** The bytes of a chunk file, unchanged, from the first vault that holds it whole. Throws `vault.payload-away`. */
async function readFromVaults(vaults: readonly Vault[], address: string, name: ChunkFileName): Promise<Buffer> {
  let cause: AgentError | undefined
  for (const vault of vaults) {
    try {
      const bytes = await vault.store.get(vault.layout.chunk(name), { maxSizeBytes: maxChunkFileSizeBytes })
      if (toHex(sha256(bytes)) === name) return bytes
    } catch (error) {
      if (!(error instanceof AgentError)) throw error
      cause ??= error
    }
  }
  throw new AgentError('vault.payload-away', { address, object: name }, cause)
}
