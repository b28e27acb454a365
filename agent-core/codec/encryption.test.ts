import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decrypt, encrypt, nonceOf } from './encryption.ts'

const hex = (text: string) => Buffer.from(text, 'hex')

test('AES-256-GCM is that of test case 16 of the GCM specification (McGrew and Viega)', () => {
  const key = hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308')
  const nonce = hex('cafebabefacedbaddecaf888')
  const plain = hex(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  )
  const additionalData = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
  const sealed = Buffer.concat(encrypt(key, nonce, additionalData, [plain.subarray(0, 7), plain.subarray(7)]))
  expect(sealed.toString('hex')).toBe(
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  )
  expect(decrypt(key, nonce, additionalData, sealed)).toEqual(plain)
})

test('the nonce of a number is eight zero bytes and the number', () => {
  expect(nonceOf(0x01020304).toString('hex')).toBe('000000000000000004030201')
  expect(nonceOf(0xffff_ffff).toString('hex')).toBe('0000000000000000ffffffff')
})

test('any flipped bit, shorter or longer bytes, other key, nonce or additional data open nothing', () => {
  const key = Buffer.alloc(32, 1)
  const additionalData = Buffer.from('name')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), (plain, position) => {
      const sealed = Buffer.concat(encrypt(key, nonceOf(1), additionalData, [plain]))
      expect(decrypt(key, nonceOf(1), additionalData, sealed)).toEqual(Buffer.from(plain))
      const flipped = Buffer.from(sealed)
      const bit = position % (sealed.length * 8)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(decrypt(key, nonceOf(1), additionalData, flipped)).toBeUndefined()
      expect(decrypt(key, nonceOf(1), additionalData, sealed.subarray(0, position % sealed.length))).toBeUndefined()
      expect(decrypt(key, nonceOf(1), additionalData, Buffer.concat([sealed, Buffer.of(0)]))).toBeUndefined()
      expect(decrypt(key, nonceOf(2), additionalData, sealed)).toBeUndefined()
      expect(decrypt(key, nonceOf(1), Buffer.from('other'), sealed)).toBeUndefined()
      expect(decrypt(Buffer.alloc(32, 2), nonceOf(1), additionalData, sealed)).toBeUndefined()
    }),
  )
})
