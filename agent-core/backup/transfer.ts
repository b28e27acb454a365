/**
 * Cache → vault, in the order of docs/format/write-order.md: chunk files → index → provisional point →
 * intents and index read again → confirmation. Every step may be repeated after a crash or a lost
 * answer: objects are named by their content or by numbers that are never reused.
 *
 * Chunk files are sent while the capture still runs; the rest follows once the point is captured.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { BaseDb, CapturedPoint } from '../cache/base-db.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { decodePointManifest, type PointManifest } from '../format/point.ts'
import type { Vault } from '../vault/vault.ts'
import { numberCaptured } from './number-captured.ts'

/** Chunk files on their way at the same time. */
const lanes = 2

export interface TransferDeps {
  readonly vault: Vault
  readonly base: BaseDb
  readonly chunks: ChunkFolder
  readonly sealPoint: (manifest: PointManifest) => Buffer
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Bytes of objects that are in the vault now and were not before. */
  readonly onPut: (sizeBytes: number) => void
}

export class Transfer {
  readonly #deps: TransferDeps
  readonly #waiting: { name: ChunkFileName; sizeBytes: number }[] = []
  readonly #sent = new Set<ChunkFileName>()
  readonly #lanes = new Set<Promise<void>>()
  #failure: Error | undefined

  constructor(deps: TransferDeps) {
    this.#deps = deps
  }

  /** Sends a complete chunk file of the cache in the background. A failure shows in `settle`. */
  send(file: { readonly name: ChunkFileName; readonly sizeBytes: number }): void {
    this.#waiting.push(file)
    if (this.#lanes.size === lanes) return
    const lane: Promise<void> = this.#run().finally(() => this.#lanes.delete(lane))
    this.#lanes.add(lane)
  }

  /** Resolves when everything that was handed to `send` is in the vault; throws what stopped it. */
  async settle(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(this.#lanes)
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * Brings all captured points that the vault has not confirmed into it, oldest first. Returns those
   * it confirmed. Throws the store's error; what was done stays done.
   */
  async confirmCaptured(): Promise<CapturedPoint[]> {
    const { base, vault } = this.#deps
    for (const file of base.waitingChunkFiles(vault.id)) {
      if (!this.#sent.has(file.name)) this.send(file)
    }
    await this.settle()
    await this.#writeIndex()
    await numberCaptured(this.#deps)
    const points = base.unconfirmedPoints(vault.id)
    for (const point of points) await this.#confirm(point)
    return points
  }

  async #run(): Promise<void> {
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) {
      if (this.#failure !== undefined) continue
      try {
        await this.#put(file)
      } catch (error) {
        this.#failure = error as Error
      }
    }
  }

  async #put(file: { readonly name: ChunkFileName; readonly sizeBytes: number }): Promise<void> {
    const { vault, chunks, signal, onPut } = this.#deps
    const body = { path: chunks.pathOf(file.name), sizeBytes: file.sizeBytes }
    const isNew = await vault.store.put(vault.layout.chunk(file.name), body, { signal })
    this.#sent.add(file.name)
    if (isNew) onPut(file.sizeBytes)
  }

  /** Lists what the vault now holds; only then do the chunk files count as placed there. */
  async #writeIndex(): Promise<void> {
    const { base, vault, onPut } = this.#deps
    const { keyspace } = vault.keys
    const chunkFiles = base.waitingChunkFiles(vault.id)
    if (chunkFiles.length === 0) return
    const unsent = chunkFiles.find((file) => !this.#sent.has(file.name))
    if (unsent !== undefined) throw new Error(`chunk file ${unsent.name} would be indexed before it is in the vault`)
    const { sequence, sizeBytes } = await vault.writeIndex(base.lastIndexSeen(vault.id, keyspace), {
      chunkFiles,
      supersedes: [],
    })
    base.mergeIndex(vault.id, keyspace, sequence, chunkFiles)
    onPut(sizeBytes)
  }

  async #confirm(point: CapturedPoint): Promise<void> {
    const { base, vault, clock, onPut } = this.#deps
    const manifest = decodePointManifest(point.manifest, 'captured point')
    if (await vault.putPoint(manifest, point.object)) onPut(point.object.length)
    await this.#lookAgain(manifest)
    await vault.confirmPoint(manifest, point.object, clock.nowMs())
    base.confirm(vault.id, point.id)
  }

  /**
   * The second look: once the provisional point is visible, no clean-up may have condemned what it
   * needs. Intents are read first, the index after them (the other order loses data; see the model).
   */
  async #lookAgain(manifest: PointManifest): Promise<void> {
    const { base, vault } = this.#deps
    const intents = await vault.openIntents()
    if (intents.length > 0) throw new AgentError('vault.cleaning', { address: vault.store.address, point: manifest.id })
    if (await refreshIndex(base, vault)) {
      throw new AgentError('store.failed', {
        address: vault.store.address,
        reason: 'it was put back to an older state while the backup ran',
      })
    }
  }
}

/** True for an error that says the vault does not take data now; what was captured waits in the cache. */
export function isVaultTrouble(error: unknown): error is AgentError {
  return (
    isAgentError(error, 'vault.unreachable') ||
    isAgentError(error, 'vault.replaced') ||
    isAgentError(error, 'vault.full') ||
    isAgentError(error, 'vault.denied') ||
    isAgentError(error, 'vault.cleaning') ||
    isAgentError(error, 'store.failed') ||
    isAgentError(error, 'store.conflict')
  )
}

/**
 * Reads the index segments of a vault that the base has not seen yet. A vault that lacks the last one
 * that was seen has been put back from an older copy: everything known about it is read again, and the
 * points that wait for it are taken back, since they may rest on what that copy lacks; their payload stays
 * in the cache and counts for the next capture. Returns true when that was the case. Throws the store's error.
 */
export async function refreshIndex(base: BaseDb, vault: Vault): Promise<boolean> {
  const { keyspace } = vault.keys
  const lastSeen = base.lastIndexSeen(vault.id, keyspace)
  const isOlder = lastSeen >= 0 && (await vault.store.stat(vault.layout.indexSegment(lastSeen))) === undefined
  if (isOlder) base.forgetVault(vault.id)
  for await (const { sequence, segment } of vault.readIndex(base.lastIndexSeen(vault.id, keyspace))) {
    base.mergeIndex(vault.id, keyspace, sequence, segment.chunkFiles)
  }
  return isOlder
}
