/**
 * Checks a vault and heals what it can, then checks again what it has touched, until nothing more can be done:
 *   1. small objects: put again from the cache's or a replica's copy, made anew where what they say is known (heal-objects)
 *   2. blocks: from the rest of the damaged chunk file, the sources in their order (heal-blocks)
 *   3. confirmations of points that are proven by then
 * What stays damaged makes points partial: a mark beside each names every file that is missing.
 * At every instant the vault is no worse than it was: what is new is written, verified and indexed before anything rests
 * on it, and a damaged object is only deleted with its true bytes in hand.
 */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Definitions } from '../format/definitions.ts'
import { maxMissingInMark } from '../format/mark.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import { writeMark } from '../vault/point-marks.ts'
import { readPointStates } from '../vault/point-states.ts'
import { type VaultCheck, VaultChecker, type VaultCheckRequest } from './check-vault.ts'
import type { Damage, DamageState } from './damage-log.ts'
import { type HealTarget, healBlocks } from './heal-blocks.ts'
import { type Deeds, finishInterrupted, healConfirmations, healObjects } from './heal-objects.ts'
import { type HealSource, ifReadable } from './heal-source.ts'
import type { HealSpool } from './heal-spool.ts'

export interface HealRequest extends VaultCheckRequest {
  /** Where lost blocks and objects may still be, the cheapest first. */
  readonly sources: readonly HealSource[]
  readonly target: HealTarget
  /** Holds small objects between the deletion of damaged ones and the put. */
  readonly spool: HealSpool
  /** What the newest definitions of this vault are to say, as this home knows it. */
  readonly definitions: Definitions
  /** Who is named in marks. */
  readonly who: string
  readonly clock: Clock
  readonly random: Random
}

/** A damage, and what became of it. */
export interface HealedDamage extends Omit<Damage, 'state'> {
  readonly state: DamageState | 'healed'
  /** What was done, in words. */
  readonly done?: string
}

export interface VaultHealing {
  /** The last check. */
  readonly check: VaultCheck
  /** Everything that was found in any of the checks. */
  readonly damaged: readonly HealedDamage[]
  /** Objects that are whole again, or of which nothing is needed any more. */
  readonly healed: number
  /** Points that were marked as partial just now. */
  readonly markedPartial: number
}

/** Healing a page shows what lies below it; more rounds than levels of trees need are a bug of ours. */
const maxRounds = 12

/** Checks and heals. Throws what the vault, the cache and the abort throw; what was done until then stays. */
export async function healVault(request: HealRequest): Promise<VaultHealing> {
  // What cannot be put now, because the ledger itself is damaged, is put next time.
  await ifReadable(() => finishInterrupted(request))
  const checker = new VaultChecker(request)
  const found = new Map<string, HealedDamage>()
  const deeds: Deeds = new Map()
  let check = await checker.check()
  remember(found, check)
  for (let round = 0; round < maxRounds; round++) {
    if (!(await healRound(check, request, deeds))) break
    check = await checker.check()
    remember(found, check)
  }
  await retireDamaged(check, request, deeds)
  const markedPartial = await markPartial(check, request)
  const damaged = [...found].map(([place, damage]) => verdictOn(damage, stateNow(check, place), deeds))
  const healedObjects = new Set(damaged.filter(({ state }) => state === 'healed').map(({ object }) => object))
  return { check, damaged, healed: healedObjects.size, markedPartial }
}

/** One thing at a time: each may show what was hidden before. False when there is nothing left that can be done. */
async function healRound(check: VaultCheck, request: HealRequest, deeds: Deeds): Promise<boolean> {
  if (check.damaged.every(({ state }) => state !== 'open')) return false
  const objectDeps = { ...request, nowMs: () => request.clock.nowMs() }
  if ((await healObjects(check, objectDeps, deeds)) > 0) return true
  if ((await healBlocks(check, { ...request, keys: request.vault.keys }, deeds)) > 0) return true
  // Who confirms says that the vault holds all of it.
  return isAllRead(check) && (await healConfirmations(check, objectDeps, deeds)) > 0
}

/**
 * Takes damaged chunk files of which points need nothing any more out of the index: otherwise a prune, which cannot see that
 * they are damaged, might keep their copies of blocks and let the healed ones go. Only where every other copy was read in
 * this verification, and no point waits for its confirmation; their deletion is a prune's.
 */
async function retireDamaged(check: VaultCheck, { vault, target }: HealRequest, deeds: Deeds): Promise<void> {
  if (!isAllRead(check) || check.provisional > 0 || !check.isCleaningKnown) return
  const states = Map.groupBy(check.damaged, ({ object }) => parseChunkName(object))
  const names = [...states].flatMap(([name, damages]) => {
    const isIndexed = name !== undefined && check.index.file(name) !== undefined
    return isIndexed && damages.every(({ state }) => state === 'harmless') ? [name] : []
  })
  if (names.length === 0) return
  await target.retire(names)
  for (const object of names.map((name) => vault.layout.chunk(name))) {
    const before = deeds.get(object)
    deeds.set(
      object,
      `${before === undefined ? '' : `${before}; `}taken out of the index, since nothing of it is needed`,
    )
  }
}

/** Every chunk file of the index was read whole, but for those that are not there. */
function isAllRead({ chunkFiles, chunkFilesRead, chunkFilesMissing }: VaultCheck): boolean {
  return chunkFilesRead + chunkFilesMissing === chunkFiles
}

function remember(found: Map<string, HealedDamage>, { damaged }: VaultCheck): void {
  for (const damage of damaged) {
    const place = placeOf(damage)
    const before = found.get(place)
    const union = <Value extends string>(of: (each: HealedDamage | Damage) => readonly Value[]): Value[] =>
      [...new Set([...(before === undefined ? [] : of(before)), ...of(damage)])].sort()
    // Its reasons are told as they were found first; later ones say what has become of it.
    const reason = before?.reason ?? damage.reason
    found.set(place, { ...damage, reason, points: union(({ points }) => points), files: union(({ files }) => files) })
  }
}

function placeOf({ object, offset }: Pick<Damage, 'object' | 'offset'>): string {
  return `${object} ${offset}`
}

function stateNow({ damaged }: VaultCheck, place: string): DamageState | undefined {
  return damaged.find((damage) => placeOf(damage) === place)?.state
}

function verdictOn(damage: HealedDamage, now: DamageState | undefined, deeds: Deeds): HealedDamage {
  const done = deeds.get(damage.object)
  const state = now === 'open' ? now : now === undefined || done !== undefined ? 'healed' : 'harmless'
  return { ...damage, state, ...(done !== undefined && { done }) }
}

/** Marks what points lack, and takes such marks back where a point is whole; answers how many became partial. */
async function markPartial(check: VaultCheck, request: HealRequest): Promise<number> {
  const { vault, clock, who } = request
  const suspected = new Set(check.damaged.flatMap(({ state, points }) => (state === 'open' ? points : [])))
  const states = await readPointStates(vault)
  const isCertain = isAllRead(check)
  let marked = 0
  for (const point of check.points) {
    const { id } = point.manifest
    const known = states.of(id)
    if (!suspected.has(id) && !(known.partial && isCertain)) continue
    const paths = await check.lackOf(point)
    const mark = { point: id, madeAtMs: clock.nowMs(), who, reason: 'found by a verification' }
    const told = new Set(known.missing.map(({ path }) => textOf(path)))
    if (paths.length === 0) {
      if (known.partial && isCertain) await writeMark(vault, { ...mark, kind: 'whole' })
    } else if (!known.partial || paths.some((path) => !told.has(textOf(path)))) {
      const missing = paths.slice(0, maxMissingInMark).map((path) => ({ path, code: 'file.damaged' }))
      await writeMark(vault, { ...mark, kind: 'partial', missing, more: paths.length - missing.length })
      marked++
    }
  }
  return marked
}

function textOf(path: Uint8Array): string {
  return Buffer.from(path).toString('latin1')
}
