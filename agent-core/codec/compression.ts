/**
 * The compression methods of extents and sealed objects: docs/format/chunk-file.md. LZ4 is the
 * block format without a length prefix (the header has the length); zstd is one frame (RFC 8878)
 * with a window of 8 MiB at most.
 */
import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressSync, uncompressSync } from 'lz4-napi'
import { asBuffer } from '../base/bytes.ts'
import type { Method } from '../format/chunk-file.ts'

/** What a policy chooses: `lz4` is fast, `zstd` is smaller. */
export type Compression = 'lz4' | 'zstd'

const zstdLevel = 6
/** A reader gives a frame no larger window than 2^23 bytes, whatever it asks for. */
const zstdMaxWindowLog = 23
const probeSizeBytes = 8 * 1024
/** Below this the probe costs as much as it saves. */
const probeFromBytes = 64 * 1024
/** Compression must save at least a 32nd, else the reader's time is not worth it. */
const worthwhile = 31 / 32
const lz4PrefixSizeBytes = 4

/** The smaller of stored and compressed, with the method it was made by. The result may share memory with `raw`. */
export function compress(
  raw: Uint8Array,
  compression: Compression,
): { readonly method: Method; readonly bytes: Uint8Array } {
  if (raw.length === 0 || looksIncompressible(raw)) return { method: 'stored', bytes: raw }
  const bytes =
    compression === 'lz4'
      ? compressSync(asBuffer(raw)).subarray(lz4PrefixSizeBytes)
      : zstdCompressSync(raw, { params: { [zlib.ZSTD_c_compressionLevel]: zstdLevel } })
  return bytes.length < raw.length * worthwhile ? { method: compression, bytes } : { method: 'stored', bytes: raw }
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

function unpackZstd(bytes: Uint8Array, rawSizeBytes: number): Uint8Array {
  return zstdDecompressSync(bytes, {
    maxOutputLength: Math.max(1, rawSizeBytes),
    // One piece: the default of 16 KiB is a quarter slower.
    chunkSize: Math.max(64, rawSizeBytes),
    params: { [zlib.ZSTD_d_windowLogMax]: zstdMaxWindowLog },
  })
}

/** LZ4 of three samples: photos, videos and archives are told in a fraction of the time of the whole. */
function looksIncompressible(raw: Uint8Array): boolean {
  if (raw.length < probeFromBytes) return false
  const last = raw.length - probeSizeBytes
  return [0, last >>> 1, last].every((offset) => {
    const sample = asBuffer(raw.subarray(offset, offset + probeSizeBytes))
    return compressSync(sample).length >= probeSizeBytes
  })
}
