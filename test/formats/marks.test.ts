/** Marks, tombstones and audit entries: read back, and refused when they are not what they claim to be. */
import { expect, test } from 'vitest'
import { decodeAuditEntry, encodeAuditEntry } from '../../agent-core/format/audit-entry.ts'
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from '../../agent-core/format/cbor.ts'
import { decodeMark, encodeMark, maxMissingInMark } from '../../agent-core/format/mark.ts'
import { decodeTombstones, encodeTombstones, maxTombstonesInObject } from '../../agent-core/format/tombstones.ts'
import * as samples from './samples.ts'

const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })
const changed = (bytes: Uint8Array, key: number, value: CborValue | undefined): Uint8Array => {
  const map = new Map(decodeCbor(bytes, 'x') as CborMap)
  if (value === undefined) map.delete(key)
  else map.set(key, value)
  return encodeCbor(map)
}

test.each(samples.marks)('a mark of kind $kind is read back', (mark) => {
  const read = decodeMark(encodeMark(mark), 'mark')
  expect(samples.toJson(read)).toEqual(samples.toJson(mark))
})

test.each([
  ['of kind 0', 2, 0],
  ['of an unknown kind', 2, 8],
  ['with a short id', 1, new Uint8Array(15)],
  ['without a maker', 4, undefined],
  ['that deletes without an end', 6, undefined],
] as const)('a mark %s is refused', (_, key, value) => {
  const mark = samples.marks.find(({ kind }) => kind === 'delete') as (typeof samples.marks)[0]
  expect(() => decodeMark(changed(encodeMark(mark), key, value), 'mark')).toThrow(invalid)
})

test('a mark with keys of a later version is read; one that lists too much is not written', () => {
  const [mark] = samples.marks as [(typeof samples.marks)[0]]
  expect(decodeMark(changed(encodeMark(mark), 99, 'later'), 'mark')).toEqual(mark)
  const missing = Array.from({ length: maxMissingInMark + 1 }, () => ({ path: Buffer.from('a'), code: 'x' }))
  expect(() => encodeMark({ ...mark, kind: 'partial', missing, more: 0 })).toThrow(RangeError)
})

test('tombstones are read back; too many, crossing ranges and short hashes are refused', () => {
  expect(samples.toJson(decodeTombstones(encodeTombstones(samples.tombstones), 'x'))).toEqual(
    samples.toJson(samples.tombstones),
  )
  const [first] = samples.tombstones.tombstones
  if (first === undefined) throw new Error('no tombstone')
  const many = Array.from({ length: maxTombstonesInObject + 1 }, () => first)
  expect(() => encodeTombstones({ tombstones: many, supersedes: [] })).toThrow(RangeError)
  const bytes = encodeTombstones(samples.tombstones)
  for (const ranges of [
    [
      [0, 5],
      [5, 7],
    ],
    [[3, 2]],
    [[-1, 2]],
    [5],
  ] as CborValue[]) {
    expect(() => decodeTombstones(changed(bytes, 2, ranges), 'x')).toThrow(invalid)
  }
  const short = encodeTombstones({ tombstones: [{ ...first, sha256: new Uint8Array(31) }], supersedes: [] })
  expect(() => decodeTombstones(short, 'x')).toThrow(invalid)
})

test.each(samples.auditEntries)('an audit entry is read back: $act', (entry) => {
  expect(samples.toJson(decodeAuditEntry(encodeAuditEntry(entry), 'x'))).toEqual(samples.toJson(entry))
  expect(() => decodeAuditEntry(changed(encodeAuditEntry(entry), 1, new Uint8Array(31)), 'x')).toThrow(invalid)
})
