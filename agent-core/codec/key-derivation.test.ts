import { createHmac, scryptSync } from 'node:crypto'
import { expect, test } from 'vitest'
import type { KeyspaceId } from '../contract/ids.ts'
import { crc32c } from '../format/crc32c.ts'
import { decrypt } from './encryption.ts'
import {
  chunkFileKey,
  createKeySlot,
  deriveKeys,
  gearSeedSizeBytes,
  openKeySlot,
  sealedObjectKey,
} from './key-derivation.ts'

const masterKey = Buffer.alloc(32, 0x5a)
const keyspace = '000102030405060708090a0b0c0d0e0f' as KeyspaceId
const random = { bytes: (sizeBytes: number) => Buffer.alloc(sizeBytes, 0x3c) }
const scrypt = { log2N: 14, r: 8, p: 1 }
const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })

/** RFC 5869 by hand, so that the derivation is held against more than the library that makes it. */
function hkdf(key: Uint8Array, salt: Uint8Array, info: string, sizeBytes: number): Buffer {
  const pseudorandomKey = createHmac('sha256', salt).update(key).digest()
  const pieces: Buffer[] = []
  for (let count = 1; pieces.length * 32 < sizeBytes; count++) {
    const piece = createHmac('sha256', pseudorandomKey)
      .update(pieces.at(-1) ?? '')
      .update(info)
      .update(Buffer.of(count))
    pieces.push(piece.digest())
  }
  return Buffer.concat(pieces).subarray(0, sizeBytes)
}

test('the HKDF of this test is that of RFC 5869, test case 1', () => {
  const info = Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex').toString('latin1')
  const salt = Buffer.from('000102030405060708090a0b0c', 'hex')
  const pseudorandomKey = createHmac('sha256', salt).update(Buffer.alloc(22, 0x0b)).digest()
  expect(pseudorandomKey.toString('hex')).toBe('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5')
  const first = createHmac('sha256', pseudorandomKey).update(info, 'latin1').update(Buffer.of(1)).digest()
  expect(first.toString('hex')).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf')
})

test('keys are derived as docs/format/keys.md says', () => {
  const salt = Buffer.from(keyspace, 'hex')
  const keys = deriveKeys(masterKey, keyspace, 2)
  const derive = (info: string, sizeBytes = 32) => hkdf(masterKey, salt, `tharsis/v1/${info}`, sizeBytes)
  expect(Buffer.from(keys.id)).toEqual(derive('id'))
  expect(Buffer.from(keys.gearSeed)).toEqual(derive('gear', gearSeedSizeBytes))
  expect(Buffer.from(keys.manifest)).toEqual(derive('manifest'))
  expect(Buffer.from(keys.definitions)).toEqual(derive('definitions'))
  expect(keys.data.map((key) => Buffer.from(key))).toEqual([derive('data/0'), derive('data/1')])
  const fileSalt = Buffer.alloc(32, 7)
  expect(chunkFileKey(keys, 1, fileSalt).export()).toEqual(
    hkdf(derive('data/1'), fileSalt, 'tharsis/v1/chunk-file', 32),
  )
  expect(Buffer.from(sealedObjectKey(keys.manifest, fileSalt))).toEqual(
    hkdf(derive('manifest'), fileSalt, 'tharsis/v1/object', 32),
  )
  expect(() => chunkFileKey(keys, 2, fileSalt)).toThrow(expect.objectContaining({ code: 'format.too-new' }))
})

test('all keys differ, and those of another keyspace too', () => {
  const all = [keyspace, 'f'.repeat(32) as KeyspaceId].flatMap((id) => {
    const keys = deriveKeys(masterKey, id, 2)
    return [keys.id, keys.gearSeed.subarray(0, 32), keys.manifest, keys.definitions, ...keys.data]
  })
  expect(new Set(all.map((key) => Buffer.from(key).toString('hex'))).size).toBe(all.length)
})

const passphrase = 'a long enough ﬁrst passphrase'
const createSlot = (secret = passphrase) =>
  createKeySlot({ kind: 'passphrase', secret, masterKey, keyspace, nowMs: 1, random, scrypt })

test('a slot holds what scrypt (RFC 7914) and AES-GCM by hand give', async () => {
  const slot = await createSlot()
  const secret = Buffer.from('a long enough first passphrase')
  const derived = scryptSync(secret, slot.subarray(40, 72), 64, { N: 2 ** 14, r: 8, p: 1 })
  expect(slot.subarray(80, 112)).toEqual(derived.subarray(32))
  expect(
    decrypt(derived.subarray(0, 32), slot.subarray(112, 124), slot.subarray(0, 80), slot.subarray(124, 172)),
  ).toEqual(masterKey)
})

test('the scrypt underneath is that of RFC 7914, section 12', () => {
  expect(scryptSync('pleaseletmein', 'SodiumChloride', 64, { N: 16_384, r: 8, p: 1 }).toString('hex')).toBe(
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
  )
})

test('a slot opens with its secret in any Unicode form, and with no other', async () => {
  const slot = await createSlot()
  expect(await openKeySlot(slot, passphrase, 'slot')).toEqual(masterKey)
  expect(await openKeySlot(slot, passphrase.normalize('NFKC'), 'slot')).toEqual(masterKey)
  expect(await openKeySlot(slot, `${passphrase}\n`, 'slot')).toBeUndefined()
  expect(await openKeySlot(slot, '', 'slot')).toBeUndefined()
  const composed = await createSlot('Füße und noch viel mehr')
  expect(await openKeySlot(composed, 'Füße und noch viel mehr'.normalize('NFD'), 'slot')).toEqual(masterKey)
})

test('the code of a recovery slot is taken as it is', async () => {
  const slot = await createKeySlot({
    kind: 'recovery-code',
    secret: 'ABCD',
    masterKey,
    keyspace,
    nowMs: 1,
    random,
    scrypt,
  })
  expect(await openKeySlot(slot, 'ABCD', 'slot')).toEqual(masterKey)
  expect(await openKeySlot(slot, 'abcd', 'slot')).toBeUndefined()
})

test('whatever is changed in a slot with a fitting check sum, no wrong key comes out', async () => {
  const slot = await createSlot()
  // One bit in every field that is no parameter of the derivation; those of the wrapped key are damage.
  for (const offset of [16, 32, 40, 71, 72, 80, 111, 112, 124, 171]) {
    const changed = Buffer.from(slot)
    changed.writeUInt8(changed.readUInt8(offset) ^ 1, offset)
    changed.writeUInt32LE(crc32c(changed.subarray(0, 252)), 252)
    const opened = openKeySlot(changed, passphrase, 'slot')
    const isSecret = (offset >= 40 && offset < 72) || (offset >= 80 && offset < 112)
    if (isSecret) expect(await opened).toBeUndefined()
    else await expect(opened).rejects.toThrow(invalid)
  }
})
