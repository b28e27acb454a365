/**
 * Decides what a replica lets go of one keyspace: docs/format/write-order.md, *Replica*. Only what a sealed object of the
 * vault names as removed, and what the vault does not list any more, may go; pure.
 */
import type { ChunkFileName, PointId } from '../contract/ids.ts'
import type { IndexGone, Intent, PointPlace } from '../format/clean-up.ts'
import type { SequenceRange, Tombstone } from '../format/tombstones.ts'
import { parseChunkName, parsePointName, parseSequenceName } from '../format/vault-layout.ts'
import type { KeyspacePlan } from './plan-replication.ts'

/** What the vault says of its removals. */
export interface Evidence {
  readonly tombstones: ReadonlyMap<PointId, Pick<Tombstone, 'item' | 'sequence'>>
  /** Ranges of numbers of tombstone objects that others repeat. */
  readonly foldedTombstones: readonly SequenceRange[]
  /** Index-gone objects that the list of the vault shows, by name in ascending order. */
  readonly gone: ReadonlyMap<string, IndexGone>
  /** Numbers of index segments and of index-gone objects that others of the vault repeat, directly or by others still. */
  readonly supersededSegments: ReadonlySet<number>
  readonly supersededGone: ReadonlySet<number>
}

/**
 * Numbers of objects that what the vault lists repeats: what `listed` supersede, and what the superseded among `extra`, which
 * only the replica holds any more, had superseded before.
 */
export function closeSuperseded(
  listed: readonly { readonly supersedes: readonly number[] }[],
  extra: ReadonlyMap<number, { readonly supersedes: readonly number[] }>,
): Set<number> {
  const superseded = new Set<number>()
  const waiting = listed.flatMap(({ supersedes }) => supersedes)
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    if (superseded.has(number)) continue
    superseded.add(number)
    waiting.push(...(extra.get(number)?.supersedes ?? []))
  }
  return superseded
}

/** What the replica may let go. */
export interface Removable extends Pick<Intent, 'points' | 'chunkFiles' | 'indexSegments' | 'indexGone'> {
  /** Numbers of tombstone objects that others repeat. */
  readonly tombstones: readonly number[]
}

/**
 * `extra`: what the replica lists and the vault does not. Undefined when a point is among it that the vault has no tombstone of, or
 * an index segment that none there supersedes: it was lost there. The replica may then be the last place that holds it, and
 * what the vault has removed since may have been decided without it: nothing goes.
 */
export function planRemovals(extra: KeyspacePlan['extra'], evidence: Evidence): Removable | undefined {
  const points = new Map<PointId, PointPlace>()
  for (const name of [...extra.points, ...extra.confirmations]) {
    const parsed = parsePointName(name)
    if (parsed === undefined) continue
    const { item, sequence, point } = parsed
    const tombstone = evidence.tombstones.get(point)
    if (tombstone?.item !== item || tombstone.sequence !== sequence) return undefined
    points.set(point, { item, sequence, point })
  }
  if (numbersOf(extra.index).some((number) => !evidence.supersededSegments.has(number))) return undefined
  const gone = [...evidence.gone.values()]
  const out = new Set(gone.flatMap(({ chunkFiles }) => chunkFiles))
  const isFolded = (number: number) =>
    evidence.foldedTombstones.some(({ first, last }) => first <= number && number <= last)
  return {
    points: [...points.values()],
    chunkFiles: extra.chunks
      .map(parseChunkName)
      .filter((name) => name !== undefined && out.has(name)) as ChunkFileName[],
    indexSegments: numbersOf(extra.index),
    indexGone: numbersOf(extra.indexGone).filter((number) => evidence.supersededGone.has(number)),
    tombstones: numbersOf(extra.others.filter((name) => name.includes('/tombstones/'))).filter(isFolded),
  }
}

function numbersOf(names: readonly string[]): number[] {
  return names.map(parseSequenceName).filter((number) => number !== undefined)
}

/**
 * What is to be announced in the replica, in addition to its open intents; undefined: nothing. It names all points that may
 * go, also those that were announced before: a chunk file that left the vault's index is needed by points only that the
 * vault had removed before, so that those go first, whatever clocks say.
 */
export function planAnnouncement(
  removable: Removable,
  open: readonly Intent[],
): Pick<Intent, 'points' | 'chunkFiles' | 'indexSegments' | 'indexGone'> | undefined {
  const { points } = removable
  const named = new Set(open.flatMap((intent) => intent.points.map(({ point }) => point)))
  const chunkFiles = without(removable.chunkFiles, open, (intent) => intent.chunkFiles)
  const indexSegments = without(removable.indexSegments, open, (intent) => intent.indexSegments)
  const indexGone = without(removable.indexGone, open, (intent) => intent.indexGone)
  const isNothing = chunkFiles.length + indexSegments.length + indexGone.length === 0
  if (isNothing && points.every(({ point }) => named.has(point))) return undefined
  return { points, chunkFiles, indexSegments, indexGone }
}

function without<Value>(
  values: readonly Value[],
  open: readonly Intent[],
  of: (intent: Intent) => readonly Value[],
): Value[] {
  const named = new Set(open.flatMap(of))
  return values.filter((value) => !named.has(value))
}

export interface HeldInReplica {
  readonly chunkFiles: ReadonlySet<ChunkFileName>
  /** Names of index-gone objects. */
  readonly gone: ReadonlySet<string>
}

export interface PlannedEnd extends Removable {
  /** Names of the vault's index-gone objects that the replica gets before a chunk file goes. */
  readonly goneToCopy: readonly string[]
}

/**
 * What goes now that the grace time of `due` intents is over. An index-gone object is copied once none of its chunk files stays in
 * the replica; a chunk file goes once such an object names it. Superseded index-gone objects go once the replica holds all
 * that the vault lists.
 */
export function planEnd(
  due: readonly Intent[],
  removable: Removable,
  held: HeldInReplica,
  evidence: Evidence,
): PlannedEnd {
  const points = new Set(due.flatMap((intent) => intent.points.map(({ point }) => point)))
  const mayGo = new Set(removable.chunkFiles)
  const going = new Set(due.flatMap(({ chunkFiles }) => chunkFiles).filter((name) => mayGo.has(name)))
  const isOver = (name: ChunkFileName) => going.has(name) || !held.chunkFiles.has(name)
  const objects = [...evidence.gone]
  const goneToCopy = objects.filter(([name, { chunkFiles }]) => !held.gone.has(name) && chunkFiles.every(isOver))
  const kept = [...objects.filter(([name]) => held.gone.has(name)), ...goneToCopy].map(([, gone]) => gone)
  const out = new Set(kept.flatMap(({ chunkFiles }) => chunkFiles))
  const segments = new Set(due.flatMap(({ indexSegments }) => indexSegments))
  const dueGone = new Set(due.flatMap(({ indexGone }) => indexGone))
  return {
    goneToCopy: goneToCopy.map(([name]) => name),
    points: removable.points.filter(({ point }) => points.has(point)),
    chunkFiles: [...going].filter((name) => out.has(name)),
    indexSegments: removable.indexSegments.filter((number) => segments.has(number)),
    indexGone: removable.indexGone.filter((number) => dueGone.has(number) && kept.length === objects.length),
    tombstones: removable.tombstones,
  }
}
