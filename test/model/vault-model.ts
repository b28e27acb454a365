/**
 * The vault as the model sees it: sets are numbers, one bit for each chunk file, block or index segment. What chunk file
 * number n holds is `holds[n]`; names are never used again, so numbers only grow.
 */

export interface Segment {
  readonly names: number
  readonly supersedes: number
  readonly isDeleted: boolean
}

/** `soft`: deleted, but it must restore; `expired`: its window is past; `removed`: its object is gone. */
export type PointState = 'provisional' | 'confirmed' | 'soft' | 'expired' | 'removed'

export interface Point {
  readonly needs: number
  readonly state: PointState
}

export interface Intent {
  readonly by: string
  readonly isOpen: boolean
  readonly files: number
  readonly segments: number
  readonly points: number
}

export interface VaultModel {
  readonly holds: readonly number[]
  /** Chunk files that are there. */
  readonly files: number
  readonly segments: readonly Segment[]
  /** Chunk files that index-gone names. */
  readonly gone: number
  readonly points: readonly Point[]
  readonly intents: readonly Intent[]
  /** Points that somebody was told to be safe. */
  readonly promised: number
}

/** A vault with these chunk files, an index segment for each, and these points, all confirmed. */
export function vaultWith(holds: readonly number[], needs: readonly number[]): VaultModel {
  return {
    holds,
    files: 2 ** holds.length - 1,
    segments: holds.map((_, file) => ({ names: bit(file), supersedes: 0, isDeleted: false })),
    gone: 0,
    points: needs.map((blocks) => ({ needs: blocks, state: 'confirmed' })),
    intents: [],
    promised: 2 ** needs.length - 1,
  }
}

export function bit(number: number): number {
  return 1 << number
}

/** The numbers in a set. */
export function* numbersIn(set: number): Generator<number> {
  for (let number = 0; set >> number !== 0; number++) if ((set & bit(number)) !== 0) yield number
}

/** Chunk files in the index, out of the segments in `among`. */
export function indexOf(vault: VaultModel, among = -1): number {
  let superseded = 0
  let names = 0
  for (const [number, segment] of vault.segments.entries()) {
    if (!segment.isDeleted && (among & bit(number)) !== 0) superseded |= segment.supersedes
  }
  for (const [number, segment] of vault.segments.entries()) {
    if (!segment.isDeleted && (among & bit(number) & ~superseded) !== 0) names |= segment.names
  }
  return names & ~vault.gone
}

/** Segments that are there. */
export function listSegments(vault: VaultModel): number {
  return vault.segments.reduce((set, { isDeleted }, number) => (isDeleted ? set : set | bit(number)), 0)
}

/** Chunk files that open intents name. */
export function condemnedIn(vault: VaultModel): number {
  return vault.intents.reduce((set, intent) => (intent.isOpen ? set | intent.files : set), 0)
}

/** Blocks that some of `files` hold. */
export function blocksIn(vault: VaultModel, files: number): number {
  let blocks = 0
  for (const file of numbersIn(files)) blocks |= vault.holds[file] as number
  return blocks
}

/** A new chunk file with these blocks; its number is that of the last. */
export function withFile(vault: VaultModel, blocks: number): VaultModel {
  return { ...vault, holds: [...vault.holds, blocks], files: vault.files | bit(vault.holds.length) }
}

export function withSegment(vault: VaultModel, names: number, supersedes = 0): VaultModel {
  return { ...vault, segments: [...vault.segments, { names, supersedes, isDeleted: false }] }
}

export function withPoint(vault: VaultModel, point: number, state: PointState): VaultModel {
  return { ...vault, points: vault.points.with(point, { ...(vault.points[point] as Point), state }) }
}

/** What is wrong with a vault at rest; undefined: nothing. */
export function wrongWith(vault: VaultModel): string | undefined {
  const index = indexOf(vault)
  for (const [number, { needs, state }] of vault.points.entries()) {
    const isPromised = (vault.promised & bit(number)) !== 0
    if (isPromised && state === 'removed') return `point ${number} was promised and is gone`
    if (state !== 'confirmed' && state !== 'soft') continue
    const lost = needs & ~blocksIn(vault, index & vault.files)
    if (lost !== 0) return `point ${number} is ${state} and lacks blocks ${lost}`
  }
  const missing = index & ~vault.files
  return missing === 0 ? undefined : `the index names chunk files ${missing}, which are not there`
}
