/**
 * Checks a vault by its own objects alone; nothing of the cache is believed. In this order, which is the reverse of
 * writing, so that a backup that runs meanwhile raises no alarm:
 *  1. vault.json, facts, key slots, definitions (check-objects)
 *  2. points and confirmations (check-objects), marks, audit journal, ledger, clean-ups (check-records), then the index
 *  3. chunk files: there, in their length; tree files and the chosen data files read whole (scan-chunk-files)
 *  4. the trees of all confirmed points: whom does what was found hurt? (walk-points)
 * A listing alone reads no chunk file in 3, and does 4 only to say whom damage hurts.
 */
import { type Random, systemRandom } from '../base/random.ts'
import type { Task } from '../base/task.ts'
import type { VaultChunkFile, VaultIndex } from '../cache/vault-index.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import { inLanes } from '../vault/in-lanes.ts'
import type { Vault } from '../vault/vault.ts'
import type { BlockNeeds } from './block-needs.ts'
import {
  type CheckedPoint,
  checkDefinitions,
  checkIndex,
  checkPoints,
  checkVaultFacts,
  type SeenPoint,
} from './check-objects.ts'
import { checkAudit, checkCleanUps, checkMarks } from './check-records.ts'
import type { Damage } from './damage-log.ts'
import { chooseByRotation, chooseByShare, type OldestUnverified, oldestUnverified } from './plan-reading.ts'
import type { ProofRecord } from './proof-record.ts'
import { ChunkScanner, type ScanOptions, type StoredChunkFile } from './scan-chunk-files.ts'
import { VaultView } from './vault-view.ts'
import { PointWalk } from './walk-points.ts'

/** Points whose trees are walked at the same time: a vault may be far away. */
const lanes = 16

/** What is proven: names and lengths; also the SHA-256 of what is read; also every tag and block id in it. */
export type CheckLevel = 'listing' | 'hash' | 'open'

/** What is known of earlier verifications, and how often each chunk file is to be read. */
export interface Rotation {
  readonly record: ProofRecord
  readonly days: number
  readonly nowMs: () => number
}

export interface VaultCheckRequest {
  readonly vault: Vault
  /** `open` when left out. */
  readonly level?: CheckLevel
  /** How many of the data chunk files are read whole, 0 to 100; left out: those whose turn it is. */
  readonly readDataPercent?: number
  /** Points that this home has seen confirmed there, the newest of its items: what is missing at the end no object tells. */
  readonly seen?: readonly SeenPoint[]
  /** What is proven is noted here. Without it and without a percentage all is read. */
  readonly rotation?: Rotation
  readonly task: Task
  /** Picks the data chunk files. */
  readonly random?: Random
}

export interface VaultCheck {
  /** Objects that were looked at, listed or read. */
  readonly objects: number
  readonly bytesRead: number
  /** Chunk files that the index names. */
  readonly chunkFiles: number
  /** Those of them that were read whole. */
  readonly chunkFilesRead: number
  /** Those of them that are not there. */
  readonly chunkFilesMissing: number
  /** Points without a confirmation. */
  readonly provisional: number
  /** Confirmed points that can be opened. */
  readonly points: readonly CheckedPoint[]
  /** Which copies of blocks are where, and which of them were found damaged. */
  readonly index: VaultIndex
  /** Chunk files that are not in the index. */
  readonly spare: readonly StoredChunkFile[]
  /** Those of them that no clean-up has taken out or condemned. */
  readonly unindexed: readonly StoredChunkFile[]
  /** False: what clean-ups have announced or done cannot be read. */
  readonly isCleaningKnown: boolean
  /** What points need of what was found damaged. */
  readonly needs: BlockNeeds
  /** What of a point cannot be restored: files, and folders of which not everything is known any more, by their paths. */
  readonly lackOf: (point: CheckedPoint) => Promise<readonly Buffer[]>
  /** Undefined without a record, and in a vault without chunk files. */
  readonly oldestUnverified: OldestUnverified | undefined
  /** Empty: the vault is whole, as far as was read. By object and offset. */
  readonly damaged: readonly Damage[]
  /** What is no damage but worth knowing, as sentences. */
  readonly remarks: readonly string[]
}

/**
 * Checks a vault. Throws what the vault itself throws (`vault.unreachable` …) and the task's abort reason;
 * damage is an answer, not an error. Memory: about 96 MiB, and 60 bytes for each block of the vault.
 */
export async function checkVault(request: VaultCheckRequest): Promise<VaultCheck> {
  return await new VaultChecker(request).check()
}

/** Checks a vault, once or several times: what was read whole before is not read again. */
export class VaultChecker {
  readonly #request: VaultCheckRequest
  readonly #scanner: ChunkScanner
  #bytesRead = 0

  constructor(request: VaultCheckRequest) {
    this.#request = request
    this.#scanner = new ChunkScanner(scanOptionsOf(request))
  }

  /** As `checkVault`. */
  async check(): Promise<VaultCheck> {
    const { vault, task, rotation, seen = [] } = this.#request
    const view = new VaultView(vault, task)
    task.setPhase('verify')
    await checkVaultFacts(view)
    const itemNames = await checkDefinitions(view)
    const { confirmed, provisional } = await checkPoints(view, itemNames, seen)
    await checkMarks(view)
    await checkAudit(view)
    if (provisional > 0) {
      view.remarks.push(`Points that were never confirmed (left by an interrupted run): ${provisional}.`)
    }
    const cleanUps = await checkCleanUps(view)
    if (cleanUps.openIntents > 0) {
      view.remarks.push(`Clean-ups that were begun and have not ended: ${cleanUps.openIntents}.`)
    }
    const { index, damages } = await checkIndex(view, cleanUps.gone)
    const scan = await this.#scanner.scan(view, index)
    const isTaken = ({ name }: StoredChunkFile) => cleanUps.gone.has(name) || cleanUps.condemned.has(name)
    const unindexed = scan.unindexed.filter((file) => !isTaken(file))
    view.remarks.push(
      ...remarksOn('Chunk files that no index segment names (left by an interrupted run)', unindexed),
      ...remarksOn(
        'Chunk files that were taken out of the index, and that a clean-up removes',
        scan.unindexed.filter(isTaken),
      ),
    )
    const needs = await this.#walk(view, index, damages, confirmed)
    explainUnhurt(view, index)
    this.#bytesRead += view.bytesRead
    return {
      objects: view.objects,
      bytesRead: this.#bytesRead,
      chunkFiles: index.files.length,
      chunkFilesRead: scan.filesRead,
      chunkFilesMissing: index.files.length - scan.stored.length,
      provisional,
      points: confirmed,
      index,
      spare: scan.unindexed,
      unindexed,
      isCleaningKnown: cleanUps.isKnown,
      needs,
      lackOf: async (point) => {
        const walk = new PointWalk(view, index, damages)
        await walk.walk(point)
        return [...walk.missing.values()]
      },
      oldestUnverified: rotation && oldestUnverified(scan.stored, rotation.record, rotation.nowMs()),
      damaged: view.log.toList(),
      remarks: view.remarks,
    }
  }

  async #walk(
    view: VaultView,
    index: VaultIndex,
    indexDamages: readonly number[],
    points: readonly CheckedPoint[],
  ): Promise<BlockNeeds> {
    const { level = 'open', task } = this.#request
    const walk = new PointWalk(view, index, indexDamages)
    if (level === 'listing' && view.log.count === 0) return walk.needs
    await inLanes(points, lanes, async (point) => {
      task.add({ current: point.name })
      await walk.walk(point)
    })
    judge(view, index, walk.needs)
    return walk.needs
  }
}

function remarksOn(what: string, files: readonly StoredChunkFile[]): string[] {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return files.length === 0 ? [] : [`${what}: ${files.length}, ${bytes} bytes.`]
}

/** Damage in a chunk file that no point is hurt by, and that takes nothing with it that points need, is harmless. */
function judge(view: VaultView, index: VaultIndex, needs: BlockNeeds): void {
  for (const damage of view.log.all) {
    const chunk = parseChunkName(damage.object)
    if (chunk === undefined || index.file(chunk) === undefined) continue
    if (damage.points.size === 0 && !needs.needsFile(chunk)) damage.state = 'harmless'
  }
}

function scanOptionsOf({ level = 'open', readDataPercent, rotation, random }: VaultCheckRequest): ScanOptions {
  const chooseData = (files: readonly VaultChunkFile[]): readonly VaultChunkFile[] => {
    if (readDataPercent !== undefined) return chooseByShare(files, readDataPercent, random ?? systemRandom)
    if (rotation === undefined) return files
    return chooseByRotation(files, rotation.record, { days: rotation.days, nowMs: rotation.nowMs() })
  }
  return {
    depth: level === 'hash' ? 'hash' : 'open',
    ...(rotation && { proofs: rotation }),
    choose: (files) => {
      if (level === 'listing') return []
      const isTree = ({ kind }: VaultChunkFile) => kind === 'tree'
      return [...files.filter(isTree), ...chooseData(files.filter((file) => !isTree(file)))]
    },
  }
}

/** Says why lost blocks hurt no file: they are whole elsewhere, or nobody needs them. */
function explainUnhurt(view: VaultView, index: VaultIndex): void {
  const redundant = new Map<number, boolean>()
  for (const block of index.damagedBlocks()) {
    const damage = index.damageOf(block)
    const isElsewhere = index.copiesOf(block).some((copy) => index.damageOf(copy) === 0)
    redundant.set(damage, isElsewhere && (redundant.get(damage) ?? true))
  }
  for (const [number, isElsewhere] of redundant) {
    const damage = view.log.get(number)
    if (damage.points.size > 0) continue
    damage.remark = isElsewhere ? 'its blocks are whole in other chunk files' : 'no point needs its blocks'
  }
}
