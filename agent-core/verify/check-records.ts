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
import { decodeTombstones, type TombstoneObject } from '../format/tombstones.ts'
import { parseIntentName, parseMarkName, parseSequenceName } from '../format/vault-layout.ts'
import { ledgerOf } from '../vault/tombstone-ledger.ts'
import type { VaultView } from './vault-view.ts'

/** Opens all marks; one that is damaged or missing hurts its point, whose state is in doubt. */
export async function checkMarks(view: VaultView): Promise<void> {
  const { layout, keys } = view.vault
  const next = new Map<PointId, number>()
  for (const name of await view.namesUnder(layout.marks)) {
    const parsed = parseMarkName(name)
    if (parsed === undefined) continue
    const { point, number } = parsed
    const hurt = (damage: number) => view.log.get(damage).points.add(point)
    for (let missing = next.get(point) ?? 0; missing < number; missing++) {
      hurt(view.log.add(layout.mark(point, missing), 0, 'the object is missing'))
    }
    next.set(point, number + 1)
    await view.read(
      name,
      (bytes) => {
        const mark = decodeMark(openObject(keys, 'mark', name, bytes), name)
        ensure(mark.point === point, name, 0, 'the mark is of another point')
      },
      hurt,
    )
  }
}

/** Opens the ledger; answers the points that were removed. */
export async function checkLedger(view: VaultView): Promise<ReadonlySet<PointId>> {
  const { layout, keys } = view.vault
  const there: number[] = []
  const objects: { readonly sequence: number; readonly object: TombstoneObject }[] = []
  for (const name of await view.namesUnder(layout.tombstones)) {
    const sequence = parseSequenceName(name)
    if (sequence === undefined) continue
    there.push(sequence)
    const object = await view.read(name, (bytes) => decodeTombstones(openObject(keys, 'tombstone', name, bytes), name))
    if (object !== undefined) objects.push({ sequence, object })
  }
  const ledger = ledgerOf(there, objects)
  for (const lost of ledger.lost) view.log.add(layout.tombstone(lost), 0, 'the object is missing')
  return new Set(ledger.tombstones.keys())
}

/** Opens the audit journal and follows its chain. */
export async function checkAudit(view: VaultView): Promise<void> {
  const { layout, keys } = view.vault
  let previous: Buffer | undefined
  let next = 0
  for (const name of await view.namesUnder(layout.audit)) {
    const sequence = parseSequenceName(name)
    if (sequence === undefined) continue
    for (; next < sequence; next++) {
      view.log.add(layout.auditEntry(next), 0, 'the object is missing')
      previous = undefined
    }
    next = sequence + 1
    const before = previous
    previous = await view.read(name, (bytes) => {
      const entry = decodeAuditEntry(openObject(keys, 'audit', name, bytes), name)
      const isNext = before === undefined || before.equals(entry.previous ?? Buffer.of())
      ensure(isNext, name, 0, 'it follows another entry than the one before it')
      return sha256(bytes)
    })
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
  const names = await view.namesUnder(layout.intents)
  const ends = new Set(names.filter((name) => parseIntentName(name)?.isEnd))
  let openIntents = 0
  for (const name of names) {
    const parsed = parseIntentName(name)
    if (parsed === undefined) {
      // What a later version calls otherwise may condemn anything.
      openIntents++
      isKnown = false
      continue
    }
    if (parsed.isEnd) {
      await view.read(name, (bytes) => decodeIntentEnd(openObject(keys, 'intent', name, bytes), name))
      continue
    }
    const isOpen = !ends.has(`${name}.done`)
    if (isOpen) openIntents++
    const intent = await view.read(name, (bytes) => decodeIntent(openObject(keys, 'intent', name, bytes), name), note)
    if (isOpen) for (const chunk of intent?.chunkFiles ?? []) condemned.add(chunk)
  }
  for (const name of await view.namesUnder(layout.indexGone)) {
    if (parseSequenceName(name) === undefined) continue
    const open = (bytes: Buffer) => decodeIndexGone(openObject(keys, 'index-gone', name, bytes), name)
    for (const chunk of (await view.read(name, open, note))?.chunkFiles ?? []) gone.add(chunk)
  }
  return { openIntents, condemned, gone, isKnown }
}
