import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'

const innerPad = 0x36
const outerPad = 0x5c
const hashBlockSizeBytes = 64
const hashSizeBytes = 32
/** Up to here a copy beside the padded key costs less than a Hmac object with its native state. */
const oneShotSizeBytes = 64 * 1024

const inner = Buffer.alloc(hashBlockSizeBytes + oneShotSizeBytes)
const outer = Buffer.alloc(hashBlockSizeBytes + hashSizeBytes)
let paddedKey: Uint8Array | undefined
let keyObject: KeyObject | undefined

/**
 * Block id: HMAC-SHA-256 (RFC 2104) of the plain bytes under the keyspace's id key (32 bytes), 32 bytes.
 * Keyed, so that ids say nothing about known content to one who has no key.
 */
export function blockId(idKey: Uint8Array, bytes: Uint8Array): Buffer {
  if (idKey !== paddedKey || keyObject === undefined) keyObject = takeKey(idKey)
  if (bytes.length > oneShotSizeBytes) return createHmac('sha256', keyObject).update(bytes).digest()
  inner.set(bytes, hashBlockSizeBytes)
  digestInto(outer, hashBlockSizeBytes, inner.subarray(0, hashBlockSizeBytes + bytes.length))
  return sha256(outer)
}

/** RFC 2104, section 2: the key, padded with zeros to a block of the hash, XOR ipad and opad. */
function takeKey(key: Uint8Array): KeyObject {
  if (key.length > hashBlockSizeBytes) throw new RangeError(`a key of ${key.length} bytes`)
  for (let index = 0; index < hashBlockSizeBytes; index++) {
    inner[index] = (key[index] ?? 0) ^ innerPad
    outer[index] = (key[index] ?? 0) ^ outerPad
  }
  paddedKey = key
  return createSecretKey(key)
}

/** SHA-256 (FIPS 180-4) of `bytes`, 32 bytes in memory of their own. */
export function sha256(bytes: Uint8Array): Buffer {
  const digest = Buffer.allocUnsafeSlow(hashSizeBytes)
  digestInto(digest, 0, bytes)
  return digest
}

/**
 * By way of a string, whose characters are the bytes: a Buffer from OpenSSL has memory outside of V8's heap, and to take and
 * free that costs as much as to hash 2 KB.
 */
function digestInto(target: Uint8Array, at: number, bytes: Uint8Array): void {
  const digest = hash('sha256', bytes, 'binary')
  for (let index = 0; index < hashSizeBytes; index++) target[at + index] = digest.charCodeAt(index)
}
