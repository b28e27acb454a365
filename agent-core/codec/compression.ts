/**
 * The compression methods of extents and sealed objects: docs/format/chunk-file.md. LZ4 is the
 * block format without a length prefix (the header has the length); zstd is one frame (RFC 8878)
 * with a window of 8 MiB at most.
 */
import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { uncompressSync } from 'lz4-napi'
import type { Method } from '../format/chunk-file.ts'
import { encodeLz4 } from './lz4-encoder.ts'

/** What a policy chooses: `lz4` is fast, `zstd` is smaller. */
export type Compression = 'lz4' | 'zstd'

/** Up to 1.7 in a hundred bytes less than level 3, at half its speed: docs/adr/0014-lz4-encoder.md. */
const zstdLevel = 5
/** A reader gives a frame no larger window than 2^23 bytes, whatever it asks for. */
const zstdMaxWindowLog = 23
/** node:zlib gathers its output in pieces of this size at most: one piece for every extent. */
const zstdMaxPieceSizeBytes = 4 * 1024 * 1024 + 64
/** Compression must save more than this share, else the reader's time is not worth it. */
const worthwhileSavings: Readonly<Record<Compression, number>> = { lz4: 1 / 32, zstd: 1 / 256 }
const lz4PrefixSizeBytes = 4

/**
 * The smaller of stored and compressed, with the method it was made by. The result may be `raw` itself, or memory of
 * the encoder that the next call in this thread overwrites: use it or copy it before.
 */
export function compress(
  raw: Uint8Array,
  compression: Compression,
): { readonly method: Method; readonly bytes: Uint8Array } {
  const limitBytes = Math.ceil(raw.length * (1 - worthwhileSavings[compression])) - 1
  const bytes = compression === 'lz4' ? encodeLz4(raw, limitBytes) : packZstd(raw)
  return bytes !== undefined && bytes.length <= limitBytes
    ? { method: compression, bytes }
    : { method: 'stored', bytes: raw }
}

/**
 * The raw bytes, exactly `rawSizeBytes` long; output is bounded by that length. Throws RangeError
 * when the length differs, or the library's error when the bytes are not what `method` says.
 */
export function decompress(bytes: Uint8Array, method: Method, rawSizeBytes: number): Uint8Array {
  const raw =
    method === 'stored' ? bytes : method === 'lz4' ? unpackLz4(bytes, rawSizeBytes) : unpackZstd(bytes, rawSizeBytes)
  if (raw.length !== rawSizeBytes) throw new RangeError(`${raw.length} bytes instead of ${rawSizeBytes}`)
  return raw
}

// Grows to the longest input; one a thread is enough.
let prefixBuffer = Buffer.allocUnsafeSlow(256 * 1024)

function unpackLz4(bytes: Uint8Array, rawSizeBytes: number): Uint8Array {
  const sizeBytes = lz4PrefixSizeBytes + bytes.length
  if (prefixBuffer.length < sizeBytes) prefixBuffer = Buffer.allocUnsafeSlow(sizeBytes)
  const prefixed = prefixBuffer.subarray(0, sizeBytes)
  prefixed.writeUInt32LE(rawSizeBytes, 0)
  prefixed.set(bytes, lz4PrefixSizeBytes)
  return uncompressSync(prefixed)
}

function packZstd(raw: Uint8Array): Uint8Array {
  return zstdCompressSync(raw, {
    chunkSize: pieceSizeBytes(raw.length),
    params: { [zlib.ZSTD_c_compressionLevel]: zstdLevel },
  })
}

function unpackZstd(bytes: Uint8Array, rawSizeBytes: number): Uint8Array {
  return zstdDecompressSync(bytes, {
    chunkSize: pieceSizeBytes(rawSizeBytes),
    maxOutputLength: Math.max(1, rawSizeBytes),
    params: { [zlib.ZSTD_d_windowLogMax]: zstdMaxWindowLog },
  })
}

/** A little more than the output: node:zlib begins a second piece when the first is full to the last byte. */
function pieceSizeBytes(outputSizeBytes: number): number {
  return Math.min(outputSizeBytes + 64, zstdMaxPieceSizeBytes)
}
