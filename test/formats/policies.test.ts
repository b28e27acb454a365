/** Policies in the definitions of a vault. */
import { expect, test } from 'vitest'
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from '../../agent-core/format/cbor.ts'
import { decodeDefinitions, encodeDefinitions } from '../../agent-core/format/definitions.ts'
import * as samples from './samples.ts'

test('definitions with policies are read back; those that cannot be are refused', () => {
  const definitions = samples.definitionsWithPolicies
  const encoded = encodeDefinitions(definitions)
  const items = definitions.items.map((item) => ({
    ...item,
    folders: item.folders.map((folder) => new Uint8Array(folder)),
  }))
  expect(decodeDefinitions(encoded, 'definitions')).toEqual({ ...definitions, items })
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
