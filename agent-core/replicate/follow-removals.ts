/**
 * A replica follows what clean-ups have removed from its vault (docs/format/write-order.md, *Replica*), keyspace by keyspace, by
 * clean-ups of its own. In this order:
 *  1. read what the vault says of its removals: index-gone and superseded segments that its list shows, then tombstones
 *  2. end this home's intents in the replica that are due: points → index-gone → chunk files → superseded objects → end
 *  3. announce in the replica what the vault has removed since
 *  4. without a grace time, end that at once
 * It may be cut off anywhere; the next replication goes on. Nothing goes because the vault lacks it.
 */
import { isAgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { ChunkFileName, HomeId, IntentId } from '../contract/ids.ts'
import type { Intent, PointPlace } from '../format/clean-up.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import {
  endIntent,
  forgetEndedIntents,
  listIntents,
  type OpenIntent,
  putIntent,
  readOpenIntents,
} from '../vault/clean-ups.ts'
import { deleteUnlessLocked } from '../vault/let-go.ts'
import { readObject } from '../vault/read-object.ts'
import type { Vault } from '../vault/vault.ts'
import { checkObject } from './check-object.ts'
import { ListedObjectGone } from './copy-keyspace.ts'
import {
  type Evidence,
  type HeldInReplica,
  type PlannedEnd,
  planAnnouncement,
  planEnd,
  planRemovals,
  type Removable,
} from './plan-removals.ts'
import type { ComparedKeyspace } from './plan-replication.ts'
import { readEvidence } from './read-evidence.ts'

/** One intent names at most so many chunk files (docs/format/vault-layout.md, *Intent*). */
const maxIntentChunkFiles = 100_000

/** In whose name a replica lets go, and how long after it has learned of a removal. */
export interface FollowTerms {
  readonly home: HomeId
  /** The machine's name, for intents. */
  readonly machine: string
  readonly graceMs: number
  readonly clock: Clock
}

export interface FollowDeps extends FollowTerms {
  /** One machine's view of both places. */
  readonly vault: Vault
  readonly replica: Vault
  readonly signal: AbortSignal
}

export interface FollowedRemovals {
  readonly points: number
  readonly chunkFiles: number
  /** Of chunk files. */
  readonly bytes: number
  /** Announced in the replica and not due yet. */
  readonly waiting: { readonly points: number; readonly chunkFiles: number; readonly dueAtMs?: number }
  /** Why the replica did not let go of something; undefined when it did. */
  readonly refusal?: string
}

const lostWords = 'the vault lacks points or index segments that nobody removed; see "tharsis vault verify --heal"'

export const nothingFollowed: FollowedRemovals = {
  points: 0,
  chunkFiles: 0,
  bytes: 0,
  waiting: { points: 0, chunkFiles: 0 },
}

/** Throws what the places throw, `format.invalid` where what the vault says of its removals is damaged: then nothing goes. */
export async function followRemovals(compared: ComparedKeyspace, deps: FollowDeps): Promise<FollowedRemovals> {
  const { replica, home, clock } = deps
  const own = (await readOpenIntents(replica)).filter((intent) => intent.home === home)
  const { extra, copies } = compared.plan
  const isExtra = Object.values(extra).some((names) => names.length > 0)
  if (!isExtra && own.length === 0 && copies.indexGone.length === 0) return nothingFollowed
  const evidence = await readEvidence(compared, deps)
  const removable = planRemovals(extra, evidence)
  if (removable === undefined) return { ...nothingFollowed, refusal: lostWords }
  const follower = new Follower(compared, { ...deps, evidence })
  const nowMs = clock.nowMs()
  const due = own.filter(({ dueAtMs }) => dueAtMs <= nowMs)
  await follower.end(due, removable)
  const waiting = own.filter(({ dueAtMs }) => dueAtMs > nowMs)
  const announced = follower.isDenied ? [] : await follower.announce(removable, own)
  if (deps.graceMs === 0) await follower.end(announced, removable)
  else waiting.push(...announced)
  await forgetEndedIntents(replica, (await listIntents(replica)).ended, { home, nowMs })
  return follower.result(waiting)
}

class Follower {
  readonly #deps: FollowDeps & { readonly evidence: Evidence }
  readonly #compared: ComparedKeyspace
  readonly #held: { readonly chunkFiles: Set<ChunkFileName>; readonly gone: Set<string> }
  /** Names of objects that are gone, and of those that are locked. */
  readonly #deleted = new Set<string>()
  readonly #locked = new Set<string>()
  readonly #ended = new Set<IntentId>()
  #points = 0
  #chunkFiles = 0
  #bytes = 0
  refusal: string | undefined
  /** True when nothing may be deleted there. */
  isDenied = false

  constructor(compared: ComparedKeyspace, deps: FollowDeps & { readonly evidence: Evidence }) {
    this.#deps = deps
    this.#compared = compared
    const names = [...compared.replica.chunks.keys(), ...compared.vault.chunks.keys()]
    const chunkFiles = new Set(names.map(parseChunkName).filter((name) => name !== undefined))
    this.#held = { chunkFiles, gone: new Set(compared.replica.indexGone.keys()) } satisfies HeldInReplica
  }

  /**
   * Ends due intents, the first that was due first, as far as the replica lets go; what is left of them is for the next run. Each
   * names all points that need what it names: so a point that is locked holds back its intent and later ones, and none before.
   */
  async end(due: readonly OpenIntent[], removable: Removable): Promise<void> {
    const inOrder = due.toSorted((a, b) => a.dueAtMs - b.dueAtMs)
    try {
      for (let count = 1; count <= inOrder.length; count++) {
        const end = planEnd(inOrder.slice(0, count), removable, this.#held, this.#deps.evidence)
        if (!(await this.#endAs(end))) return
        for (const intent of inOrder.slice(0, count)) await this.#endIfDone(intent, removable)
      }
    } catch (error) {
      if (!isAgentError(error, 'vault.denied')) throw error
      this.isDenied = true
      this.refusal = error.data.reason
    }
  }

  /** False when a point is locked: then nothing goes that it may need. */
  async #endAs(end: PlannedEnd): Promise<boolean> {
    let isLocked = false
    for (const point of end.points) if (!(await this.#removePoint(point))) isLocked = true
    if (isLocked) return false
    for (const name of end.goneToCopy) await this.#copyGone(name)
    for (const name of end.chunkFiles) await this.#removeChunkFile(name)
    await this.#removeSuperseded(end)
    return true
  }

  /** Puts intents for what is not announced yet. */
  async announce(removable: Removable, open: readonly Intent[]): Promise<OpenIntent[]> {
    const { replica, home, machine, graceMs, clock } = this.#deps
    const what = planAnnouncement(removable, open)
    if (what === undefined) return []
    const announcedAtMs = clock.nowMs()
    const intents: OpenIntent[] = []
    for (let from = 0; from === 0 || from < what.chunkFiles.length; from += maxIntentChunkFiles) {
      const isFirst = from === 0
      intents.push(
        await putIntent(replica, {
          home,
          machine,
          announcedAtMs,
          dueAtMs: announcedAtMs + graceMs,
          chunkFiles: what.chunkFiles.slice(from, from + maxIntentChunkFiles),
          indexSegments: isFirst ? what.indexSegments : [],
          indexGone: isFirst ? what.indexGone : [],
          points: what.points,
        }),
      )
    }
    return intents
  }

  result(waiting: readonly Intent[]): FollowedRemovals {
    const countOf = (names: readonly string[]) => new Set(names).size
    const dueAtMs = waiting.reduce((least, intent) => Math.min(least, intent.dueAtMs), Number.POSITIVE_INFINITY)
    return {
      points: this.#points,
      chunkFiles: this.#chunkFiles,
      bytes: this.#bytes,
      waiting: {
        points: countOf(waiting.flatMap((intent) => intent.points.map(({ point }) => point))),
        chunkFiles: countOf(waiting.flatMap(({ chunkFiles }) => chunkFiles)),
        ...(waiting.length > 0 && { dueAtMs }),
      },
      ...(this.refusal !== undefined && { refusal: this.refusal }),
    }
  }

  /** As a clean-up does it (docs/format/points.md); its tombstone was copied before. False at the first object that is locked. */
  async #removePoint({ item, sequence, point }: PointPlace): Promise<boolean> {
    const { replica, signal } = this.#deps
    const { store, layout } = replica
    const manifest = layout.point(item, sequence, point)
    if (this.#deleted.has(manifest)) return true
    if (!(await this.#delete(layout.confirmation(item, sequence, point)))) return false
    if (!(await this.#delete(manifest))) return false
    const marks: string[] = []
    for await (const { name } of store.list(layout.pointMarks(point), { signal })) marks.push(name)
    for (const name of marks) await this.#delete(name)
    this.#points++
    return true
  }

  /** False when the object is locked, which is told. */
  async #delete(name: string): Promise<boolean> {
    const { replica, signal } = this.#deps
    if (this.#deleted.has(name)) return true
    if (this.#locked.has(name)) return false
    const lock = await deleteUnlessLocked(replica.store, name, { signal })
    this.refusal ??= lock
    const names = lock === undefined ? this.#deleted : this.#locked
    names.add(name)
    return lock === undefined
  }

  async #copyGone(name: string): Promise<void> {
    const { vault, replica, signal } = this.#deps
    const object = await readObject(vault.store, name, { signal }).catch((error: unknown) => {
      // Another that repeats it has taken its place since it was listed.
      throw isAgentError(error, 'store.not-found') ? new ListedObjectGone(name) : error
    })
    checkObject(name, object, vault.keys.keyspace, vault.keys)
    await replica.store.put(name, object, { signal })
    this.#held.gone.add(name)
  }

  async #removeChunkFile(name: ChunkFileName): Promise<void> {
    const object = this.#deps.replica.layout.chunk(name)
    if (!(await this.#delete(object))) return
    this.#held.chunkFiles.delete(name)
    this.#chunkFiles++
    this.#bytes += this.#compared.replica.chunks.get(object) ?? 0
  }

  async #removeSuperseded({ indexSegments, indexGone, tombstones }: PlannedEnd): Promise<void> {
    const { layout } = this.#deps.replica
    for (const number of indexSegments) await this.#delete(layout.indexSegment(number))
    for (const number of indexGone) await this.#delete(layout.indexGoneObject(number))
    for (const number of tombstones) await this.#delete(layout.tombstone(number))
  }

  /** An intent stays open while one of its chunk files waits for an index-gone object that names later ones too, or is locked. */
  async #endIfDone({ id, chunkFiles }: OpenIntent, removable: Removable): Promise<void> {
    const { replica, clock } = this.#deps
    if (this.#ended.has(id)) return
    const mayGo = new Set(removable.chunkFiles)
    if (chunkFiles.some((name) => mayGo.has(name) && this.#held.chunkFiles.has(name))) return
    const takenBack = chunkFiles.filter((name) => this.#held.chunkFiles.has(name))
    const deletedCount = chunkFiles.length - takenBack.length
    await endIntent(replica, id, { endedAtMs: clock.nowMs(), deletedCount, takenBack })
    this.#ended.add(id)
  }
}
