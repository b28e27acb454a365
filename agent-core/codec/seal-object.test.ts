import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isAgentError } from '../base/agent-error.ts'
import { systemRandom } from '../base/random.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { type SealedKind, sealedHeaderSizeBytes } from '../format/sealed-object.ts'
import { deriveKeys } from './key-derivation.ts'
import { openObject, sealObject } from './seal-object.ts'

const keyspace = '0'.repeat(32) as KeyspaceId
const keys = deriveKeys(Buffer.alloc(32, 1), keyspace)
const name = `keyspaces/${keyspace}/index/000000000001`
const kinds: readonly SealedKind[] = [
  'index',
  'point',
  'confirmation',
  'definitions',
  'keyspace',
  'intent',
  'tombstone',
  'mark',
  'index-gone',
]
const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })

test('payloads are read back, whatever their kind', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 2_000 }), (kind, payload) => {
      const sealed = sealObject(keys, kind, name, payload, systemRandom)
      expect(Buffer.from(openObject(keys, kind, name, sealed))).toEqual(Buffer.from(payload))
    }),
  )
})

test('long payloads are compressed when that helps', () => {
  const text = Buffer.alloc(100_000, 'text')
  const sealed = sealObject(keys, 'index', name, text, systemRandom)
  expect(sealed.length).toBeLessThan(1_000)
  expect(openObject(keys, 'index', name, sealed)).toEqual(text)
  const random = randomBytes(100_000)
  expect(sealObject(keys, 'index', name, random, systemRandom).length).toBe(sealedHeaderSizeBytes + 100_000 + 16)
})

test('every flipped bit is found, as damage or as a version that is not known', () => {
  const sealed = sealObject(keys, 'index', name, Buffer.from('payload'), systemRandom)
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = Buffer.from(sealed)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    let code: string | undefined
    try {
      openObject(keys, 'index', name, flipped)
    } catch (error) {
      if (isAgentError(error, 'format.invalid') || isAgentError(error, 'format.too-new')) code = error.code
      else throw error
    }
    // Only version, features and epoch can look newer.
    const mayBeNew = (bit >= 64 && bit < 80) || (bit >= 128 && bit < 192)
    expect([bit, code === 'format.invalid' || (mayBeNew && code === 'format.too-new')]).toEqual([bit, true])
  }
})

test('an object opens under its own name, kind, keyspace and key only, and whole', () => {
  const sealed = sealObject(keys, 'index', name, Buffer.from('payload'), systemRandom)
  expect(() => openObject(keys, 'index', `${name}0`, sealed)).toThrow(invalid)
  expect(() => openObject(keys, 'index-gone', name, sealed)).toThrow(invalid)
  expect(() => openObject({ ...keys, keyspace: '1'.repeat(32) as KeyspaceId }, 'index', name, sealed)).toThrow(invalid)
  expect(() => openObject(deriveKeys(Buffer.alloc(32, 2), keyspace), 'index', name, sealed)).toThrow(invalid)
  for (let size = 0; size < sealed.length; size++) {
    expect(() => openObject(keys, 'index', name, sealed.subarray(0, size))).toThrow(invalid)
  }
  expect(() => openObject(keys, 'index', name, Buffer.concat([sealed, Buffer.of(0)]))).toThrow(invalid)
})

test('the same payload sealed twice shares no key', () => {
  const once = sealObject(keys, 'point', name, Buffer.from('payload'), systemRandom)
  const again = sealObject(keys, 'point', name, Buffer.from('payload'), systemRandom)
  expect(once.subarray(40, 72)).not.toEqual(again.subarray(40, 72))
  expect(once.subarray(80)).not.toEqual(again.subarray(80))
})
