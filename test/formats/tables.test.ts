/**
 * Holds the tables of docs/format against the code: offsets follow one another and add up to the
 * stated sum; each field of a value with contents that can be told apart is found at its offset; and
 * the keys of CBOR maps are those that the encoders write.
 */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeAuditEntry } from '../../agent-core/format/audit-entry.ts'
import { encodeBlockTable } from '../../agent-core/format/block-table.ts'
import { type CborValue, decodeCbor } from '../../agent-core/format/cbor.ts'
import {
  type ChunkFileHeader,
  encodeChunkFileFooter,
  encodeChunkFileHeader,
  encodeExtentHeader,
  tableExtentNumber,
} from '../../agent-core/format/chunk-file.ts'
import { encodeIndexGone, encodeIntent, encodeIntentEnd } from '../../agent-core/format/clean-up.ts'
import { crc32c } from '../../agent-core/format/crc32c.ts'
import { encodeDefinitions, encodeKeyspaceFacts } from '../../agent-core/format/definitions.ts'
import { encodeIndexSegment } from '../../agent-core/format/index-segment.ts'
import { encodeKeySlot } from '../../agent-core/format/key-slot.ts'
import { encodeMark } from '../../agent-core/format/mark.ts'
import { encodeConfirmation, encodePointManifest } from '../../agent-core/format/point.ts'
import { policyToCbor } from '../../agent-core/format/policy.ts'
import { encodeSealedHeader, type SealedKind } from '../../agent-core/format/sealed-object.ts'
import { encodeTombstones } from '../../agent-core/format/tombstones.ts'
import { type Entry, encodeEntry } from '../../agent-core/format/tree.ts'
import * as samples from './samples.ts'

interface Table {
  /** Page and heading, and the number of the table under it from the second one on. */
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** The line with the sum that follows the table, if any. */
  readonly sum: string | undefined
}

const tables = readTables()
const byteTables = tables.filter(({ columns }) => columns[0] === 'offset')
const keyTables = tables.filter(({ columns }) => columns.join() === 'key,field,type,presence')

test.each(byteTables)('$name: offsets follow one another and add up to the sum', ({ rows, sum }) => {
  const sizes = rows.map((row) => Number(row[1]))
  expect(rows.map((row) => Number(row[0]))).toEqual(sizes.map((_, index) => total(sizes.slice(0, index))))
  expect(sum).toMatch(/^Sum: /)
  const [terms, stated] = (sum as string).slice('Sum: '.length).split(' = ') as [string, string]
  expect(terms.split(' + ').map(Number)).toEqual(sizes)
  expect(Number(/^(\d+) bytes/.exec(stated)?.[1])).toBe(total(sizes))
})

const salt = filled(32, 0x51)
const header: ChunkFileHeader = {
  fileId: filled(16, 0x41),
  parentFileId: filled(16, 0x42),
  keyspace: filled(16, 0x43),
  epoch: 0x01020304,
  kind: 'tree',
  createdAtMs: -0x010203040506,
  salt,
  compatibleFeatures: 0x0a0b0c0d,
}
const headerBytes = encodeChunkFileHeader(header)
const headerFields = {
  version: uint(1, 2),
  kind: uint(2, 2),
  'incompatible features': uint(0, 4),
  'compatible features': uint(0x0a0b0c0d, 4),
  epoch: uint(0x01020304, 4),
  'file id': header.fileId,
  'parent file id': header.parentFileId,
  keyspace: header.keyspace,
  created: signed(-0x010203040506),
  salt,
}
const footerBytes = encodeChunkFileFooter({
  header,
  tableOffset: 0x0107,
  tableSizeBytes: 0x0208,
  extentCount: 0x0309,
  blockCount: 0x040a,
  totalSizeBytes: 0x050b,
  sha256: filled(32, 0x61),
})
const extentBytes = encodeExtentHeader({
  number: 0x0102,
  storedSizeBytes: 0x0304,
  rawSizeBytes: 0x0506,
  method: 'zstd',
  blockCount: 0x0708,
})
const extent = { offset: 0x0102, storedSizeBytes: 0x0304, rawSizeBytes: 0x0506, blockCount: 2 }
const tableBytes = encodeBlockTable({
  extents: [extent, extent, extent],
  ids: filled(64, 0x71),
  lengths: Uint32Array.of(1, 2),
})
const sealedBytes = encodeSealedHeader({
  kind: 'point',
  method: 'zstd',
  rawSizeBytes: 0x0102,
  keyspace: filled(16, 0x44),
  salt,
})
const slotBytes = encodeKeySlot({
  kind: 'recovery-code',
  scrypt: { log2N: 18, r: 9, p: 3 },
  keyspace: filled(16, 0x45),
  createdAtMs: -77,
  salt,
  commitment: filled(32, 0x81),
  nonce: filled(12, 0x82),
  wrapped: filled(48, 0x83),
})

/** For each byte table: encoded bytes and the contents of its fields. */
const layouts: Record<string, { readonly bytes: Buffer; readonly fields: Record<string, Uint8Array> }> = {
  'chunk-file.md, Header': {
    bytes: headerBytes,
    fields: { cookie: ascii('THARSISC'), ...headerFields, 'check sum': uint(crc32c(headerBytes.subarray(0, 508)), 4) },
  },
  'chunk-file.md, Footer': {
    bytes: footerBytes,
    fields: {
      cookie: ascii('THARSISF'),
      ...headerFields,
      'table offset': Buffer.concat([uint(0x0107, 4), uint(0, 4)]),
      'table size': uint(0x0208, 4),
      'extent count': uint(0x0309, 4),
      'block count': uint(0x040a, 4),
      'total size': Buffer.concat([uint(0x050b, 4), uint(0, 4)]),
      'sha-256': filled(32, 0x61),
      'check sum': uint(crc32c(footerBytes.subarray(0, 508)), 4),
    },
  },
  'chunk-file.md, Extent header': {
    bytes: extentBytes,
    fields: {
      magic: ascii('TXT1'),
      number: uint(0x0102, 4),
      'stored size': uint(0x0304, 4),
      'raw size': uint(0x0506, 4),
      method: uint(2, 1),
      'block count': uint(0x0708, 2),
      'check sum': uint(crc32c(extentBytes.subarray(0, 20)), 4),
    },
  },
  'chunk-file.md, Block table': {
    bytes: tableBytes,
    fields: { 'extent count': uint(3, 4), 'block count': uint(2, 4) },
  },
  'chunk-file.md, Block table 2': {
    bytes: tableBytes.subarray(8),
    fields: {
      offset: uint(0x0102, 4),
      'stored size': uint(0x0304, 4),
      'raw size': uint(0x0506, 4),
      'block count': uint(2, 4),
    },
  },
  'sealed-object.md, Sealed-object header': {
    bytes: sealedBytes,
    fields: {
      cookie: ascii('THARSISO'),
      version: uint(1, 2),
      kind: uint(2, 1),
      method: uint(2, 1),
      'raw size': uint(0x0102, 4),
      'incompatible features': uint(0, 4),
      epoch: uint(0, 4),
      keyspace: filled(16, 0x44),
      salt,
    },
  },
  'keys.md, Key slot': {
    bytes: slotBytes,
    fields: {
      cookie: ascii('THARSISK'),
      version: uint(1, 2),
      kind: uint(2, 1),
      derivation: uint(1, 1),
      'log2 N': uint(18, 1),
      r: uint(9, 1),
      p: uint(3, 1),
      keyspace: filled(16, 0x45),
      created: signed(-77),
      salt,
      commitment: filled(32, 0x81),
      nonce: filled(12, 0x82),
      wrapped: filled(48, 0x83),
      'check sum': uint(crc32c(slotBytes.subarray(0, 252)), 4),
    },
  },
}

test('every byte table has a value to be held against', () => {
  expect(Object.keys(layouts).sort()).toEqual(byteTables.map(({ name }) => name).sort())
})

test.each(byteTables)('$name: each field is where the table says', ({ name, rows }) => {
  const { bytes, fields } = layouts[name] as (typeof layouts)[string]
  for (const row of rows) {
    const [offset, size, field] = [Number(row[0]), Number(row[1]), row[2] as string]
    const content = field === 'reserved' ? Buffer.alloc(size) : fields[field]
    expect(`${field}: ${bytes.subarray(offset, offset + size).toString('hex')}`).toBe(
      `${field}: ${content && Buffer.from(content).toString('hex')}`,
    )
  }
  expect(new Set([...rows.map((row) => row[2]), 'reserved'])).toEqual(new Set([...Object.keys(fields), 'reserved']))
})

test('header, footer, extent header, sealed header and slot are as long as their tables', () => {
  const lengths = [
    'chunk-file.md, Header',
    'chunk-file.md, Footer',
    'chunk-file.md, Extent header',
    'sealed-object.md, Sealed-object header',
    'keys.md, Key slot',
  ]
  for (const name of lengths) {
    const rows = byteTables.find((table) => table.name === name)?.rows ?? []
    expect(layouts[name]?.bytes.length).toBe(total(rows.map((row) => Number(row[1]))))
  }
  expect(
    encodeExtentHeader({
      number: tableExtentNumber,
      storedSizeBytes: 16,
      rawSizeBytes: 0,
      method: 'stored',
      blockCount: 0,
    }).toString('latin1', 0, 4),
  ).toBe('TTB1')
})

test('the numbers of sealed kinds are those of the table', () => {
  const kinds = tables.find(({ columns }) => columns[0] === 'kind')?.rows ?? []
  expect(kinds.length).toBe(10)
  for (const [kind, number] of kinds) {
    const bytes = encodeSealedHeader({
      kind: kind as SealedKind,
      method: 'stored',
      rawSizeBytes: 0,
      keyspace: filled(16, 0),
      salt,
    })
    expect(bytes[10]).toBe(Number(number))
  }
})

const writtenDefinitions = [
  samples.definitions,
  samples.definitionsWithPolicies,
  samples.definitionsWithShortened,
  samples.definitionsOfRemoved,
].map((definitions) => decodeCbor(encodeDefinitions(definitions), 'definitions'))

/** Keys that encoders write, over all samples, by table. */
const written: Record<string, readonly CborValue[]> = {
  'trees.md, Entry': samples.entries.map(valueOf),
  'trees.md, Entry 2': samples.entries.map((entry) => fieldOf(valueOf(entry), 7)),
  'trees.md, Entry 3': samples.entries.map((entry) => fieldOf(valueOf(entry), 8)),
  'trees.md, Entry 4': samples.entries.map((entry) => fieldOf(valueOf(entry), 11)),
  'trees.md, Entry 5': samples.entries.map((entry) => fieldOf(valueOf(entry), 12)),
  'points.md, Manifest': [decodeCbor(encodePointManifest(samples.manifest), 'point')],
  'points.md, Confirmation': [decodeCbor(encodeConfirmation(samples.confirmation), 'confirmation')],
  'points.md, Mark': samples.marks.map((mark) => decodeCbor(encodeMark(mark), 'mark')),
  'points.md, Tombstone': [decodeCbor(encodeTombstones(samples.tombstones), 'tombstones')],
  'vault-layout.md, Audit journal': samples.auditEntries.map((entry) => decodeCbor(encodeAuditEntry(entry), 'audit')),
  'vault-layout.md, Keyspace facts': [decodeCbor(encodeKeyspaceFacts(samples.facts), 'facts')],
  'vault-layout.md, Definitions': writtenDefinitions,
  'vault-layout.md, Definitions 2': writtenDefinitions.flatMap((value) => fieldOf(value, 2) as CborValue[]),
  'vault-layout.md, Definitions 3': writtenDefinitions.flatMap((value) =>
    (fieldOf(value, 2) as CborValue[]).map((item) => fieldOf(item, 9)),
  ),
  'vault-layout.md, Definitions 4': writtenDefinitions.flatMap((value) =>
    (fieldOf(value, 2) as CborValue[]).flatMap((item) => (fieldOf(item, 10) ?? []) as CborValue[]),
  ),
  'vault-layout.md, Definitions 5': samples.policies.map(policyToCbor),
  'vault-layout.md, Definitions 6': writtenDefinitions.map((value) => fieldOf(value, 4)),
  'vault-layout.md, Index segment': [decodeCbor(encodeIndexSegment(samples.compactedOf([])), 'index')],
  'vault-layout.md, Index-gone': [decodeCbor(encodeIndexGone(samples.indexGone), 'index-gone')],
  'vault-layout.md, Intent': [decodeCbor(encodeIntent(samples.intent), 'intent')],
  'vault-layout.md, End of an intent': [decodeCbor(encodeIntentEnd(samples.intentEnd), 'intent')],
}

test('every key table has values to be held against', () => {
  expect(Object.keys(written).sort()).toEqual(keyTables.map(({ name }) => name).sort())
})

test.each(keyTables)('$name: the keys are those that are written, and those of "always" always', ({ name, rows }) => {
  const maps = (written[name] as readonly CborValue[]).filter((value) => value instanceof Map) as ReadonlyMap<
    number,
    CborValue
  >[]
  expect(maps.length).toBeGreaterThan(0)
  const keys = rows.map((row) => Number(row[0]))
  expect([...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b)).toEqual(keys)
  for (const map of maps) for (const row of rows) if (row[3] === 'always') expect(map.has(Number(row[0]))).toBe(true)
})

test('names and secrets of the pages are those of the code', () => {
  const words = readPage('keys.md')
  for (const info of ['id', 'gear', 'manifest', 'definitions', 'data/<e>', 'chunk-file', 'object']) {
    expect(words).toContain(`\`tharsis/v1/${info}\``)
  }
})

function valueOf(entry: Entry): CborValue {
  return decodeCbor(encodeEntry(entry), 'entry')
}

function fieldOf(value: CborValue, key: number): CborValue {
  return (value as ReadonlyMap<number, CborValue>).get(key) ?? null
}

function readTables(): Table[] {
  const pages = globSync('*.md', { cwd: join(import.meta.dirname, '..', '..', 'docs', 'format') }).sort()
  return pages.flatMap((page) => tablesOf(basename(page), readPage(page)))
}

function readPage(page: string): string {
  return readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'format', page), 'utf8')
}

function tablesOf(page: string, text: string): Table[] {
  const found: Table[] = []
  const counts = new Map<string, number>()
  let heading = ''
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('#')) heading = line.replace(/^#+ /, '')
    if (!/^\|(---\|)+$/.test(line)) continue
    let end = index + 1
    while (lines[end]?.startsWith('|')) end++
    const columns = cells(lines[index - 1] as string)
    const key = `${page}, ${heading}`
    // Tables of other shapes do not count: the numbers are for those that are checked.
    const isChecked = columns[0] === 'offset' || columns.join() === 'key,field,type,presence'
    const count = (counts.get(key) ?? 0) + (isChecked ? 1 : 0)
    counts.set(key, count)
    const sum = lines.slice(end, end + 2).find((follower) => follower.startsWith('Sum:'))
    found.push({
      name: count > 1 ? `${key} ${count}` : key,
      columns,
      rows: lines.slice(index + 1, end).map(cells),
      sum,
    })
  }
  return found
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

function filled(sizeBytes: number, byte: number): Buffer {
  return Buffer.from(Array.from({ length: sizeBytes }, (_, index) => (byte + index * 5) & 0xff))
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function uint(value: number, sizeBytes: 1 | 2 | 4): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  bytes.writeUIntLE(value, 0, sizeBytes)
  return bytes
}

function signed(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  return bytes
}

function total(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0)
}
