import { createHmac, hash } from 'node:crypto'

/**
 * Block id: HMAC-SHA-256 (RFC 2104) of the plain bytes under the keyspace's id key, 32 bytes.
 * Keyed, so that ids say nothing about known content to one who has no key.
 */
export function blockId(idKey: Uint8Array, bytes: Uint8Array): Buffer {
  return createHmac('sha256', idKey).update(bytes).digest()
}

/** SHA-256 (FIPS 180-4) of `bytes`, 32 bytes. */
export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer')
}
