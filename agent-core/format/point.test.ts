import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HomeId, ItemId, PointId } from '../contract/ids.ts'
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import {
  decodeConfirmation,
  decodePointManifest,
  encodeConfirmation,
  encodePointManifest,
  maxManifestSizeBytes,
  type PointManifest,
} from './point.ts'

const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })
const hexId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes))
const text = fc.string({ unit: 'grapheme', maxLength: 200 })
const list = fc.record({ id: hash, level: fc.nat({ max: 10 }), count: fc.maxSafeNat(), totalBytes: fc.maxSafeNat() })
const count = fc.maxSafeNat()

const anyManifest: fc.Arbitrary<PointManifest> = fc.record(
  {
    id: hexId as fc.Arbitrary<PointId>,
    item: hexId as fc.Arbitrary<ItemId>,
    itemName: text,
    sequence: fc.nat({ max: 999_999_999_999 }),
    timeMs: fc.maxSafeInteger(),
    kind: fc.constantFrom('scheduled' as const, 'on-demand' as const),
    keepUntilMs: fc.maxSafeInteger(),
    root: list,
    parent: fc.record({ id: hexId as fc.Arbitrary<PointId>, sha256: hash }),
    source: fc.record({
      machine: text,
      platform: text,
      home: hexId as fc.Arbitrary<HomeId>,
      snapshot: text,
      product: text,
    }),
    counts: fc.record({
      files: count,
      directories: count,
      others: count,
      bytes: count,
      filesRead: count,
      bytesRead: count,
      bytesNew: count,
      bytesStored: count,
    }),
    partial: fc.boolean(),
    chunkFiles: list,
    warnings: list,
    missing: list,
  },
  { requiredKeys: ['id', 'item', 'itemName', 'sequence', 'timeMs', 'kind', 'source', 'counts', 'partial'] },
)

test('manifests are read back and stay under 8 KiB', () => {
  fc.assert(
    fc.property(anyManifest, (manifest) => {
      const encoded = encodePointManifest(manifest)
      expect(encoded.length).toBeLessThanOrEqual(maxManifestSizeBytes)
      expect(decodePointManifest(encoded, 'point')).toEqual(manifest)
    }),
  )
})

const [manifest] = fc.sample(anyManifest, { numRuns: 1, seed: 7 }) as [PointManifest]

test('a manifest over 8 KiB is a bug of the writer, and refused by a reader', () => {
  expect(() => encodePointManifest({ ...manifest, itemName: 'x'.repeat(maxManifestSizeBytes) })).toThrow(RangeError)
  expect(() => decodePointManifest(encodeCbor(new Map([[1, new Uint8Array(maxManifestSizeBytes)]])), 'point')).toThrow(
    invalid,
  )
})

test.each<readonly [string, number, CborValue | undefined]>([
  ['without an id', 1, undefined],
  ['with a short id', 1, new Uint8Array(15)],
  ['with a negative sequence', 4, -1],
  ['of unknown kind', 6, 2],
  ['with a root that is no list', 8, [1]],
  ['with a parent without a hash', 9, [new Uint8Array(16)]],
  ['without a home', 10, ['m', 'p', new Uint8Array(15), 's', 'v']],
  ['with seven counts', 11, [1, 2, 3, 4, 5, 6, 7]],
  ['with a negative count', 11, [1, 2, 3, 4, 5, 6, 7, -8]],
  ['that does not say whether it is partial', 12, 1],
])('a manifest %s is refused', (_, key, value) => {
  const map = new Map(decodeCbor(encodePointManifest(manifest), 'point') as CborMap)
  if (value === undefined) map.delete(key)
  else map.set(key, value)
  expect(() => decodePointManifest(encodeCbor(map), 'point')).toThrow(invalid)
})

test('unknown keys and further counts are ignored', () => {
  const map = new Map(decodeCbor(encodePointManifest(manifest), 'point') as CborMap)
  map.set(99, 'later')
  map.set(11, [...(map.get(11) as number[]), 9])
  expect(decodePointManifest(encodeCbor(map), 'point')).toEqual(manifest)
})

test('confirmations are read back', () => {
  fc.assert(
    fc.property(hexId, hash, fc.maxSafeInteger(), (point, sha256, confirmedAtMs) => {
      const confirmation = { point: point as PointId, sha256, confirmedAtMs }
      expect(decodeConfirmation(encodeConfirmation(confirmation), 'confirmation')).toEqual(confirmation)
    }),
  )
  expect(() => decodeConfirmation(encodeCbor(new Map([[1, new Uint8Array(16)]])), 'confirmation')).toThrow(invalid)
})
