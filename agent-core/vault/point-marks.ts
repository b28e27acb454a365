/**
 * Marks on points (docs/format/points.md): one listing and reads of what is new give the marks of one point or of all;
 * writing takes the next free number of a point. What marks mean is told by point-states.ts.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { openObject, sealObject } from '../codec/seal-object.ts'
import type { PointId } from '../contract/ids.ts'
import { ensure } from '../format/invalid.ts'
import { decodeMark, encodeMark, type Mark } from '../format/mark.ts'
import { parseMarkName } from '../format/vault-layout.ts'
import { readOpenIntents } from './clean-ups.ts'
import { inLanes } from './in-lanes.ts'
import type { ObjectMemory } from './object-memory.ts'
import { readObject } from './read-object.ts'
import { readLedger } from './tombstone-ledger.ts'
import type { Vault } from './vault.ts'

/** Marks that are read at the same time. */
const readLanes = 16

/** A mark as it stands in a vault. */
export interface StoredMark {
  readonly number: number
  /** Undefined: it cannot be opened, or is of a kind that this version does not know. */
  readonly mark: Mark | undefined
  /** When it was stored, by the store's own clock; ms since 1970 UTC. */
  readonly storedAtMs: number
}

export interface ReadMarksOptions {
  /** The marks of this point alone. */
  readonly point?: PointId
  /** Left out: all marks are read from the vault. */
  readonly memory?: ObjectMemory
  readonly signal?: AbortSignal
}

/**
 * Marks by point, in the order of their numbers: one LIST, and one GET for each mark that `memory` does not hold. Throws
 * the store's errors; a mark that is damaged comes without content.
 */
export async function readMarks(
  vault: Vault,
  options: ReadMarksOptions = {},
): Promise<Map<PointId, readonly StoredMark[]>> {
  const { point, memory, signal } = options
  const prefix = point === undefined ? vault.layout.marks : vault.layout.pointMarks(point)
  const call = signal === undefined ? {} : { signal }
  const listed: { readonly name: string; readonly key: string; readonly storedAtMs: number }[] = []
  for await (const { name, sizeBytes, modifiedAtMs } of vault.store.list(prefix, call)) {
    if (parseMarkName(name) === undefined) continue
    listed.push({ name, key: `${name} ${sizeBytes} ${modifiedAtMs}`, storedAtMs: modifiedAtMs })
  }
  const objects = new Map<string, Buffer>()
  const marks = new Map<PointId, StoredMark[]>()
  let isNewKept = false
  const opened = await inLanes(listed, readLanes, async ({ name, key }) => {
    const kept = memory?.get(key)
    const known = kept && openMark(vault, name, kept)
    if (kept !== undefined && known !== undefined) {
      objects.set(key, kept)
      return known
    }
    const read = await readMark(vault, name, signal)
    if (read === undefined) return undefined
    objects.set(key, read.object)
    isNewKept = true
    return read.mark
  })
  for (const [at, { name, storedAtMs }] of listed.entries()) {
    const { point: of, number } = parseMarkName(name) as { point: PointId; number: number }
    const list = marks.get(of) ?? []
    if (list.push({ number, mark: opened[at], storedAtMs }) === 1) marks.set(of, list)
  }
  if (isNewKept && point === undefined) await memory?.keep(objects)
  return marks
}

/**
 * Puts a mark under the point's next free number, which comes back; `known`: the point's marks where they were just read,
 * which saves a LIST. A call whose answer was lost may be made again: the second mark says the same. A mark that is to keep
 * the point is put first, and then it is looked whether a clean-up has announced its removal: `point.leaving`, it came too
 * late (docs/format/write-order.md, *Deleting*). Throws the store's errors.
 */
export async function writeMark(vault: Vault, mark: Mark, known?: readonly StoredMark[]): Promise<number> {
  let number = known === undefined ? await nextNumber(vault, mark.point) : (known.at(-1)?.number ?? -1) + 1
  for (; ; number++) {
    const name = vault.layout.mark(mark.point, number)
    try {
      await vault.store.put(name, sealObject(vault.keys, 'mark', name, encodeMark(mark), vault.random))
    } catch (error) {
      if (!isAgentError(error, 'store.conflict')) throw error
      continue
    }
    if (keepingKinds.has(mark.kind) && (await isLeaving(vault, mark.point))) {
      throw new AgentError('point.leaving', { point: mark.point })
    }
    return number
  }
}

/** Marks that keep a point which would go without them. */
const keepingKinds: ReadonlySet<Mark['kind']> = new Set(['hold', 'keep-until', 'undelete'])

/** True when a clean-up is removing the point, or has removed it. */
async function isLeaving(vault: Vault, point: PointId): Promise<boolean> {
  const intents = await readOpenIntents(vault)
  if (intents.some(({ points }) => points.some((named) => named.point === point))) return true
  return (await readLedger(vault, () => undefined)).tombstones.has(point)
}

async function nextNumber(vault: Vault, point: PointId): Promise<number> {
  let next = 0
  for await (const { name } of vault.store.list(vault.layout.pointMarks(point))) {
    next = Math.max(next, (parseMarkName(name)?.number ?? -1) + 1)
  }
  return next
}

async function readMark(
  vault: Vault,
  name: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly object: Buffer; readonly mark: Mark } | undefined> {
  try {
    const object = await readObject(vault.store, name, signal === undefined ? {} : { signal })
    const mark = openMark(vault, name, object)
    return mark && { object, mark }
  } catch (error) {
    // Removed between listing and reading, with its point; or damaged. Either way there is no content.
    if (isAgentError(error, 'store.not-found') || isAgentError(error, 'format.invalid')) return undefined
    throw error
  }
}

/** The mark in a sealed object; undefined when it does not open, is of another point or newer than this version. */
function openMark(vault: Vault, name: string, object: Buffer): Mark | undefined {
  try {
    const mark = decodeMark(openObject(vault.keys, 'mark', name, object), name)
    ensure(mark.point === parseMarkName(name)?.point, name, 0, 'the mark is of another point')
    return mark
  } catch (error) {
    if (isAgentError(error, 'format.invalid') || isAgentError(error, 'format.too-new')) return undefined
    throw error
  }
}
