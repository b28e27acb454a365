/** Small vault objects, sealed whole under their own name: docs/format/sealed-object.md. */
import { zstdCompressSync } from 'node:zlib'
import { fromHex, toHex } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import { ensure, invalid } from '../format/invalid.ts'
import {
  decodeSealedHeader,
  encodeSealedHeader,
  type SealedKind,
  sealedHeaderSizeBytes,
} from '../format/sealed-object.ts'
import { decompress } from './compression.ts'
import { decrypt, encrypt, nonceOf } from './encryption.ts'
import { type KeyspaceKeys, sealedObjectKey } from './key-derivation.ts'

/** Payloads from this length on are tried with zstd. */
const compressFromBytes = 512

/** The object's bytes: 80-byte header, ciphertext, tag. `name` is its full object name. */
export function sealObject(
  keys: KeyspaceKeys,
  kind: SealedKind,
  name: string,
  payload: Uint8Array,
  random: Random,
): Buffer {
  const salt = random.bytes(32)
  const packed = payload.length >= compressFromBytes ? zstdCompressSync(payload) : payload
  const isSmaller = packed.length < payload.length
  const header = encodeSealedHeader({
    kind,
    method: isSmaller ? 'zstd' : 'stored',
    rawSizeBytes: payload.length,
    keyspace: fromHex(keys.keyspace),
    salt,
  })
  const key = sealedObjectKey(kindKey(keys, kind), salt)
  return Buffer.concat([
    header,
    ...encrypt(key, nonceOf(0), Buffer.concat([header, Buffer.from(name, 'utf8')]), [isSmaller ? packed : payload]),
  ])
}

/** The payload of a sealed object; throws `format.invalid` when kind, keyspace, name or bytes do not fit. */
export function openObject(keys: KeyspaceKeys, kind: SealedKind, name: string, bytes: Uint8Array): Uint8Array {
  const header = decodeSealedHeader(bytes, name)
  ensure(header.kind === kind, name, 10, `a ${header.kind} object instead of ${kind}`)
  ensure(toHex(header.keyspace) === keys.keyspace, name, 24, 'an object of another keyspace')
  const key = sealedObjectKey(kindKey(keys, kind), header.salt)
  const additionalData = Buffer.concat([bytes.subarray(0, sealedHeaderSizeBytes), Buffer.from(name, 'utf8')])
  const packed = decrypt(key, nonceOf(0), additionalData, bytes.subarray(sealedHeaderSizeBytes))
  if (packed === undefined) throw invalid(name, sealedHeaderSizeBytes, 'the object fails its authentication')
  try {
    return decompress(packed, header.method, header.rawSizeBytes)
  } catch (error) {
    throw invalid(name, sealedHeaderSizeBytes, 'the object cannot be decompressed', error)
  }
}

function kindKey(keys: KeyspaceKeys, kind: SealedKind): Uint8Array {
  return kind === 'definitions' || kind === 'keyspace' ? keys.definitions : keys.manifest
}
