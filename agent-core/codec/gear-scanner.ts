/**
 * Looks for cuts by the gear hash of docs/format/splitting.md, in a WebAssembly module (wasm/gear-scan.ts) that looks at
 * a byte three times as fast as JavaScript does: docs/adr/0043-gear-scan.md. What it looks at lies in the module's own memory.
 */
import { readFileSync } from 'node:fs'

/** What is used of WebAssembly: neither TypeScript's own library nor the types of Node declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

interface ScanExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  readonly scan: (from: number, to: number, below: number) => number
}

const pageSizeBytes = 65_536
/** Bytes before the first that is looked at, which belong to its hash. */
const windowBefore = 31
/** The page before it holds the gear table. */
const bytesAt = pageSizeBytes

let compiled: object | undefined

export class GearScanner {
  /** The bytes to be looked at. They are the module's memory: its buffer must not be transferred. */
  readonly bytes: Buffer
  readonly #scan: ScanExports['scan']

  /** `gear`: 256 table values. Throws RangeError when there is no memory for `capacityBytes`. */
  constructor(gear: Int32Array, capacityBytes: number) {
    compiled ??= new WebAssembly.Module(readFileSync(new URL('./wasm/gear-scan.wasm', import.meta.url)))
    const { memory, scan } = new WebAssembly.Instance(compiled).exports as ScanExports
    memory.grow(Math.ceil((bytesAt + capacityBytes) / pageSizeBytes) - memory.buffer.byteLength / pageSizeBytes)
    new Int32Array(memory.buffer, 0, 256).set(gear)
    this.bytes = Buffer.from(memory.buffer, bytesAt, capacityBytes)
    this.#scan = scan
  }

  /**
   * Offset behind the first of the bytes in [from, to) whose hash lies below `below`; 0 when there is none. Throws RangeError
   * where the 31 bytes before `from`, or `to`, lie outside of the bytes.
   */
  find(from: number, to: number, below: number): number {
    if (from >= to) return 0
    if (from < windowBefore || to > this.bytes.length) throw new RangeError(`no bytes from ${from} to ${to}`)
    const found = this.#scan(bytesAt + from, bytesAt + to, below)
    return found === 0 ? 0 : found - bytesAt
  }
}
