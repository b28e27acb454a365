/** Policies in the definitions of a vault. */
import { expect, test } from 'vitest'
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from '../../agent-core/format/cbor.ts'
import { decodeDefinitions, encodeDefinitions } from '../../agent-core/format/definitions.ts'
import * as samples from './samples.ts'

test('definitions of a removed machine are read back; a field of theirs that is unknown may not be lost', () => {
  const encoded = encodeDefinitions(samples.definitionsOfRemoved)
  const { removed } = samples.definitionsOfRemoved
  const decoded = decodeDefinitions(encoded, 'definitions')
  expect(decoded.removed).toEqual(removed)
  expect(decoded.hasUnknownFields).toBeUndefined()
  const map = decodeCbor(encoded, 'definitions') as CborMap
  const newer = new Map([...map, [4, new Map([...(map.get(4) as CborMap), [9, 1]])]] as [number, CborValue][])
  expect(decodeDefinitions(encodeCbor(newer), 'definitions').hasUnknownFields).toBe(true)
})

const written = [samples.definitionsWithPolicies, samples.definitionsWithShortened]

test.each(written)('definitions with policies are read back', (definitions) => {
  const items = definitions.items.map((item) => ({
    ...item,
    folders: item.folders.map((folder) => new Uint8Array(folder)),
  }))
  expect(decodeDefinitions(encodeDefinitions(definitions), 'definitions')).toEqual({ ...definitions, items })
})

test('policies that cannot be are refused', () => {
  const encoded = encodeDefinitions(samples.definitionsWithPolicies)
  const map = decodeCbor(encoded, 'definitions') as CborMap
  const [first] = map.get(3) as readonly CborMap[]
  const withKey = (key: number, value: CborValue) =>
    encodeCbor(new Map([...map, [3, [new Map([...(first as CborMap), [key, value]])]]] as [number, CborValue][]))
  expect(decodeDefinitions(withKey(99, 1), 'definitions').hasUnknownFields).toBe(true)
  const refused: readonly (readonly [number, CborValue])[] = [
    [3, ['24:00']],
    [3, []],
    [7, 6],
    [8, [3, [1]]],
    [8, [4, [8]]],
    [8, [4]],
    [9, [12, ['29']]],
    [10, [1, [13], ['1']]],
    [11, 0],
    [12, 'brotli'],
    [13, 31],
  ]
  for (const [key, value] of refused) {
    expect(() => decodeDefinitions(withKey(key, value), 'definitions'), `key ${key}`).toThrow(
      expect.objectContaining({ code: 'format.invalid' }),
    )
  }
})

test('shortened rules that cannot be are refused; what a newer version adds to them is noticed', () => {
  const map = decodeCbor(encodeDefinitions(samples.definitionsWithShortened), 'definitions') as CborMap
  const [item] = map.get(2) as readonly CborMap[]
  const [first] = (item as CborMap).get(10) as readonly CborMap[]
  const withKey = (key: number, value: CborValue) => {
    const shortened = new Map([...(first as CborMap), [key, value]] as [number, CborValue][])
    const changed = new Map([...(item as CborMap), [10, [shortened]]] as [number, CborValue][])
    return decodeDefinitions(encodeCbor(new Map([...map, [2, [changed]]] as [number, CborValue][])), 'definitions')
  }
  expect(withKey(1, -5).items[0]?.shortened?.[0]?.changedAtMs).toBe(-5)
  expect(withKey(99, 1).hasUnknownFields).toBe(true)
  for (const [key, value] of [
    [2, 'soon'],
    [7, 6],
    [8, [4, [8]]],
    [10, [1, [13], ['1']]],
    [11, 0],
  ] as const) {
    expect(() => withKey(key, value as CborValue), `key ${key}`).toThrow(
      expect.objectContaining({ code: 'format.invalid' }),
    )
  }
})
