/**
 * The chunk files of the index against those of the vault: all must be there in their length; those that are chosen are
 * read whole. What is damaged is marked in the index, block by block. Whole files are proven by threads where the vault
 * is a local folder (prover-pool.ts); what those do not find whole is examined here, place by place.
 */

import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { isAgentError } from '../base/agent-error.ts'
import type { WrongPlace } from '../cache/chunk-examination.ts'
import { examineChunkFile } from '../cache/examine-chunk-file.ts'
import type { ChunkFileBytes } from '../cache/sequential-bytes.ts'
import type { VaultChunkFile, VaultIndex } from '../cache/vault-index.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { ensure } from '../format/invalid.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import { inLanes } from '../vault/in-lanes.ts'
import { readAhead } from '../vault/read-ahead.ts'
import type { ProofDepth } from './chunk-file-prover.ts'
import type { ProofRecord } from './proof-record.ts'
import { ProverPool } from './prover-pool.ts'
import type { VaultView } from './vault-view.ts'

/** Chunk files up to this come whole with one request: each costs the way to the vault. */
const shortSizeBytes = 2 ** 20
/** What a longer one takes of memory, at most. */
const longMemoryBytes = 32 * 2 ** 20
/** Through the store two long ones are read at the same time, and short ones beside them. */
const memoryThroughStoreBytes = 2 * longMemoryBytes + 16 * shortSizeBytes
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
  /** Chunk files in the vault that no index segment names. */
  readonly unindexed: readonly StoredChunkFile[]
}

/** Checks the chunk files of a vault, once or several times: what was read whole before is not read again. */
export class ChunkScanner {
  readonly #options: ScanOptions
  /** Wrong places of every chunk file that was looked at. */
  readonly #results = new Map<ChunkFileName, readonly WrongPlace[]>()
  #firstSeen: ReadonlySet<ChunkFileName> | undefined

  constructor(options: ScanOptions) {
    this.#options = options
  }

  async scan(view: VaultView, index: VaultIndex): Promise<ChunkScan> {
    const { stored, unindexed } = await listChunkFiles(view, index)
    await this.#options.proofs?.record.keepOnly(stored)
    const pass = new ScanPass(view, index, stored, this.#options, this.#results)
    let chosen = this.#plan(index, stored)
    await using pool = startPool(view, chosen, this.#options.depth)
    pass.repeat()
    while (chosen.length > 0) {
      view.task.expect({
        bytes: (view.task.progress.bytesExpected ?? 0) + chosen.reduce((sum, file) => sum + file.sizeBytes, 0),
      })
      await pass.read(chosen, pool)
      // Another copy counts as whole only when it was looked at.
      chosen = otherCopies(index).filter(({ name }) => !this.#results.has(name))
    }
    const filesRead = [...this.#results.keys()].filter((name) => stored.has(name)).length
    return { filesRead, stored: [...stored.values()], unindexed }
  }

  /** The files to read: those that are not as the index says, the chosen ones, and what has come since the first time. */
  #plan(index: VaultIndex, stored: ReadonlyMap<ChunkFileName, StoredChunkFile>): readonly VaultChunkFile[] {
    const firstSeen = this.#firstSeen
    const files = index.files.filter(({ name }) => !this.#results.has(name))
    this.#firstSeen ??= new Set(files.map(({ name }) => name))
    if (firstSeen !== undefined) return files.filter(({ name }) => !firstSeen.has(name))
    const isSuspect = (file: VaultChunkFile) => stored.get(file.name)?.sizeBytes !== file.sizeBytes
    return [...files.filter(isSuspect), ...this.#options.choose(files.filter((file) => !isSuspect(file)))]
  }
}

function startPool(view: VaultView, files: readonly VaultChunkFile[], depth: ProofDepth): ProverPool | undefined {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (view.vault.store.localPath === undefined || bytes < pooledFromBytes) return undefined
  return new ProverPool({ keys: view.vault.keys, depth }, Math.min(availableParallelism(), maxThreadCount))
}

async function listChunkFiles(
  view: VaultView,
  index: VaultIndex,
): Promise<{
  readonly stored: ReadonlyMap<ChunkFileName, StoredChunkFile>
  readonly unindexed: readonly StoredChunkFile[]
}> {
  const { store, layout } = view.vault
  const { signal } = view.task
  const stored = new Map<ChunkFileName, StoredChunkFile>()
  const unindexed: StoredChunkFile[] = []
  let unknown = 0
  const known = [
    layout.keys,
    layout.index,
    layout.indexGone,
    layout.points,
    layout.marks,
    layout.tombstones,
    layout.definitions,
    layout.intents,
    layout.audit,
  ]
  for await (const { name, sizeBytes, modifiedAtMs } of store.list(layout.root, { signal })) {
    const chunk = parseChunkName(name)
    if (chunk !== undefined && index.file(chunk) !== undefined) {
      stored.set(chunk, { name: chunk, sizeBytes, storedAtMs: modifiedAtMs })
    } else if (chunk !== undefined) {
      unindexed.push({ name: chunk, sizeBytes, storedAtMs: modifiedAtMs })
    } else if (name !== layout.facts && !known.some((prefix) => name.startsWith(prefix))) {
      unknown++
    }
  }
  view.objects += stored.size + unindexed.length
  if (unknown > 0) view.remarks.push(`Objects that this version does not know: ${unknown}.`)
  return { stored, unindexed }
}

/** One time through the chunk files of an index. */
class ScanPass {
  readonly #view: VaultView
  readonly #index: VaultIndex
  readonly #stored: ReadonlyMap<ChunkFileName, StoredChunkFile>
  readonly #options: ScanOptions
  readonly #results: Map<ChunkFileName, readonly WrongPlace[]>

  constructor(
    view: VaultView,
    index: VaultIndex,
    stored: ReadonlyMap<ChunkFileName, StoredChunkFile>,
    options: ScanOptions,
    results: Map<ChunkFileName, readonly WrongPlace[]>,
  ) {
    this.#view = view
    this.#index = index
    this.#stored = stored
    this.#options = options
    this.#results = results
  }

  /** Notes again what was found the times before. */
  repeat(): void {
    for (const [name, wrong] of this.#results) {
      const file = this.#index.file(name)
      if (file !== undefined) this.#note(file, wrong)
    }
  }

  /** Reads these files in their order, several at a time. */
  async read(files: readonly VaultChunkFile[], pool: ProverPool | undefined): Promise<void> {
    const { task, vault } = this.#view
    const read = async (file: VaultChunkFile) => {
      task.throwIfAborted()
      task.add({ current: vault.layout.chunk(file.name) })
      await this.#readFile(file, pool)
    }
    if (pool !== undefined) {
      await inLanes(files, pool.laneCount, read)
      return
    }
    const sized = files.map((file) => {
      const sizeBytes = this.#stored.get(file.name)?.sizeBytes ?? 0
      return { file, sizeBytes: sizeBytes <= shortSizeBytes ? sizeBytes : longMemoryBytes }
    })
    const inTurn = readAhead(sized, async ({ file }) => await read(file), { maxBytes: memoryThroughStoreBytes })
    for await (const { result } of inTurn) await result
  }

  async #readFile(file: VaultChunkFile, pool: ProverPool | undefined): Promise<void> {
    const wrong = await this.#wrongPlaces(file, pool)
    this.#results.set(file.name, wrong)
    this.#note(file, wrong)
    const { proofs } = this.#options
    if (wrong.length === 0) proofs?.record.add(file.name, proofs.nowMs())
  }

  async #wrongPlaces(file: VaultChunkFile, pool: ProverPool | undefined): Promise<readonly WrongPlace[]> {
    const { task } = this.#view
    const sizeBytes = this.#stored.get(file.name)?.sizeBytes
    if (sizeBytes !== undefined && (sizeBytes !== file.sizeBytes || !(await this.#isProven(file, pool)))) {
      return await this.#examine(file, sizeBytes)
    }
    task.add({ bytes: file.sizeBytes })
    if (sizeBytes !== undefined) return []
    return [{ offset: 0, reason: 'the chunk file is missing', extents: [0, Number.POSITIVE_INFINITY] }]
  }

  #note(file: VaultChunkFile, wrong: readonly WrongPlace[]): void {
    for (const { offset, reason, extents } of wrong) {
      const damage = this.#view.log.add(this.#view.vault.layout.chunk(file.name), offset, reason)
      this.#index.markSuspect(file)
      if (extents !== undefined) this.#index.markDamaged(file, extents, damage)
    }
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

  async #examine(file: VaultChunkFile, sizeBytes: number): Promise<readonly WrongPlace[]> {
    const { vault, task } = this.#view
    const object = vault.layout.chunk(file.name)
    const stored = this.#view.chunkBytes(file.name, sizeBytes)
    // Nothing can be asked of an empty one.
    const isWhole = sizeBytes > 0 && sizeBytes <= shortSizeBytes
    const bytes = isWhole ? await inMemory(stored) : stored
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
    return wrong
  }
}

/** The same bytes, read at once; as they were where not all of them can be read: what can be is still looked for. */
async function inMemory(bytes: ChunkFileBytes): Promise<ChunkFileBytes> {
  const { sizeBytes } = bytes
  try {
    const all = await bytes.read(0, sizeBytes)
    return {
      sizeBytes,
      read: async (offset, length) => {
        ensure(offset + length <= sizeBytes, 'chunk file', offset, 'cut off')
        return all.subarray(offset, offset + length)
      },
    }
  } catch (error) {
    if (!isAgentError(error, 'format.invalid')) throw error
    return bytes
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
