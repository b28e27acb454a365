/** Bytes of an enemy: whatever a decoder is given, it answers with a value or an AgentError, soon. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgentError } from '../../agent-core/base/agent-error.ts'
import { openExtent } from '../../agent-core/codec/seal-extent.ts'
import { openObject } from '../../agent-core/codec/seal-object.ts'
import { decodeAuditEntry, encodeAuditEntry } from '../../agent-core/format/audit-entry.ts'
import { decodeBlockTable, encodeBlockTable } from '../../agent-core/format/block-table.ts'
import { decodeCbor, encodeCbor } from '../../agent-core/format/cbor.ts'
import {
  decodeChunkFileFooter,
  decodeChunkFileHeader,
  decodeExtentHeader,
  encodeChunkFileFooter,
  encodeChunkFileHeader,
} from '../../agent-core/format/chunk-file.ts'
import {
  decodeIndexGone,
  decodeIntent,
  decodeIntentEnd,
  encodeIndexGone,
  encodeIntent,
  encodeIntentEnd,
} from '../../agent-core/format/clean-up.ts'
import {
  decodeDefinitions,
  decodeKeyspaceFacts,
  encodeDefinitions,
  encodeKeyspaceFacts,
} from '../../agent-core/format/definitions.ts'
import { decodeIndexSegment, encodeIndexSegment } from '../../agent-core/format/index-segment.ts'
import { decodeKeySlot } from '../../agent-core/format/key-slot.ts'
import { decodeMark, encodeMark } from '../../agent-core/format/mark.ts'
import { decodePage } from '../../agent-core/format/paged-list.ts'
import {
  decodeConfirmation,
  decodePointManifest,
  encodeConfirmation,
  encodePointManifest,
} from '../../agent-core/format/point.ts'
import { decodeSealedHeader } from '../../agent-core/format/sealed-object.ts'
import { decodeTombstones, encodeTombstones } from '../../agent-core/format/tombstones.ts'
import { decodeEntry, encodeEntry } from '../../agent-core/format/tree.ts'
import { decodeVaultFile, encodeVaultFile } from '../../agent-core/format/vault-file.ts'
import * as samples from './samples.ts'

const file = samples.buildChunkFile({
  kind: 'data',
  extents: [[Buffer.from('one'), Buffer.from('two')], [Buffer.alloc(3_000, 'three')]],
  compression: 'lz4',
  random: samples.fixedRandom('hostile'),
})
const page = [...samples.buildDirectory(samples.entries).pages.values()][0] as Uint8Array
const links = encodeCbor([1, [[Buffer.from('name'), new Uint8Array(32), 5, 7]]])
const key = new Uint8Array(32)

/** Each decoder with bytes that it accepts (undefined: none can be had without a key). */
const decoders: Record<string, readonly [decode: (bytes: Uint8Array) => unknown, valid?: Uint8Array]> = {
  'CBOR value': [(bytes) => decodeCbor(bytes, 'x'), page],
  'chunk-file header': [(bytes) => decodeChunkFileHeader(bytes), encodeChunkFileHeader(file.header)],
  'chunk-file footer': [(bytes) => decodeChunkFileFooter(bytes), encodeChunkFileFooter(file.footer)],
  'extent header': [(bytes) => decodeExtentHeader(bytes, 'x', 0), file.bytes.subarray(512, 536)],
  'block table': [(bytes) => decodeBlockTable(bytes), encodeBlockTable(file.table)],
  extent: [(bytes) => openExtent(key, 0, bytes, 'x', 0)],
  'sealed header': [(bytes) => decodeSealedHeader(bytes, 'x')],
  'sealed object': [(bytes) => openObject(samples.keys, 'point', 'x', bytes)],
  'key slot': [(bytes) => decodeKeySlot(bytes)],
  'page of entries': [(bytes) => decodePage(bytes, 0, 'x'), page],
  'page of links': [(bytes) => decodePage(bytes, 1, 'x'), links],
  entry: [
    (bytes) => decodeEntry(decodeCbor(bytes, 'x'), 'x'),
    encodeEntry(samples.entries[0] as (typeof samples.entries)[0]),
  ],
  manifest: [(bytes) => decodePointManifest(bytes, 'x'), encodePointManifest(samples.manifest)],
  confirmation: [(bytes) => decodeConfirmation(bytes, 'x'), encodeConfirmation(samples.confirmation)],
  mark: [(bytes) => decodeMark(bytes, 'x'), encodeMark(samples.marks[3] as (typeof samples.marks)[0])],
  tombstones: [(bytes) => decodeTombstones(bytes, 'x'), encodeTombstones(samples.tombstones)],
  'audit entry': [
    (bytes) => decodeAuditEntry(bytes, 'x'),
    encodeAuditEntry(samples.auditEntries[1] as (typeof samples.auditEntries)[0]),
  ],
  definitions: [(bytes) => decodeDefinitions(bytes, 'x'), encodeDefinitions(samples.definitionsWithShortened)],
  'keyspace facts': [(bytes) => decodeKeyspaceFacts(bytes, 'x'), encodeKeyspaceFacts(samples.facts)],
  'index segment': [(bytes) => decodeIndexSegment(bytes, 'x'), encodeIndexSegment(samples.compactedOf([file]))],
  'index-gone': [(bytes) => decodeIndexGone(bytes, 'x'), encodeIndexGone(samples.indexGone)],
  intent: [(bytes) => decodeIntent(bytes, 'x'), encodeIntent(samples.intent)],
  'end of an intent': [(bytes) => decodeIntentEnd(bytes, 'x'), encodeIntentEnd(samples.intentEnd)],
  'vault.json': [(bytes) => decodeVaultFile(bytes), encodeVaultFile(samples.vault)],
}
const all = Object.entries(decoders).map(([name, [decode, valid]]) => ({ name, decode, valid }))

/** True when the decoder answered as it may; what is no AgentError comes through. */
function answers(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes)
    return true
  } catch (error) {
    if (error instanceof AgentError) return error.code === 'format.invalid' || error.code === 'format.too-new'
    throw error
  }
}

test.each(all)('random bytes into $name', ({ decode }) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      expect(answers(decode, bytes)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test.each(all.filter(({ valid }) => valid !== undefined))(
  'valid bytes with a few changed, into $name',
  ({ decode, valid }) => {
    const change = fc.tuple(fc.nat({ max: (valid as Uint8Array).length - 1 }), fc.nat({ max: 255 }))
    expect(decode(valid as Uint8Array)).toBeDefined()
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(), (changes, cut) => {
        const bytes = Buffer.from(valid as Uint8Array)
        for (const [offset, value] of changes) bytes.writeUInt8(value, offset)
        expect(answers(decode, bytes)).toBe(true)
        expect(answers(decode, bytes.subarray(0, cut % bytes.length))).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  },
)

test('every flipped bit of a whole chunk file is found without its SHA-256', () => {
  const { bytes } = file
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    expect(() => samples.openChunkFile(flipped)).toThrow(expect.objectContaining({ code: 'format.invalid' }))
  }
})

test('what allocates most in a page of 320 KiB stays bounded', () => {
  // 1 byte each: empty maps are the most expensive value a byte can buy.
  const maps = Buffer.concat([Buffer.from('8200991000', 'hex'), Buffer.alloc(4_096, 0xa0)])
  expect(answers((bytes) => decodePage(bytes, 0, 'x'), maps)).toBe(true)
  const nested = Buffer.concat([
    Buffer.from('820081', 'hex'),
    Buffer.from('9a00030d40', 'hex'),
    Buffer.alloc(200_000, 0xa0),
  ])
  const before = process.memoryUsage().heapUsed
  expect(answers((bytes) => decodePage(bytes, 0, 'x'), nested)).toBe(true)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 1024 * 1024)
})
