/**
 * Keys: docs/format/keys.md. HKDF-SHA-256 (RFC 5869) from the master key for everything inside a
 * keyspace; scrypt (RFC 7914) from a passphrase for the slots.
 */
import { createSecretKey, hkdfSync, type KeyObject, scrypt, timingSafeEqual } from 'node:crypto'
import { AgentError } from '../base/agent-error.ts'
import { fromHex } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { invalid } from '../format/invalid.ts'
import {
  decodeKeySlot,
  defaultScrypt,
  encodeKeySlot,
  keySlotAdditionalData,
  type ScryptParameters,
  type SlotKind,
} from '../format/key-slot.ts'
import { decrypt, encrypt } from './encryption.ts'

export const masterKeySizeBytes = 32
/** 256 gear values of 32 bits. */
export const gearSeedSizeBytes = 1024

/** All keys of one keyspace; 32 bytes each unless said otherwise. Plain data: it may go to a worker. */
export interface KeyspaceKeys {
  readonly keyspace: KeyspaceId
  /** Block ids. */
  readonly id: Uint8Array
  /** 1,024 bytes: the gear table of content-defined splitting. */
  readonly gearSeed: Uint8Array
  /** Sealed objects except definitions. */
  readonly manifest: Uint8Array
  /** Sealed definitions and keyspace facts. */
  readonly definitions: Uint8Array
  /** Chunk files, by epoch. */
  readonly data: readonly Uint8Array[]
}

/** Derives a keyspace's keys; `epochs` data keys (at least one). */
export function deriveKeys(masterKey: Uint8Array, keyspace: KeyspaceId, epochs = 1): KeyspaceKeys {
  const derive = (purpose: string, sizeBytes = 32) =>
    hkdf(masterKey, fromHex(keyspace), `tharsis/v1/${purpose}`, sizeBytes)
  return {
    keyspace,
    id: derive('id'),
    gearSeed: derive('gear', gearSeedSizeBytes),
    manifest: derive('manifest'),
    definitions: derive('definitions'),
    data: Array.from({ length: epochs }, (_, epoch) => derive(`data/${epoch}`)),
  }
}

/**
 * The key of one chunk file, ready for many extents: from bytes, OpenSSL's object would be made anew for each. Throws
 * `format.too-new` for an epoch whose key is not known.
 */
export function chunkFileKey(keys: KeyspaceKeys, epoch: number, salt: Uint8Array): KeyObject {
  const dataKey = keys.data[epoch]
  if (dataKey === undefined) {
    throw new AgentError('format.too-new', { what: 'a chunk file', reason: `key epoch ${epoch}` })
  }
  return createSecretKey(hkdf(dataKey, salt, 'tharsis/v1/chunk-file', 32))
}

/** The key of one sealed object. */
export function sealedObjectKey(key: Uint8Array, salt: Uint8Array): Uint8Array {
  return hkdf(key, salt, 'tharsis/v1/object', 32)
}

/** Wraps the master key into a new slot; runs the slow derivation once (about half a second, 128 MiB). */
export async function createKeySlot(options: {
  readonly kind: SlotKind
  readonly secret: string
  readonly masterKey: Uint8Array
  readonly keyspace: KeyspaceId
  readonly nowMs: number
  readonly random: Random
  readonly scrypt?: ScryptParameters
}): Promise<Buffer> {
  const { kind, secret, masterKey, keyspace, nowMs, random } = options
  const parameters = options.scrypt ?? defaultScrypt
  const salt = random.bytes(32)
  const { wrappingKey, commitment } = await deriveSlotKey(secret, kind, salt, parameters)
  const nonce = random.bytes(12)
  const slot = {
    kind,
    scrypt: parameters,
    keyspace: fromHex(keyspace),
    createdAtMs: nowMs,
    salt,
    commitment,
    nonce,
    wrapped: new Uint8Array(48),
  }
  const wrapped = encrypt(wrappingKey, nonce, keySlotAdditionalData(encodeKeySlot(slot)), [masterKey])
  return encodeKeySlot({ ...slot, wrapped: Buffer.concat(wrapped) })
}

/**
 * The master key in a slot; undefined when `secret` is not the slot's. Throws `format.invalid` when
 * the slot is damaged: the commitment fits but the key does not open.
 */
export async function openKeySlot(encoded: Uint8Array, secret: string, what: string): Promise<Buffer | undefined> {
  const slot = decodeKeySlot(encoded, what)
  const { wrappingKey, commitment } = await deriveSlotKey(secret, slot.kind, slot.salt, slot.scrypt)
  if (!timingSafeEqual(commitment, slot.commitment)) return undefined
  const masterKey = decrypt(wrappingKey, slot.nonce, keySlotAdditionalData(encoded), slot.wrapped)
  if (masterKey === undefined) throw invalid(what, 124, 'the wrapped key fails its check')
  return masterKey
}

async function deriveSlotKey(secret: string, kind: SlotKind, salt: Uint8Array, parameters: ScryptParameters) {
  const { log2N, r, p } = parameters
  // NFKC: the same passphrase typed on another system or keyboard must give the same bytes.
  const password = Buffer.from(kind === 'passphrase' ? secret.normalize('NFKC') : secret, 'utf8')
  const derived = await new Promise<Buffer>((resolve, reject) => {
    const options = { N: 2 ** log2N, r, p, maxmem: 256 * 2 ** log2N * r }
    scrypt(password, salt, 64, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
  return { wrappingKey: derived.subarray(0, 32), commitment: derived.subarray(32) }
}

function hkdf(key: Uint8Array, salt: Uint8Array, info: string, sizeBytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, info, sizeBytes))
}
