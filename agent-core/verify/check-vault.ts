/**
 * Checks a vault by its own objects alone; nothing of the cache is believed. In this order, which is the reverse of
 * writing, so that a backup that runs meanwhile raises no alarm:
 *  1. vault.json, facts, key slots, definitions (check-objects)
 *  2. points and confirmations, then the index (check-objects)
 *  3. chunk files: there, in their length; tree files and the chosen data files read whole (scan-chunk-files)
 *  4. the trees of all confirmed points: whom does what was found hurt? (walk-points)
 */
import { type Random, systemRandom } from '../base/random.ts'
import type { Task } from '../base/task.ts'
import type { Vault } from '../vault/vault.ts'
import { checkDefinitions, checkIndex, checkPoints, checkVaultFacts } from './check-objects.ts'
import type { Damage } from './damage-log.ts'
import { scanChunkFiles } from './scan-chunk-files.ts'
import type { VaultIndex } from './vault-index.ts'
import { VaultView } from './vault-view.ts'
import { PointWalk } from './walk-points.ts'

export interface VaultCheckRequest {
  readonly vault: Vault
  /** How many of the data chunk files are read whole: 0 to 100. */
  readonly readDataPercent: number
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
  /** Confirmed points. */
  readonly points: number
  /** Empty: the vault is whole, as far as was read. By object and offset. */
  readonly damaged: readonly Damage[]
  /** What is no damage but worth knowing, as sentences. */
  readonly remarks: readonly string[]
}

/**
 * Checks a vault. Throws what the vault itself throws (`vault.unreachable` …) and the task's abort reason;
 * damage is an answer, not an error. Memory: about 64 MiB, and 60 bytes for each block of the vault.
 */
export async function checkVault(request: VaultCheckRequest): Promise<VaultCheck> {
  const { vault, readDataPercent, task } = request
  const view = new VaultView(vault, task)
  task.setPhase('verify')
  await checkVaultFacts(view)
  const itemNames = await checkDefinitions(view)
  const { confirmed, provisional } = await checkPoints(view, itemNames)
  if (provisional > 0) {
    view.remarks.push(`Points that were never confirmed (left by an interrupted run): ${provisional}.`)
  }
  const intents = await vault.openIntents()
  if (intents.length > 0) view.remarks.push(`Clean-ups that were begun and have not ended: ${intents.length}.`)
  const { index, damages } = await checkIndex(view)
  const { filesRead } = await scanChunkFiles(view, index, readDataPercent, request.random ?? systemRandom)
  const walk = new PointWalk(view, index, damages)
  for (const point of confirmed) {
    task.add({ current: point.name })
    await walk.walk(point)
  }
  explainUnhurt(view, index)
  return {
    objects: view.objects,
    bytesRead: view.bytesRead,
    chunkFiles: index.files.length,
    chunkFilesRead: filesRead,
    points: confirmed.length,
    damaged: view.log.toList(),
    remarks: view.remarks,
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
    damage.reasons.push(isElsewhere ? 'its blocks are whole in other chunk files' : 'no point needs its blocks')
  }
}
