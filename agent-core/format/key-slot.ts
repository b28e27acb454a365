/**
 * A key slot: docs/format/keys.md. 256 plain bytes that hold the keyspace's master key, wrapped by
 * a key that scrypt derives from a passphrase or a recovery code.
 */
import { crc32c } from './crc32c.ts'
import { ensure, invalid } from './invalid.ts'
import { ensureKnownVersion, formatVersion } from './versions.ts'

export const keySlotSizeBytes = 256
const cookie = Buffer.from('THARSISK', 'latin1')
const slotKinds = ['passphrase', 'recovery-code'] as const
export type SlotKind = (typeof slotKinds)[number]

export interface ScryptParameters {
  /** log2 of the cost N. */
  readonly log2N: number
  readonly r: number
  readonly p: number
}

/** What new slots use (format.md, Keys). */
export const defaultScrypt: ScryptParameters = { log2N: 17, r: 8, p: 1 }
/** Memory is 128 · N · r bytes: a hostile slot must not cost a reader more than twice what a new one does. */
const scryptBounds = { minLog2N: 14, maxLog2N: 20, maxR: 16, maxP: 1, maxMemoryBytes: 256 * 1024 ** 2 } as const

export interface KeySlot {
  readonly kind: SlotKind
  readonly scrypt: ScryptParameters
  /** 16 bytes. */
  readonly keyspace: Uint8Array
  readonly createdAtMs: number
  /** 32 random bytes. */
  readonly salt: Uint8Array
  /** 32 bytes derived beside the wrapping key; compared first, so that a slot commits to its key. */
  readonly commitment: Uint8Array
  /** 12 random bytes. */
  readonly nonce: Uint8Array
  /** AES-256-GCM of the 32-byte master key, 48 bytes with its tag. */
  readonly wrapped: Uint8Array
}

/** The 256 bytes of a slot; bytes 0–79 are the additional data of the wrapping. */
export function encodeKeySlot(slot: KeySlot): Buffer {
  const bytes = Buffer.alloc(keySlotSizeBytes)
  bytes.set(cookie, 0)
  bytes.writeUInt16LE(formatVersion, 8)
  bytes.writeUInt8(slotKinds.indexOf(slot.kind) + 1, 10)
  bytes.writeUInt8(1, 11)
  bytes.writeUInt8(slot.scrypt.log2N, 12)
  bytes.writeUInt8(slot.scrypt.r, 13)
  bytes.writeUInt8(slot.scrypt.p, 14)
  bytes.set(slot.keyspace, 16)
  bytes.writeBigInt64LE(BigInt(slot.createdAtMs), 32)
  bytes.set(slot.salt, 40)
  bytes.set(slot.commitment, 80)
  bytes.set(slot.nonce, 112)
  bytes.set(slot.wrapped, 124)
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, keySlotSizeBytes - 4)), keySlotSizeBytes - 4)
  return bytes
}

/** What a derivation costs, as a number to compare: N · r · p. */
export function scryptCost({ log2N, r, p }: ScryptParameters): number {
  return 2 ** log2N * r * p
}

/** The bytes of an encoded slot that its wrapping authenticates. */
export function keySlotAdditionalData(encoded: Uint8Array): Uint8Array {
  return encoded.subarray(0, 80)
}

/** Parses a slot; refuses KDF parameters outside sane bounds; throws `format.invalid` or `format.too-new`. */
export function decodeKeySlot(bytes: Uint8Array, what = 'key slot'): KeySlot {
  ensure(bytes.length === keySlotSizeBytes, what, 0, `${bytes.length} bytes instead of ${keySlotSizeBytes}`)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  ensure(buffer.subarray(0, 8).equals(cookie), what, 0, 'the cookie is missing')
  const checkAt = keySlotSizeBytes - 4
  ensure(buffer.readUInt32LE(checkAt) === crc32c(buffer.subarray(0, checkAt)), what, checkAt, 'the check sum is wrong')
  ensureKnownVersion(what, buffer.readUInt16LE(8), 0)
  const kind = slotKinds[buffer.readUInt8(10) - 1]
  if (kind === undefined) throw invalid(what, 10, 'unknown kind')
  ensure(buffer.readUInt8(11) === 1, what, 11, 'unknown key derivation')
  const scrypt = { log2N: buffer.readUInt8(12), r: buffer.readUInt8(13), p: buffer.readUInt8(14) }
  ensure(
    scrypt.log2N >= scryptBounds.minLog2N && scrypt.log2N <= scryptBounds.maxLog2N,
    what,
    12,
    'the cost of the key derivation is out of bounds',
  )
  ensure(
    scrypt.r >= 1 && scrypt.r <= scryptBounds.maxR,
    what,
    13,
    'the block size of the key derivation is out of bounds',
  )
  ensure(
    128 * 2 ** scrypt.log2N * scrypt.r <= scryptBounds.maxMemoryBytes,
    what,
    12,
    'the key derivation needs too much memory',
  )
  ensure(
    scrypt.p >= 1 && scrypt.p <= scryptBounds.maxP,
    what,
    14,
    'the parallelism of the key derivation is out of bounds',
  )
  return {
    kind,
    scrypt,
    keyspace: Buffer.from(buffer.subarray(16, 32)),
    createdAtMs: Number(buffer.readBigInt64LE(32)),
    salt: Buffer.from(buffer.subarray(40, 72)),
    commitment: Buffer.from(buffer.subarray(80, 112)),
    nonce: Buffer.from(buffer.subarray(112, 124)),
    wrapped: Buffer.from(buffer.subarray(124, 172)),
  }
}
