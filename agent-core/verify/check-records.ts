/**
 * The small objects beside points and index: marks, the ledger of removed points, the audit journal, and what clean-ups
 * leave. Each must open, and none of a row may be missing.
 */
import { sha256 } from '../codec/block-id.ts'
import { openObject } from '../codec/seal-object.ts'
import type { ChunkFileName, PointId } from '../contract/ids.ts'
import { decodeAuditEntry } from '../format/audit-entry.ts'
import { decodeIndexGone, decodeIntent, decodeIntentEnd } from '../format/clean-up.ts'
import { ensure } from '../format/invalid.ts'
import { decodeMark } from '../format/mark.ts'
import { decodeTombstones } from '../format/tombstones.ts'
import { parseIntentName, parseMarkName } from '../format/vault-layout.ts'
import { ledgerOf } from '../vault/tombstone-ledger.ts'
import type { VaultView } from './vault-view.ts'

/** Opens all marks; one that is damaged or missing hurts its point, whose state is in doubt. */
export async function checkMarks(view: VaultView): Promise<void> {
  const { layout, keys } = view.vault
  const marks = new Map<string, PointId>()
  const listed = await view.listUnder(layout.marks)
  const next = new Map<PointId, number>()
  for (const { name } of listed) {
    const parsed = parseMarkName(name)
    if (parsed === undefined) continue
    const { point, number } = parsed
    for (let missing = next.get(point) ?? 0; missing < number; missing++) {
      const damage = view.log.add(layout.mark(point, missing), 0, 'the object is missing')
      view.log.get(damage).points.add(point)
    }
    next.set(point, number + 1)
    marks.set(name, point)
  }
  await view.readAll(
    listed.filter(({ name }) => marks.has(name)),
    (bytes, name) => {
      const mark = decodeMark(openObject(keys, 'mark', name, bytes), name)
      ensure(mark.point === marks.get(name), name, 0, 'the mark is of another point')
    },
    (damage, name) => {
      const point = marks.get(name)
      if (point !== undefined) view.log.get(damage).points.add(point)
    },
  )
}

/** Opens the ledger; answers the points that were removed. */
export async function checkLedger(view: VaultView): Promise<ReadonlySet<PointId>> {
  const { layout, keys } = view.vault
  const there = await view.numberedUnder(layout.tombstones)
  const read = await view.readAll(there, (bytes, name) =>
    decodeTombstones(openObject(keys, 'tombstone', name, bytes), name),
  )
  const sequences = there.map(({ sequence }) => sequence)
  const objects = there.flatMap(({ sequence }, at) => {
    const object = read[at]
    return object === undefined ? [] : [{ sequence, object }]
  })
  const ledger = ledgerOf(sequences, objects)
  for (const lost of ledger.lost) view.log.add(layout.tombstone(lost), 0, 'the object is missing')
  return new Set(ledger.tombstones.keys())
}

/** Opens the audit journal and follows its chain. */
export async function checkAudit(view: VaultView): Promise<void> {
  const { layout, keys } = view.vault
  const there = await view.numberedUnder(layout.audit)
  const read = await view.readAll(there, (bytes, name) => ({
    previous: decodeAuditEntry(openObject(keys, 'audit', name, bytes), name).previous,
    sha256: sha256(bytes),
  }))
  let before: Buffer | undefined
  let next = 0
  for (const [at, { name, sequence }] of there.entries()) {
    for (; next < sequence; next++) {
      view.log.add(layout.auditEntry(next), 0, 'the object is missing')
      before = undefined
    }
    next = sequence + 1
    const entry = read[at]
    const isNext = entry === undefined || before === undefined || before.equals(entry.previous ?? Buffer.of())
    if (!isNext) view.log.add(name, 0, 'it follows another entry than the one before it')
    before = isNext ? entry?.sha256 : undefined
  }
}

/** What clean-ups have announced and done. */
export interface CleanUps {
  readonly openIntents: number
  /** Chunk files that an open intent names. */
  readonly condemned: ReadonlySet<ChunkFileName>
  /** Chunk files that are out of the index for good. */
  readonly gone: ReadonlySet<ChunkFileName>
  /** False: something was announced or done that cannot be read. */
  readonly isKnown: boolean
}

/** Opens intents, their ends and index-gone objects. */
export async function checkCleanUps(view: VaultView): Promise<CleanUps> {
  const { layout, keys } = view.vault
  const condemned = new Set<ChunkFileName>()
  const gone = new Set<ChunkFileName>()
  let isKnown = true
  const note = () => {
    isKnown = false
  }
  const listed = await view.listUnder(layout.intents)
  const ends = listed.filter(({ name }) => parseIntentName(name)?.isEnd === true)
  const intents = listed.filter(({ name }) => parseIntentName(name)?.isEnd === false)
  // What a later version calls otherwise may condemn anything.
  const unknown = listed.length - ends.length - intents.length
  if (unknown > 0) isKnown = false
  await view.readAll(ends, (bytes, name) => decodeIntentEnd(openObject(keys, 'intent', name, bytes), name))
  const ended = new Set(ends.map(({ name }) => name))
  const isOpen = (name: string) => !ended.has(`${name}.done`)
  await view.readAll(
    intents,
    (bytes, name) => {
      const { chunkFiles } = decodeIntent(openObject(keys, 'intent', name, bytes), name)
      if (isOpen(name)) for (const chunk of chunkFiles) condemned.add(chunk)
    },
    note,
  )
  await view.readAll(
    await view.numberedUnder(layout.indexGone),
    (bytes, name) => {
      const { chunkFiles } = decodeIndexGone(openObject(keys, 'index-gone', name, bytes), name)
      for (const chunk of chunkFiles) gone.add(chunk)
    },
    note,
  )
  return { openIntents: unknown + intents.filter(({ name }) => isOpen(name)).length, condemned, gone, isKnown }
}
