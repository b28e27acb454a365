/**
 * LZ4 block compression (docs/adr/0014-lz4-encoder.md). The encoder is a WebAssembly module, one instance a thread,
 * made at its first use; wasm/lz4-encoder.ts is its source. Its memory grows to twice the longest input.
 */
import { readFileSync } from 'node:fs'

/** What is used of WebAssembly: neither TypeScript's own library nor the types of Node declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

interface EncoderExports {
  /** Its buffer is another one after each growth. */
  readonly memory: { readonly buffer: ArrayBuffer }
  reserve(sizeBytes: number, limitBytes: number): number
  outputAt(sizeBytes: number): number
  encode(sizeBytes: number, limitBytes: number): number
}

/** More would not fit into what a module can address, by far; the product's extents have 4 MiB at most. */
const maxInputSizeBytes = 64 * 1024 * 1024

let encoder: EncoderExports | undefined
let memory = new Uint8Array(0)

/**
 * The LZ4 block of `raw`, without a length prefix; undefined where it would be longer than `limitBytes`. The same input
 * always gives the same block. The result is the encoder's memory: it is valid until the next call in this thread, and
 * its buffer must not be transferred. Throws RangeError for more than 64 MiB or when there is no memory.
 */
export function encodeLz4(raw: Uint8Array, limitBytes: number): Uint8Array | undefined {
  if (raw.length > maxInputSizeBytes) throw new RangeError(`${raw.length} bytes are too many for the LZ4 encoder`)
  encoder ??= createEncoder()
  const mostBytes = Math.max(0, Math.min(limitBytes, longestLz4Block(raw.length)))
  const inputAt = encoder.reserve(raw.length, mostBytes)
  if (inputAt === 0) throw new RangeError(`no memory to compress ${raw.length} bytes`)
  if (memory.buffer !== encoder.memory.buffer) memory = new Uint8Array(encoder.memory.buffer)
  memory.set(raw, inputAt)
  const sizeBytes = encoder.encode(raw.length, mostBytes)
  if (sizeBytes === 0) return undefined
  const outputAt = encoder.outputAt(raw.length)
  return memory.subarray(outputAt, outputAt + sizeBytes)
}

/** No block is longer: all literals, and their count in steps of 255. */
export function longestLz4Block(rawSizeBytes: number): number {
  return rawSizeBytes + Math.floor(rawSizeBytes / 255) + 16
}

function createEncoder(): EncoderExports {
  const module = new WebAssembly.Module(readFileSync(new URL('./wasm/lz4-encoder.wasm', import.meta.url)))
  return new WebAssembly.Instance(module).exports as EncoderExports
}
