/**
 * The chunk files of the index against those of the vault: all must be there in their length; all tree files and the
 * chosen part of the data files are read whole. What is damaged is marked in the index, block by block.
 */
import type { Random } from '../base/random.ts'
import { examineChunkFile } from '../cache/examine-chunk-file.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import type { VaultChunkFile, VaultIndex } from './vault-index.ts'
import type { VaultView } from './vault-view.ts'

/** Chunk files read at the same time; each takes less than 32 MiB of memory. */
const lanes = 2

export interface ChunkScan {
  /** Chunk files that were read whole. */
  readonly filesRead: number
}

/** Checks the chunk files; `readDataPercent` of the data files, picked at random, are read whole. */
export async function scanChunkFiles(
  view: VaultView,
  index: VaultIndex,
  readDataPercent: number,
  random: Random,
): Promise<ChunkScan> {
  const lengths = await listChunkFiles(view, index)
  const scanned = new Set<VaultChunkFile>()
  let chosen = chooseFiles(index, lengths, readDataPercent, random)
  while (chosen.length > 0) {
    view.task.expect({
      bytes: (view.task.progress.bytesExpected ?? 0) + chosen.reduce((sum, file) => sum + file.sizeBytes, 0),
    })
    for (const file of chosen) scanned.add(file)
    await readFiles(view, index, chosen, lengths)
    // Another copy counts as whole only when it was looked at.
    chosen = otherCopies(index).filter((file) => !scanned.has(file))
  }
  return { filesRead: [...scanned].filter(({ name }) => lengths.has(name)).length }
}

async function listChunkFiles(view: VaultView, index: VaultIndex): Promise<ReadonlyMap<ChunkFileName, number>> {
  const { store, layout } = view.vault
  const { signal } = view.task
  const lengths = new Map<ChunkFileName, number>()
  const leftovers = { count: 0, bytes: 0, unknown: 0 }
  const known = [layout.keys, layout.index, layout.points, layout.definitions, layout.intents]
  for await (const { name, sizeBytes } of store.list(layout.root, { signal })) {
    const chunk = parseChunkName(name)
    if (chunk !== undefined && index.file(chunk) !== undefined) {
      lengths.set(chunk, sizeBytes)
    } else if (chunk !== undefined) {
      leftovers.count++
      leftovers.bytes += sizeBytes
    } else if (name !== layout.facts && !known.some((prefix) => name.startsWith(prefix))) {
      leftovers.unknown++
    }
  }
  view.objects += lengths.size + leftovers.count
  if (leftovers.count > 0) {
    view.remarks.push(
      `Chunk files that no index segment names (left by an interrupted run): ${leftovers.count}, ${leftovers.bytes} bytes.`,
    )
  }
  if (leftovers.unknown > 0) view.remarks.push(`Objects that this version does not know: ${leftovers.unknown}.`)
  return lengths
}

function chooseFiles(
  index: VaultIndex,
  lengths: ReadonlyMap<ChunkFileName, number>,
  readDataPercent: number,
  random: Random,
): VaultChunkFile[] {
  const chosen: VaultChunkFile[] = []
  const others: VaultChunkFile[] = []
  for (const file of index.files) {
    const isSuspect = lengths.get(file.name) !== file.sizeBytes
    if (file.kind === 'tree' || isSuspect) chosen.push(file)
    else others.push(file)
  }
  const wanted = Math.ceil((others.length * readDataPercent) / 100)
  for (let picked = 0; picked < wanted; picked++) {
    const at = picked + (random.bytes(6).readUIntLE(0, 6) % (others.length - picked))
    const file = others[at] as VaultChunkFile
    others[at] = others[picked] as VaultChunkFile
    chosen.push(file)
  }
  return chosen
}

async function readFiles(
  view: VaultView,
  index: VaultIndex,
  files: readonly VaultChunkFile[],
  lengths: ReadonlyMap<ChunkFileName, number>,
): Promise<void> {
  const waiting = [...files].reverse()
  const failed = new AbortController()
  const lane = async (): Promise<void> => {
    for (let file = waiting.pop(); file !== undefined && !failed.signal.aborted; file = waiting.pop()) {
      view.task.throwIfAborted()
      view.task.add({ current: view.vault.layout.chunk(file.name) })
      await readFile(view, index, file, lengths.get(file.name))
    }
  }
  const stopping = async (): Promise<void> => {
    try {
      await lane()
    } catch (error) {
      failed.abort()
      throw error
    }
  }
  const results = await Promise.allSettled(Array.from({ length: lanes }, stopping))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

async function readFile(
  view: VaultView,
  index: VaultIndex,
  file: VaultChunkFile,
  sizeBytes: number | undefined,
): Promise<void> {
  const { vault, log, task } = view
  const object = vault.layout.chunk(file.name)
  if (sizeBytes === undefined) {
    index.markDamaged(file, [0, Number.POSITIVE_INFINITY], log.add(object, 0, 'the chunk file is missing'))
    task.add({ bytes: file.sizeBytes })
    return
  }
  const bytes = view.chunkBytes(file.name, sizeBytes)
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
    if (extents !== undefined) index.markDamaged(file, extents, damage)
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
