/**
 * One clean-up of a vault, in the order of docs/format/write-order.md, *Deleting*:
 *  1. look: points, intents, index; walk the trees of all points that stay (vault-look)
 *  2. end this home's intents that are due: remove what is left of their points, index-gone, delete, end (end-intents)
 *  3. plan: what nothing needs, what is sparse (plan-prune)
 *  4. merge what is sparse: new chunk files, read back, indexed (merge-chunks); read the copies that count of needed blocks in
 *     whatever else goes. A chunk file that turns out to be damaged holds nothing that counts, and stays: 3 and 4 once more, since
 *     another copy of what was in it is needed now
 *  5. compact the index
 *  6. put the intent; look again
 *  7. remove the points that are still to go (remove-points)
 *  8. without a grace time, end the intent at once; otherwise a later run does, in 2
 * Where the vault may not delete, only 1 and 3 are done, and the result says what waits.
 * It may be stopped or killed between any two of them: what is begun is found again by the next run, in the vault itself.
 */
import { type AgentError, isAgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { Task } from '../base/task.ts'
import type { VaultIndex } from '../cache/vault-index.ts'
import type { ChunkFileName, HomeId } from '../contract/ids.ts'
import type { Intent } from '../format/clean-up.ts'
import type { PointManifest } from '../format/point.ts'
import { forgetEndedIntents, type OpenIntent, putIntent } from '../vault/clean-ups.ts'
import { compactIndex, maxLiveSegments } from '../vault/compact-index.ts'
import type { KeyspaceManifests } from '../vault/manifest-memory.ts'
import type { Vault } from '../vault/vault.ts'
import { writeSegment } from '../vault/write-segment.ts'
import { type EndedIntents, endIntents } from './end-intents.ts'
import { type MergedFiles, mergeChunkFiles } from './merge-chunks.ts'
import { findDamaged } from './open-kept.ts'
import { type PrunePlan, planPrune } from './plan-prune.ts'
import { type RemovablePoint, type Removal, removePoints } from './remove-points.ts'
import { isReadable, type VaultPoint } from './vault-contents.ts'
import { type LookDeps, VaultLook } from './vault-look.ts'

/** One intent names at most so many chunk files, so that it stays far below the bound of small objects. */
const maxIntentChunkFiles = 100_000

export interface PruneRequest {
  readonly home: HomeId
  readonly machine: string
  /** User and machine, for tombstones. */
  readonly who: string
  /** So long after it was announced nothing is deleted. */
  readonly graceMs: number
  readonly maxUnusedPercent?: number | undefined
  /** Which of all points nothing keeps any more. */
  readonly choose: (points: readonly VaultPoint[]) => readonly RemovablePoint[]
  /** What to throw of a point that stays and whose manifest is damaged: what it needs may be anything. */
  readonly unreadable: (point: VaultPoint) => AgentError
  /** Points that wait in the cache of this home. */
  readonly captured: readonly PointManifest[]
  /** True for chunk files that stay, whatever is in them; `storedAtMs` by the store's clock. */
  readonly isSpared: (name: ChunkFileName, storedAtMs: number) => boolean
}

export interface PruneDeps {
  readonly vault: Vault
  readonly manifests: KeyspaceManifests
  readonly pagesOf: (index: VaultIndex) => (id: Uint8Array) => Promise<Uint8Array>
  /** For chunk files under way. */
  readonly workFolder: string
  readonly clock: Clock
  readonly task: Task
}

/** What a clean-up would do. */
export interface PlannedPrune {
  readonly points: readonly RemovablePoint[]
  readonly plan: PrunePlan
  /** Announced by this home and not deleted yet: what is due, and what waits. */
  readonly due: AnnouncedFiles
  readonly waiting: AnnouncedFiles
  /** Blocks that points need and no chunk file of the index holds: damage, which a clean-up neither mends nor makes worse. */
  readonly unindexedBlocks: number
}

export interface AnnouncedFiles {
  readonly files: number
  readonly bytes: number
  /** The earliest; undefined: there are none. */
  readonly dueAtMs?: number
}

export interface PruneResult extends PlannedPrune {
  readonly removedPoints: number
  /** Chunk files that this run announced, and when they are due. */
  readonly announced: AnnouncedFiles
  readonly merged: { readonly files: number; readonly intoFiles: number; readonly intoBytes: number }
  /** That stay since what is needed of them is damaged, as far as it was read. */
  readonly damagedFiles: number
  readonly deleted: { readonly files: number; readonly bytes: number }
  readonly takenBack: number
  /** Why the vault did not let go of something; undefined when it did. Nothing was changed where it may not delete at all. */
  readonly refusal?: string
}

/** Says what `runPrune` would do; writes nothing to the vault. Throws as it does. */
export async function lookPrune(request: PruneRequest, deps: PruneDeps): Promise<PlannedPrune> {
  return await new Prune(request, deps).look()
}

/**
 * Cleans up. Throws `vault.damaged`, `format.invalid` and what `unreadable` answers where it is not known what is needed (nothing
 * is deleted then), the store's errors and the task's abort reason.
 */
export async function runPrune(request: PruneRequest, deps: PruneDeps): Promise<PruneResult> {
  return await new Prune(request, deps).run()
}

const nothingMerged: MergedFiles = { merged: [], emptied: [], damaged: [] }

/** What merging has come to. */
interface Merging {
  /** As it stands now. */
  readonly look: VaultLook
  readonly plan: PrunePlan
  /** What earlier ones emptied is dead by the plan. */
  readonly merges: readonly MergedFiles[]
  /** Chunk files that were found damaged. */
  readonly damaged: ReadonlySet<ChunkFileName>
}

interface Ended extends EndedIntents {
  readonly removedPoints: number
  /** The vault is to be looked at anew. */
  readonly hasChanged: boolean
}

class Prune {
  readonly #request: PruneRequest
  readonly #deps: PruneDeps
  readonly #lookDeps: LookDeps

  constructor(request: PruneRequest, deps: PruneDeps) {
    const { vault, manifests, pagesOf, task } = deps
    const { choose, captured, unreadable } = request
    this.#request = request
    this.#deps = deps
    const onPoint = () => task.add({ files: 1 })
    this.#lookDeps = { vault, manifests, choose, captured, unreadable, pagesOf, signal: task.signal, onPoint }
  }

  async look(): Promise<PlannedPrune> {
    this.#deps.task.setPhase('estimate')
    const look = await VaultLook.first(this.#lookDeps)
    return this.#planned(look, this.#plan(look))
  }

  async run(): Promise<PruneResult> {
    const { task, vault } = this.#deps
    if (vault.store.mayDelete === false) return whatWaits(await this.look())
    task.setPhase('estimate')
    const first = await VaultLook.first(this.#lookDeps)
    task.setPhase('commit')
    const due = await this.#end(this.#ownIntents(first).due, first)
    const merging = await this.#mergeSparse(due.hasChanged ? await first.again(this.#lookDeps) : first)
    const { look, plan } = merging
    const planned = this.#planned(look, plan)
    const compacted = await this.#compact(look)
    task.setPhase('commit')
    const intents = await this.#announce(look, plan, compacted)
    const second = intents.length > 0 ? await look.again(this.#lookDeps) : look
    const isDue = this.#request.graceMs === 0
    const now = await this.#end(isDue ? intents : [], second, intents)
    if (now.refusal === undefined) await this.#forgetEnded(second)
    return this.#result(planned, { merging, intents: isDue ? [] : intents, second, ended: [due, now] })
  }

  /**
   * Removes the points that `announced` intents name and that are still to go, then ends `due` ones. To what is deleted all
   * other points are roots, also those that nothing keeps any more: their removal is not announced yet. While the manifest of one
   * of those is damaged, nobody knows what it needs, and the intents wait until it is gone.
   */
  async #end(due: readonly OpenIntent[], look: VaultLook, announced = due): Promise<Ended> {
    const { vault, clock, task } = this.#deps
    const nothing = { deletedFiles: 0, deletedBytes: 0, takenBack: [], removedPoints: 0, hasChanged: false }
    if (announced.length === 0) return nothing
    const named = new Set(announced.flatMap(({ points }) => points.map(({ point }) => point)))
    const others = look.removable.filter(({ point }) => !named.has(point.listed.point))
    if (!others.every(({ point }) => isReadable(point))) return nothing
    const safe = await look.keeping(others, this.#lookDeps)
    let removal: Removal
    try {
      const by = { who: this.#request.who, nowMs: clock.nowMs(), signal: task.signal }
      removal = await removePoints(vault, safe.removable, by)
    } catch (error) {
      if (!isAgentError(error, 'vault.denied')) throw error
      return { ...nothing, refusal: error.data.reason, hasChanged: true }
    }
    const { removed: removedPoints, locked } = removal
    const isKnown = locked.every(({ point }) => isReadable(point))
    const ended = await endIntents(
      isKnown ? due : [],
      isKnown ? await safe.keeping(locked, this.#lookDeps) : safe,
      this.#deps,
    )
    const refusal = ended.refusal ?? removal.refusal
    return {
      ...ended,
      removedPoints,
      hasChanged: due.length > 0,
      ...(refusal !== undefined && { refusal }),
    }
  }

  async #forgetEnded({ contents }: VaultLook): Promise<void> {
    const { vault, clock } = this.#deps
    await forgetEndedIntents(vault, contents.endedIntents, { home: this.#request.home, nowMs: clock.nowMs() })
  }

  #result(
    planned: PlannedPrune,
    done: {
      readonly merging: Merging
      readonly intents: readonly OpenIntent[]
      readonly second: VaultLook
      readonly ended: readonly Ended[]
    },
  ): PruneResult {
    const { merging, intents, second, ended } = done
    const { merges, damaged } = merging
    const merged = merges.flatMap((merge) => merge.merged)
    const sum = (of: (end: Ended) => number) => ended.reduce((total, end) => total + of(end), 0)
    const refusal = ended.find((end) => end.refusal !== undefined)?.refusal
    return {
      ...planned,
      removedPoints: sum((end) => end.removedPoints),
      announced: announcedIn(intents, second),
      merged: {
        files: merges.reduce((total, { emptied }) => total + emptied.length, 0),
        intoFiles: merged.length,
        intoBytes: merged.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
      },
      damagedFiles: damaged.size,
      deleted: { files: sum((end) => end.deletedFiles), bytes: sum((end) => end.deletedBytes) },
      takenBack: sum((end) => end.takenBack.length),
      ...(refusal !== undefined && { refusal }),
    }
  }

  #planned(look: VaultLook, plan: PrunePlan): PlannedPrune {
    const { due, waiting } = this.#ownIntents(look)
    return {
      points: look.removable,
      plan,
      due: announcedIn(due, look),
      waiting: announcedIn(waiting, look),
      unindexedBlocks: look.unindexedBlocks,
    }
  }

  #ownIntents({ contents }: VaultLook) {
    const own = contents.intents.filter(({ home }) => home === this.#request.home)
    const nowMs = this.#deps.clock.nowMs()
    return { due: own.filter(({ dueAtMs }) => dueAtMs <= nowMs), waiting: own.filter(({ dueAtMs }) => dueAtMs > nowMs) }
  }

  #plan(look: VaultLook, damaged: ReadonlySet<ChunkFileName> = new Set()): PrunePlan {
    const { home, maxUnusedPercent, isSpared } = this.#request
    const { index, intents, listed } = look.contents
    const own = intents.filter((intent) => intent.home === home)
    return planPrune({
      index,
      isLive: (block) => look.isLive(block),
      isIndexWhole: look.isIndexWhole,
      listed,
      condemned: look.condemned,
      damaged,
      condemnedHere: new Set(own.flatMap(({ chunkFiles }) => chunkFiles)),
      isSpared: (name) => isSpared(name, listed.get(name)?.storedAtMs ?? 0),
      maxUnusedPercent,
    })
  }

  /** Plans and merges until nothing that must be whole for it turns out to be damaged. */
  async #mergeSparse(first: VaultLook): Promise<Merging> {
    const damaged = new Set<ChunkFileName>()
    const merges: MergedFiles[] = []
    let look = first
    for (;;) {
      const plan = this.#plan(look, damaged)
      const merge = await this.#merge(plan)
      merges.push(merge)
      const found = merge.damaged.length > 0 ? merge.damaged : await findDamaged(plan.relied, this.#deps)
      if (found.length === 0) return { look, plan, merges, damaged }
      for (const { file } of found) damaged.add(file.name)
      look = await look.again(this.#lookDeps)
    }
  }

  async #merge({ sparse, bytesMerged }: PrunePlan): Promise<MergedFiles> {
    if (sparse.length === 0) return nothingMerged
    const { vault, task } = this.#deps
    task.setPhase('merge')
    task.expect({ bytes: bytesMerged })
    const merge = await mergeChunkFiles(sparse, this.#deps)
    if (merge.merged.length > 0) await writeSegment(vault, { chunkFiles: merge.merged, supersedes: [] })
    return merge
  }

  /** Numbers of segments that are superseded from now on. */
  async #compact({ contents }: VaultLook): Promise<readonly number[]> {
    const { live } = contents.segments
    if (live.length <= maxLiveSegments / 2) return []
    const { segment } = await compactIndex(this.#deps.vault, live, (name) => contents.gone.has(name))
    return segment.supersedes
  }

  async #announce(look: VaultLook, plan: PrunePlan, compacted: readonly number[]): Promise<OpenIntent[]> {
    const { home, machine, graceMs } = this.#request
    const { contents } = look
    const own = contents.intents.filter((intent) => intent.home === home)
    const named = new Set(own.flatMap(({ indexSegments }) => indexSegments))
    const namedGone = new Set(own.flatMap(({ indexGone }) => indexGone))
    const indexSegments = [...contents.segments.superseded, ...compacted].filter((number) => !named.has(number))
    const indexGone = contents.goneObjects.superseded.filter((number) => !namedGone.has(number))
    const chunkFiles = [...plan.dead, ...plan.unindexed, ...plan.sparse.map(({ file }) => file.name)]
    const points = look.removable.map(({ point: { listed } }) => listed)
    if (chunkFiles.length + indexSegments.length + indexGone.length + points.length === 0) return []
    const announcedAtMs = this.#deps.clock.nowMs()
    const intents: OpenIntent[] = []
    for (let from = 0; from === 0 || from < chunkFiles.length; from += maxIntentChunkFiles) {
      const isFirst = from === 0
      const intent: Intent = {
        home,
        machine,
        announcedAtMs,
        dueAtMs: announcedAtMs + graceMs,
        chunkFiles: chunkFiles.slice(from, from + maxIntentChunkFiles),
        indexSegments: isFirst ? indexSegments : [],
        indexGone: isFirst ? indexGone : [],
        points: isFirst ? points.map(({ item, sequence, point }) => ({ item, sequence, point })) : [],
      }
      intents.push(await putIntent(this.#deps.vault, intent))
    }
    return intents
  }
}

/** The result where nothing may be deleted: no point is removed, and nothing is announced or merged that could not go later. */
function whatWaits(planned: PlannedPrune): PruneResult {
  const nothing = { files: 0, bytes: 0 }
  const { plan, due, waiting } = planned
  return {
    ...planned,
    waiting: {
      files: plan.dead.length + plan.unindexed.length + plan.sparse.length + due.files + waiting.files,
      bytes: plan.bytesFreed + due.bytes + waiting.bytes,
    },
    due: nothing,
    removedPoints: 0,
    announced: nothing,
    merged: { files: 0, intoFiles: 0, intoBytes: 0 },
    damagedFiles: 0,
    deleted: nothing,
    takenBack: 0,
    refusal: 'its credentials may not delete',
  }
}

/** What of the chunk files that intents name is still there. */
function announcedIn(intents: readonly OpenIntent[], { contents }: VaultLook): AnnouncedFiles {
  const names = new Set(intents.flatMap(({ chunkFiles }) => chunkFiles))
  let files = 0
  let bytes = 0
  for (const name of names) {
    const there = contents.listed.get(name)
    if (there === undefined) continue
    files++
    bytes += there.sizeBytes
  }
  const dueAtMs = intents.reduce((least, intent) => Math.min(least, intent.dueAtMs), Number.POSITIVE_INFINITY)
  return { files, bytes, ...(intents.length > 0 && { dueAtMs }) }
}
