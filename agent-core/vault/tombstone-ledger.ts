/**
 * The ledger of removed points (docs/format/points.md): written before a point is removed, read to tell a removal from a
 * loss, folded so that many removals take few objects.
 */
import { type AgentError, isAgentError } from '../base/agent-error.ts'
import { openObject, sealObject } from '../codec/seal-object.ts'
import type { PointId } from '../contract/ids.ts'
import {
  decodeTombstones,
  encodeTombstones,
  maxTombstonesInObject,
  type SequenceRange,
  type Tombstone,
  type TombstoneObject,
} from '../format/tombstones.ts'
import { deleteUnlessLocked } from './let-go.ts'
import { listNumbered } from './numbered-objects.ts'
import { readListed } from './read-listed.ts'
import type { Vault } from './vault.ts'

/** Live objects from which on small ones are folded. */
const foldFromObjects = 64
/** Objects of this many tombstones are left as they are by a fold. */
const fullObject = maxTombstonesInObject / 2

interface LiveObject {
  readonly sequence: number
  readonly object: TombstoneObject
}

export interface Ledger {
  /** The first tombstone of each removed point. */
  readonly tombstones: ReadonlyMap<PointId, Tombstone>
  /** Objects that none supersedes, by number. */
  readonly live: readonly LiveObject[]
  /** Numbers that are there, though another object supersedes them: a fold was cut off before it deleted them. */
  readonly superseded: readonly number[]
  /** Numbers below the highest that are neither there nor superseded. */
  readonly lost: readonly number[]
}

/**
 * Reads all tombstones: one LIST and a GET for each object, some 64 at most. A damaged object goes to `onDamage` and is left
 * out; without that it is thrown. Throws the store's errors.
 */
export async function readLedger(
  vault: Vault,
  onDamage?: (error: AgentError, sequence: number) => void,
  attempts = 3,
): Promise<Ledger> {
  const listed = await listNumbered(vault.store, vault.layout.tombstones)
  const objects: LiveObject[] = []
  for await (const { input, result } of readListed(vault.store, listed)) {
    const { sequence, name } = input
    try {
      const payload = openObject(vault.keys, 'tombstone', name, await result)
      objects.push({ sequence, object: decodeTombstones(payload, name) })
    } catch (error) {
      // Folded between listing and reading: the object that repeats it has a higher number, and is listed anew.
      if (isAgentError(error, 'store.not-found') && attempts > 1) return await readLedger(vault, onDamage, attempts - 1)
      if (onDamage === undefined || !isAgentError(error, 'format.invalid')) throw error
      onDamage(error, sequence)
    }
  }
  return ledgerOf(
    listed.map(({ sequence }) => sequence),
    objects,
  )
}

/** The ledger that these objects make; pure. `there`: all numbers that are listed, ascending, also of damaged objects. */
export function ledgerOf(there: readonly number[], objects: readonly LiveObject[]): Ledger {
  const ranges = objects.flatMap(({ object }) => object.supersedes)
  const isSuperseded = (sequence: number) => ranges.some(({ first, last }) => first <= sequence && sequence <= last)
  const tombstones = new Map<PointId, Tombstone>()
  // Superseded objects count too: what they say is true, and the fold that repeats them may be damaged.
  for (const { object } of objects) {
    for (const tombstone of object.tombstones) {
      if (!tombstones.has(tombstone.point)) tombstones.set(tombstone.point, tombstone)
    }
  }
  const present = new Set(there)
  const lost: number[] = []
  const highest = there.at(-1) ?? -1
  for (let sequence = 0; sequence < highest && lost.length < 1_000; sequence++) {
    if (!present.has(sequence) && !isSuperseded(sequence)) lost.push(sequence)
  }
  return {
    tombstones,
    live: objects.filter(({ sequence }) => !isSuperseded(sequence)),
    superseded: there.filter(isSuperseded),
    lost,
  }
}

/** Puts tombstones, durable when it resolves; the points may be removed then. Throws the store's errors. */
export async function writeTombstones(vault: Vault, tombstones: readonly Tombstone[]): Promise<void> {
  for (let from = 0; from < tombstones.length; from += maxTombstonesInObject) {
    await putObject(vault, { tombstones: tombstones.slice(from, from + maxTombstonesInObject), supersedes: [] })
  }
}

/**
 * Folds the ledger when 64 live objects have gathered, and deletes what is superseded; returns how many objects were
 * deleted. Cut off anywhere, the ledger says the same, and the next call goes on. Throws the store's errors.
 */
export async function foldLedger(vault: Vault): Promise<number> {
  let ledger = await readLedger(vault)
  if (ledger.live.length >= foldFromObjects) {
    for (const object of planFold(ledger)) await putObject(vault, object)
    ledger = await readLedger(vault)
  }
  // One that is locked goes with a later fold.
  for (const sequence of ledger.superseded) await deleteUnlessLocked(vault.store, vault.layout.tombstone(sequence))
  return ledger.superseded.length
}

/** The objects that repeat all live ones that are not full; pure. */
export function planFold({ live }: Ledger): TombstoneObject[] {
  const folded: { tombstones: Tombstone[]; ranges: SequenceRange[] }[] = []
  for (const { sequence, object } of live) {
    if (object.tombstones.length >= fullObject) continue
    let last = folded.at(-1)
    if (last === undefined || last.tombstones.length + object.tombstones.length > maxTombstonesInObject) {
      last = { tombstones: [], ranges: [] }
      folded.push(last)
    }
    last.tombstones.push(...object.tombstones)
    last.ranges.push(...object.supersedes, { first: sequence, last: sequence })
  }
  return folded.map(({ tombstones, ranges }) => ({ tombstones, supersedes: joinRanges(ranges) }))
}

/** The same numbers in as few ranges as can be, ascending. */
export function joinRanges(ranges: readonly SequenceRange[]): SequenceRange[] {
  const joined: SequenceRange[] = []
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const last = joined.at(-1)
    if (last !== undefined && range.first <= last.last + 1) {
      joined[joined.length - 1] = { first: last.first, last: Math.max(last.last, range.last) }
    } else joined.push(range)
  }
  return joined
}

async function putObject(vault: Vault, object: TombstoneObject): Promise<void> {
  const payload = encodeTombstones(object)
  for (
    let sequence = ((await listNumbered(vault.store, vault.layout.tombstones)).at(-1)?.sequence ?? -1) + 1;
    ;
    sequence++
  ) {
    const name = vault.layout.tombstone(sequence)
    try {
      await vault.store.put(name, sealObject(vault.keys, 'tombstone', name, payload, vault.random))
      return
    } catch (error) {
      if (!isAgentError(error, 'store.conflict')) throw error
    }
  }
}
