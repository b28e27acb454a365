/**
 * The chunk files of the index against those of the vault: all must be there in their length; those that are chosen are
 * read whole. What is damaged is marked in the index, block by block. Whole files are proven by threads where the vault
 * is a local folder (prover-pool.ts); what those do not find whole is examined here, place by place.
 */

import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { isAgentError } from '../base/agent-error.ts'
import { examineChunkFile } from '../cache/examine-chunk-file.ts'
import type { VaultChunkFile, VaultIndex } from '../cache/vault-index.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import type { ProofDepth } from './chunk-file-prover.ts'
import type { ProofRecord } from './proof-record.ts'
import { ProverPool } from './prover-pool.ts'
import type { VaultView } from './vault-view.ts'

/** Chunk files read at the same time through the store; each takes less than 32 MiB of memory. */
const lanesThroughStore = 2
/** Less is read before a thread has started. */
const pooledFromBytes = 32 * 1024 * 1024
const maxThreadCount = 4
const pieceSizeBytes = 8 * 1024 * 1024

export interface ScanOptions {
  readonly depth: ProofDepth
  /** Which chunk files are read whole, beside those that are missing or have another length. */
  readonly choose: (files: readonly VaultChunkFile[]) => readonly VaultChunkFile[]
  /** Where it is noted what was proven, and when. */
  readonly proofs?: { readonly record: ProofRecord; readonly nowMs: () => number }
}

/** A chunk file as the vault lists it. */
export interface StoredChunkFile {
  readonly name: ChunkFileName
  readonly sizeBytes: number
  /** When the vault got it, ms. */
  readonly storedAtMs: number
}

export interface ChunkScan {
  /** Chunk files that were read whole. */
  readonly filesRead: number
  /** The chunk files of the index that are there. */
  readonly stored: readonly StoredChunkFile[]
}

/** Checks the chunk files. */
export async function scanChunkFiles(view: VaultView, index: VaultIndex, options: ScanOptions): Promise<ChunkScan> {
  const stored = await listChunkFiles(view, index)
  await options.proofs?.record.keepOnly(stored)
  const scan = new Scan(view, index, stored, options)
  let chosen = scan.plan()
  const scanned = new Set<VaultChunkFile>()
  await using pool = startPool(view, chosen, options.depth)
  while (chosen.length > 0) {
    view.task.expect({
      bytes: (view.task.progress.bytesExpected ?? 0) + chosen.reduce((sum, file) => sum + file.sizeBytes, 0),
    })
    for (const file of chosen) scanned.add(file)
    await scan.read(chosen, pool)
    // Another copy counts as whole only when it was looked at.
    chosen = otherCopies(index).filter((file) => !scanned.has(file))
  }
  const filesRead = [...scanned].filter(({ name }) => stored.has(name)).length
  return { filesRead, stored: [...stored.values()] }
}

function startPool(view: VaultView, files: readonly VaultChunkFile[], depth: ProofDepth): ProverPool | undefined {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (view.vault.store.localPath === undefined || bytes < pooledFromBytes) return undefined
  return new ProverPool({ keys: view.vault.keys, depth }, Math.min(availableParallelism(), maxThreadCount))
}

async function listChunkFiles(
  view: VaultView,
  index: VaultIndex,
): Promise<ReadonlyMap<ChunkFileName, StoredChunkFile>> {
  const { store, layout } = view.vault
  const { signal } = view.task
  const stored = new Map<ChunkFileName, StoredChunkFile>()
  const leftovers = { count: 0, bytes: 0, unknown: 0 }
  const known = [layout.keys, layout.index, layout.points, layout.definitions, layout.intents]
  for await (const { name, sizeBytes, modifiedAtMs } of store.list(layout.root, { signal })) {
    const chunk = parseChunkName(name)
    if (chunk !== undefined && index.file(chunk) !== undefined) {
      stored.set(chunk, { name: chunk, sizeBytes, storedAtMs: modifiedAtMs })
    } else if (chunk !== undefined) {
      leftovers.count++
      leftovers.bytes += sizeBytes
    } else if (name !== layout.facts && !known.some((prefix) => name.startsWith(prefix))) {
      leftovers.unknown++
    }
  }
  view.objects += stored.size + leftovers.count
  if (leftovers.count > 0) {
    view.remarks.push(
      `Chunk files that no index segment names (left by an interrupted run): ${leftovers.count}, ${leftovers.bytes} bytes.`,
    )
  }
  if (leftovers.unknown > 0) view.remarks.push(`Objects that this version does not know: ${leftovers.unknown}.`)
  return stored
}

class Scan {
  readonly #view: VaultView
  readonly #index: VaultIndex
  readonly #stored: ReadonlyMap<ChunkFileName, StoredChunkFile>
  readonly #options: ScanOptions

  constructor(
    view: VaultView,
    index: VaultIndex,
    stored: ReadonlyMap<ChunkFileName, StoredChunkFile>,
    options: ScanOptions,
  ) {
    this.#view = view
    this.#index = index
    this.#stored = stored
    this.#options = options
  }

  /** The files to read, those first that are not as the index says. */
  plan(): readonly VaultChunkFile[] {
    const { files } = this.#index
    const isSuspect = (file: VaultChunkFile) => this.#stored.get(file.name)?.sizeBytes !== file.sizeBytes
    return [...files.filter(isSuspect), ...this.#options.choose(files.filter((file) => !isSuspect(file)))]
  }

  /** Reads these files, several at a time. */
  async read(files: readonly VaultChunkFile[], pool: ProverPool | undefined): Promise<void> {
    const view = this.#view
    const waiting = files.values()
    const failed = new AbortController()
    const lane = async (): Promise<void> => {
      try {
        for (const file of waiting) {
          if (failed.signal.aborted) return
          view.task.throwIfAborted()
          view.task.add({ current: view.vault.layout.chunk(file.name) })
          await this.#readFile(file, pool)
        }
      } catch (error) {
        failed.abort()
        throw error
      }
    }
    const results = await Promise.allSettled(Array.from({ length: pool?.laneCount ?? lanesThroughStore }, lane))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  async #readFile(file: VaultChunkFile, pool: ProverPool | undefined): Promise<void> {
    const { vault, log, task } = this.#view
    const object = vault.layout.chunk(file.name)
    const sizeBytes = this.#stored.get(file.name)?.sizeBytes
    if (sizeBytes === undefined) {
      this.#index.markDamaged(file, [0, Number.POSITIVE_INFINITY], log.add(object, 0, 'the chunk file is missing'))
      task.add({ bytes: file.sizeBytes })
      return
    }
    if (sizeBytes === file.sizeBytes && (await this.#isProven(file, pool))) {
      task.add({ bytes: file.sizeBytes })
    } else if (!(await this.#examine(file, sizeBytes))) return
    const { proofs } = this.#options
    proofs?.record.add(file.name, proofs.nowMs())
  }

  /** True when the file is whole; false says nothing. */
  async #isProven(file: VaultChunkFile, pool: ProverPool | undefined): Promise<boolean> {
    const view = this.#view
    const path = view.vault.store.localPath?.(view.vault.layout.chunk(file.name))
    if (pool !== undefined && path !== undefined) {
      const isWhole = await pool.isWhole(path, file)
      if (isWhole) view.bytesRead += file.sizeBytes
      return isWhole
    }
    return this.#options.depth === 'hash' && (await this.#hasItsHash(file))
  }

  async #hasItsHash(file: VaultChunkFile): Promise<boolean> {
    const bytes = this.#view.chunkBytes(file.name, file.sizeBytes)
    const hash = createHash('sha256')
    try {
      for (let offset = 0; offset < file.sizeBytes; offset += pieceSizeBytes) {
        hash.update(await bytes.read(offset, Math.min(pieceSizeBytes, file.sizeBytes - offset)))
      }
    } catch (error) {
      if (!isAgentError(error, 'format.invalid')) throw error
      return false
    }
    return hash.digest('hex') === file.name
  }

  /** Finds and notes every damaged place; true when there is none. */
  async #examine(file: VaultChunkFile, sizeBytes: number): Promise<boolean> {
    const { vault, log, task } = this.#view
    const object = vault.layout.chunk(file.name)
    const bytes = this.#view.chunkBytes(file.name, sizeBytes)
    let reported = 0
    const counted = {
      sizeBytes,
      read: async (offset: number, length: number) => {
        const read = await bytes.read(offset, length)
        const step = Math.min(read.length, file.sizeBytes - reported)
        reported += step
        task.add({ bytes: step })
        return read
      },
    }
    const options = { what: object, indexed: { file, keys: vault.keys }, signal: task.signal }
    const { wrong } = await examineChunkFile(counted, options)
    task.add({ bytes: file.sizeBytes - reported })
    for (const { offset, reason, extents } of wrong) {
      const damage = log.add(object, offset, reason)
      if (extents !== undefined) this.#index.markDamaged(file, extents, damage)
    }
    return wrong.length === 0
  }
}

/** Chunk files that hold another copy of a damaged block. */
function otherCopies(index: VaultIndex): VaultChunkFile[] {
  const files = new Set<VaultChunkFile>()
  for (const block of index.damagedBlocks()) {
    for (const copy of index.copiesOf(block)) if (copy !== block) files.add(index.fileOf(copy))
  }
  return [...files]
}
