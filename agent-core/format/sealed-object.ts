/**
 * The envelope of every small vault object that is sealed whole (index segments, points,
 * confirmations, definitions, intents): docs/format/sealed-object.md. 80 plain bytes, then
 * AES-256-GCM(payload) and its tag. Header and object name are the additional data, so an object
 * opens only under its own name.
 */

import { AgentError } from '../base/agent-error.ts'
import { type Method, methodNumber, methodOf, tagSizeBytes } from './chunk-file.ts'
import { ensure, invalid } from './invalid.ts'
import { ensureKnownVersion, formatVersion, knownFeatures } from './versions.ts'

export const sealedHeaderSizeBytes = 80
const cookie = Buffer.from('THARSISO', 'latin1')

/** Kinds in the order of their numbers, which start at 1. */
const kinds = [
  'index',
  'point',
  'confirmation',
  'definitions',
  'keyspace',
  'intent',
  'tombstone',
  'mark',
  'index-gone',
  'audit',
] as const
export type SealedKind = (typeof kinds)[number]

/** A reader refuses payloads that claim to be longer, before it allocates anything. */
export const maxSealedPayloadSizeBytes = 256 * 1024 * 1024
/** … and, of all kinds but the index, longer than this. */
export const maxSmallPayloadSizeBytes = 16 * 1024 * 1024

export interface SealedHeader {
  readonly kind: SealedKind
  readonly method: Method
  readonly rawSizeBytes: number
  /** 16 bytes. */
  readonly keyspace: Uint8Array
  /** 32 random bytes. */
  readonly salt: Uint8Array
}

export function encodeSealedHeader(header: SealedHeader): Buffer {
  const bytes = Buffer.alloc(sealedHeaderSizeBytes)
  bytes.set(cookie, 0)
  bytes.writeUInt16LE(formatVersion, 8)
  bytes.writeUInt8(kinds.indexOf(header.kind) + 1, 10)
  bytes.writeUInt8(methodNumber(header.method), 11)
  bytes.writeUInt32LE(header.rawSizeBytes, 12)
  bytes.writeUInt32LE(knownFeatures, 16)
  bytes.writeUInt32LE(0, 20)
  bytes.set(header.keyspace, 24)
  bytes.set(header.salt, 40)
  return bytes
}

/** Parses the header of a whole sealed object `bytes`; throws `format.invalid` or `format.too-new`. */
export function decodeSealedHeader(bytes: Uint8Array, what: string): SealedHeader {
  ensure(bytes.length >= sealedHeaderSizeBytes + tagSizeBytes, what, 0, 'cut off')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, sealedHeaderSizeBytes)
  ensure(buffer.subarray(0, 8).equals(cookie), what, 0, 'the cookie is missing')
  ensureKnownVersion(what, buffer.readUInt16LE(8), buffer.readUInt32LE(16))
  const epoch = buffer.readUInt32LE(20)
  if (epoch !== 0) throw new AgentError('format.too-new', { what, reason: `key epoch ${epoch}` })
  const kind = kinds[buffer.readUInt8(10) - 1]
  if (kind === undefined) throw invalid(what, 10, 'unknown kind')
  const method = methodOf(buffer.readUInt8(11))
  if (method === undefined) throw invalid(what, 11, 'unknown compression method')
  const rawSizeBytes = buffer.readUInt32LE(12)
  const isIndex = kind === 'index' || kind === 'index-gone'
  ensure(
    rawSizeBytes <= (isIndex ? maxSealedPayloadSizeBytes : maxSmallPayloadSizeBytes),
    what,
    12,
    'longer than any sealed object',
  )
  return {
    kind,
    method,
    rawSizeBytes,
    keyspace: Buffer.from(buffer.subarray(24, 40)),
    salt: Buffer.from(buffer.subarray(40, 72)),
  }
}
