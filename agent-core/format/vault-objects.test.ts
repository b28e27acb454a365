/** The small payloads and names of a vault: vault.json, facts, definitions, index segments, object names. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChunkFileName, HomeId, IntentId, ItemId, KeyspaceId, PointId, VaultId } from '../contract/ids.ts'
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import { maxChunkFileSizeBytes } from './chunk-file.ts'
import {
  decodeIndexGone,
  decodeIntent,
  decodeIntentEnd,
  encodeIndexGone,
  encodeIntent,
  encodeIntentEnd,
  type Intent,
} from './clean-up.ts'
import { decodeDefinitions, decodeKeyspaceFacts, encodeDefinitions, encodeKeyspaceFacts } from './definitions.ts'
import { decodeIndexSegment, encodeIndexSegment, type IndexSegment } from './index-segment.ts'
import { decodeVaultFile, encodeVaultFile, maxVaultFileSizeBytes } from './vault-file.ts'
import {
  formatSequence,
  keyspaceLayout,
  keyspaceOfName,
  parseChunkName,
  parseIntentName,
  parsePointName,
  parseSequenceName,
} from './vault-layout.ts'

const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })
const hex = (sizeBytes: number) =>
  fc.uint8Array({ minLength: sizeBytes, maxLength: sizeBytes }).map((bytes) => Buffer.from(bytes).toString('hex'))
const bytes = (sizeBytes: number) =>
  fc.uint8Array({ minLength: sizeBytes, maxLength: sizeBytes }).map((array) => new Uint8Array(array))
const anyBytes = fc.uint8Array({ maxLength: 60 }).map((array) => new Uint8Array(array))
const text = fc.string({ unit: 'grapheme' })

test('vault.json is read back, and a reader ignores further keys', () => {
  fc.assert(
    fc.property(hex(16) as fc.Arbitrary<VaultId>, text, (vaultId, createdAt) => {
      const encoded = encodeVaultFile({ vaultId, createdAt })
      expect(decodeVaultFile(encoded)).toEqual({ vaultId, createdAt })
      const later = { ...(JSON.parse(encoded.toString('utf8')) as object), later: 1 }
      expect(decodeVaultFile(Buffer.from(JSON.stringify(later)))).toEqual({ vaultId, createdAt })
    }),
  )
})

const vaultDocument = {
  product: 'tharsis',
  formatVersion: 1,
  features: [] as unknown,
  vaultId: '0'.repeat(32),
  createdAt: '',
}
test.each<readonly [string, object | string]>([
  ['not JSON', '{'],
  ['null', 'null'],
  ['a list', '[]'],
  ['of another product', { ...vaultDocument, product: 'other' }],
  ['of version 0', { ...vaultDocument, formatVersion: 0 }],
  ['of version 1.5', { ...vaultDocument, formatVersion: 1.5 }],
  ['of a version in words', { ...vaultDocument, formatVersion: '1' }],
  ['without features', { ...vaultDocument, features: undefined }],
  ['of features that are no list', { ...vaultDocument, features: { length: 0 } }],
  ['of a short id', { ...vaultDocument, vaultId: '0'.repeat(31) }],
  ['of an id in upper case', { ...vaultDocument, vaultId: 'A'.repeat(32) }],
  ['without a creation time', { ...vaultDocument, createdAt: 5 }],
  ['longer than any', { ...vaultDocument, padding: ' '.repeat(maxVaultFileSizeBytes) }],
])('a vault.json %s is refused', (_, document) => {
  const encoded = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document))
  expect(() => decodeVaultFile(encoded)).toThrow(invalid)
})

test('a vault.json of a later version or with a feature is too new', () => {
  for (const change of [{ formatVersion: 2 }, { features: ['later'] }]) {
    const encoded = Buffer.from(JSON.stringify({ ...vaultDocument, ...change }))
    expect(() => decodeVaultFile(encoded)).toThrow(expect.objectContaining({ code: 'format.too-new' }))
  }
})

test('keyspace facts are read back', () => {
  fc.assert(
    fc.property(text, fc.maxSafeInteger(), bytes(32), (machine, createdAtMs, vaultSha256) => {
      const facts = { machine, createdAtMs, vaultSha256 }
      expect(decodeKeyspaceFacts(encodeKeyspaceFacts(facts), 'facts')).toEqual(facts)
    }),
  )
})

const anyStop = fc.oneof(
  fc.record({ atMs: fc.maxSafeInteger(), data: fc.constant('retained' as const), who: text }),
  fc.record({
    atMs: fc.maxSafeInteger(),
    data: fc.constant('deleted' as const),
    who: text,
    reason: text,
    untilMs: fc.maxSafeInteger(),
  }),
)

const plainItem = fc.record({
  id: hex(16) as fc.Arbitrary<ItemId>,
  name: text,
  folders: fc.array(anyBytes, { maxLength: 3 }),
  excludes: fc.array(text, { maxLength: 3 }),
  defaultExcludes: fc.boolean(),
  crossMounts: fc.boolean(),
  compression: fc.constantFrom('lz4' as const, 'zstd' as const),
})

const anyItem = fc.oneof(
  plainItem,
  fc.tuple(plainItem, anyStop).map(([item, stopped]) => ({ ...item, stopped })),
)

test('definitions are read back', () => {
  fc.assert(
    fc.property(hex(16) as fc.Arbitrary<HomeId>, fc.array(anyItem, { maxLength: 4 }), (writer, items) => {
      expect(decodeDefinitions(encodeDefinitions({ writer, items }), 'definitions')).toEqual({ writer, items })
    }),
  )
})

test.each<readonly [string, number, CborValue]>([
  ['a short id', 1, new Uint8Array(15)],
  ['folders of text', 3, ['/home']],
  ['exclusions of bytes', 4, [new Uint8Array(1)]],
  ['an unknown compression', 7, 'brotli'],
])('an item with %s is refused', (_, key, value) => {
  const items = fc.sample(anyItem, { numRuns: 1, seed: 3 })
  const map = decodeCbor(encodeDefinitions({ writer: '0'.repeat(32) as HomeId, items }), 'definitions') as CborMap
  const first = (map.get(2) as readonly CborMap[])[0] as CborMap
  const changed = new Map([...map, [2, [new Map([...first, [key, value]])]]] as [number, CborValue][])
  expect(() => decodeDefinitions(encodeCbor(changed), 'definitions')).toThrow(invalid)
})

const anySegment: fc.Arbitrary<IndexSegment> = fc.record({
  chunkFiles: fc.array(
    fc.record({
      name: hex(32) as fc.Arbitrary<ChunkFileName>,
      kind: fc.constantFrom('data' as const, 'tree' as const),
      sizeBytes: fc.nat({ max: maxChunkFileSizeBytes }),
      salt: bytes(32),
      epoch: fc.nat({ max: 0xffff_ffff }),
      table: anyBytes,
    }),
    { maxLength: 4 },
  ),
  supersedes: fc.array(fc.maxSafeNat(), { maxLength: 4 }),
})

const names = fc.array(hex(32) as fc.Arbitrary<ChunkFileName>, { maxLength: 4 })
const sequence = fc.nat({ max: 999_999_999_999 })
const sequences = fc.array(sequence, { maxLength: 4 })

test('intents, their ends and index-gone objects are read back', () => {
  const anyIntent: fc.Arbitrary<Intent> = fc.record({
    home: hex(16) as fc.Arbitrary<HomeId>,
    machine: text,
    announcedAtMs: fc.maxSafeInteger(),
    dueAtMs: fc.maxSafeInteger(),
    chunkFiles: names,
    indexSegments: sequences,
    indexGone: sequences,
    points: fc.array(
      fc.record({ item: hex(16) as fc.Arbitrary<ItemId>, sequence, point: hex(16) as fc.Arbitrary<PointId> }),
    ),
  })
  fc.assert(
    fc.property(anyIntent, fc.maxSafeInteger(), fc.nat(), (intent, endedAtMs, deletedCount) => {
      expect(decodeIntent(encodeIntent(intent), 'intent')).toEqual(intent)
      const end = { endedAtMs, deletedCount, takenBack: intent.chunkFiles }
      expect(decodeIntentEnd(encodeIntentEnd(end), 'end')).toEqual(end)
      const gone = { chunkFiles: intent.chunkFiles, supersedes: intent.indexGone }
      expect(decodeIndexGone(encodeIndexGone(gone), 'index-gone')).toEqual(gone)
    }),
  )
})

test('index segments are read back', () => {
  fc.assert(
    fc.property(anySegment, (segment) => {
      expect(decodeIndexSegment(encodeIndexSegment(segment), 'index')).toEqual(segment)
    }),
  )
})

const file: readonly CborValue[] = [new Uint8Array(32), 1, 600, new Uint8Array(32), 0, new Uint8Array(8)]
test.each<readonly [string, CborMap]>([
  ['without chunk files', new Map([[2, []]])],
  ['a short name', new Map([[1, [file.with(0, new Uint8Array(31))]]])],
  ['an unknown kind', new Map([[1, [file.with(1, 3)]]])],
  ['a negative length', new Map([[1, [file.with(2, -1)]]])],
  ['a length beyond all', new Map([[1, [file.with(2, maxChunkFileSizeBytes + 1)]]])],
  ['a short salt', new Map([[1, [file.with(3, new Uint8Array(31))]]])],
  ['a negative epoch', new Map([[1, [file.with(4, -1)]]])],
  ['a table of text', new Map([[1, [file.with(5, 'table')]]])],
  ['a file of five fields', new Map([[1, [file.slice(0, 5)]]])],
  [
    'a negative superseded number',
    new Map([
      [1, []],
      [2, [-1]],
    ] as [number, CborValue][]),
  ],
])('an index segment with %s is refused', (_, map) => {
  expect(() => decodeIndexSegment(encodeCbor(map), 'index')).toThrow(invalid)
})

const layout = keyspaceLayout('0123456789abcdef0123456789abcdef' as KeyspaceId)

test('object names are parsed back', () => {
  const ids = fc.tuple(hex(16), hex(16), hex(32), fc.nat({ max: 999_999_999_999 }))
  fc.assert(
    fc.property(ids, ([item, point, chunk, sequence]) => {
      const parts = { item: item as ItemId, sequence, point: point as PointId }
      const name = layout.point(parts.item, sequence, parts.point)
      expect(parsePointName(name)).toEqual({ ...parts, confirmation: false })
      expect(parsePointName(layout.confirmation(parts.item, sequence, parts.point))).toEqual({
        ...parts,
        confirmation: true,
      })
      expect(parseChunkName(layout.chunk(chunk as ChunkFileName))).toBe(chunk)
      expect(parseSequenceName(layout.indexSegment(sequence))).toBe(sequence)
      expect(parseSequenceName(layout.definition(sequence))).toBe(sequence)
      expect(parseSequenceName(layout.indexGoneObject(sequence))).toBe(sequence)
      const intent = item as IntentId
      expect(parseIntentName(layout.intent(intent))).toEqual({ id: intent, isEnd: false })
      expect(parseIntentName(layout.intentEnd(intent))).toEqual({ id: intent, isEnd: true })
      expect(keyspaceOfName(name)).toBe('0123456789abcdef0123456789abcdef')
    }),
  )
})

test.each([
  'vault.json',
  `${layout.root}index/1`,
  `${layout.chunks}00/${'1'.repeat(64)}.tcf`,
  `x/${layout.indexSegment(1)}`,
  `${layout.indexSegment(1)}\n`,
  `${layout.root}marks/000000000001`,
])('%j is no name of an object that is known', (name) => {
  expect([parsePointName(name), parseChunkName(name), parseSequenceName(name)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('byte order of names is the order of numbers, and numbers have bounds', () => {
  fc.assert(
    fc.property(fc.nat({ max: 999_999_999_999 }), fc.nat({ max: 999_999_999_999 }), (a, b) => {
      expect(Buffer.compare(Buffer.from(formatSequence(a)), Buffer.from(formatSequence(b)))).toBe(Math.sign(a - b))
    }),
  )
  for (const wrong of [-1, 0.5, 1_000_000_000_000]) expect(() => formatSequence(wrong)).toThrow(RangeError)
})

test('names are safe on every file system', () => {
  const names = [
    layout.facts,
    layout.chunk('a'.repeat(64) as ChunkFileName),
    layout.confirmation('b'.repeat(32) as ItemId, 1, 'c'.repeat(32) as PointId),
  ]
  for (const name of names) expect(name).toMatch(/^[0-9a-z./-]+[0-9a-z]$/)
})
