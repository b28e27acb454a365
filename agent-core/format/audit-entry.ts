/**
 * An entry of the audit journal: docs/format/vault-layout.md. Each names the SHA-256 of the one before it, so that none
 * can be taken out or exchanged unseen.
 */

import { fromHex, toHex } from '../base/bytes.ts'
import type { HomeId } from '../contract/ids.ts'
import { CborFields, cborMap, decodeCbor, encodeCbor } from './cbor.ts'

export interface AuditEntry {
  /** SHA-256 of the entry before, as stored; absent in entry 0. */
  readonly previous?: Uint8Array
  /** Ms since 1970 UTC. */
  readonly atMs: number
  readonly home: HomeId
  readonly who: string
  /** What was done: the verb, as `point delete`. */
  readonly act: string
  /** What it was done to, in words: item, point, machine. */
  readonly subject: string
  readonly detail?: string
}

export function encodeAuditEntry(entry: AuditEntry): Uint8Array {
  return encodeCbor(
    cborMap([
      [1, entry.previous],
      [2, entry.atMs],
      [3, fromHex(entry.home)],
      [4, entry.who],
      [5, entry.act],
      [6, entry.subject],
      [7, entry.detail],
    ]),
  )
}

/** Parses the payload of an audit entry; throws `format.invalid`. */
export function decodeAuditEntry(bytes: Uint8Array, what: string): AuditEntry {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  return {
    ...(fields.has(1) && { previous: fields.bytes(1, 32) }),
    atMs: fields.integer(2),
    home: toHex(fields.bytes(3, 16)) as HomeId,
    who: fields.text(4),
    act: fields.text(5),
    subject: fields.text(6),
    ...(fields.has(7) && { detail: fields.text(7) }),
  }
}
