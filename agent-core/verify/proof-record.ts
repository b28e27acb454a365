/**
 * When each chunk file of a vault was last proven: one small file in the home folder for each vault and keyspace. Lost,
 * torn or old, it only costs reading again.
 *
 * A header of 24 bytes (cookie, time when it was begun), then rows of 44 bytes that are appended as files are proven,
 * so that an interrupted verification keeps what it has done: name of the chunk file (32), time (8), CRC32C of both (4).
 * Times are ms since 1970 UTC, 64 bits, little-endian. Of several rows of a file the latest time counts; a row that fails
 * its check sum is passed over.
 */
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeFileAtomic } from '../base/atomic-file.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { crc32c } from '../format/crc32c.ts'

const cookie = Buffer.from('THARSIS PROOFS 1', 'latin1')
const headerSizeBytes = 24
const rowSizeBytes = 44

export class ProofRecord {
  readonly path: string
  /** When the record was begun: what it does not name has waited since then at most. */
  readonly begunAtMs: number
  readonly #provenAtMs: Map<ChunkFileName, number>
  /** Undefined: what stands at `path` is not to be added to. */
  #rowsOnDisk: number | undefined
  #trouble: Error | undefined

  private constructor(path: string, begunAtMs: number, rows: Map<ChunkFileName, number>, rowsOnDisk?: number) {
    this.path = path
    this.begunAtMs = begunAtMs
    this.#provenAtMs = rows
    this.#rowsOnDisk = rowsOnDisk
  }

  /** Reads the record at `path`; one that is not there or cannot be read is begun anew, `nowMs`. */
  static read(path: string, nowMs: number): ProofRecord {
    let bytes: Buffer
    try {
      bytes = readFileSync(path)
    } catch {
      // Whatever the reason: everything counts as not proven, and the next `add` tells of trouble.
      bytes = Buffer.alloc(0)
    }
    const rows = new Map<ChunkFileName, number>()
    if (bytes.length < headerSizeBytes || !bytes.subarray(0, cookie.length).equals(cookie)) {
      return new ProofRecord(path, nowMs, rows)
    }
    let count = 0
    for (let at = headerSizeBytes; at + rowSizeBytes <= bytes.length; at += rowSizeBytes, count++) {
      const row = bytes.subarray(at, at + rowSizeBytes)
      if (row.readUInt32LE(40) !== crc32c(row.subarray(0, 40))) continue
      const name = toHex(row.subarray(0, 32)) as ChunkFileName
      rows.set(name, Math.max(Number(row.readBigInt64LE(32)), rows.get(name) ?? Number.NEGATIVE_INFINITY))
    }
    const isTorn = (bytes.length - headerSizeBytes) % rowSizeBytes !== 0
    const begunAtMs = Math.min(Number(bytes.readBigInt64LE(16)), nowMs)
    return new ProofRecord(path, begunAtMs, rows, isTorn ? undefined : count)
  }

  /** Why proofs could not be written down; undefined when they are. */
  get trouble(): Error | undefined {
    return this.#trouble
  }

  /** When the file was last proven (ms since 1970 UTC); undefined: not since the record was begun. */
  provenAtMs(name: ChunkFileName): number | undefined {
    return this.#provenAtMs.get(name)
  }

  /** Notes that the file was proven. A record that cannot be written costs reading again: see `trouble`. */
  add(name: ChunkFileName, nowMs: number): void {
    this.#provenAtMs.set(name, nowMs)
    if (this.#trouble !== undefined) return
    try {
      this.#append(rowOf(name, nowMs))
    } catch (error) {
      this.#trouble = error as Error
    }
  }

  /** Drops the files that are not among `names`, and rows that later ones replace. */
  async keepOnly(names: { has(name: ChunkFileName): boolean }): Promise<void> {
    for (const name of this.#provenAtMs.keys()) if (!names.has(name)) this.#provenAtMs.delete(name)
    if (this.#rowsOnDisk === this.#provenAtMs.size || this.#trouble !== undefined) return
    const rows = [...this.#provenAtMs].map(([name, atMs]) => rowOf(name, atMs))
    try {
      this.#makeFolder()
      await writeFileAtomic(this.path, Buffer.concat([this.#header(), ...rows]))
      this.#rowsOnDisk = rows.length
    } catch (error) {
      this.#trouble = error as Error
    }
  }

  #append(row: Buffer): void {
    const isNew = this.#rowsOnDisk === undefined
    if (isNew) this.#makeFolder()
    const fd = openSync(this.path, isNew ? 'w' : 'a', 0o600)
    try {
      writeSync(fd, isNew ? Buffer.concat([this.#header(), row]) : row)
      this.#rowsOnDisk = (this.#rowsOnDisk ?? 0) + 1
    } finally {
      closeSync(fd)
    }
  }

  #makeFolder(): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
  }

  #header(): Buffer {
    const header = Buffer.alloc(headerSizeBytes)
    header.set(cookie)
    header.writeBigInt64LE(BigInt(this.begunAtMs), cookie.length)
    return header
  }
}

function rowOf(name: ChunkFileName, atMs: number): Buffer {
  const row = Buffer.alloc(rowSizeBytes)
  row.set(fromHex(name))
  row.writeBigInt64LE(BigInt(Math.round(atMs)), 32)
  row.writeUInt32LE(crc32c(row.subarray(0, 40)), 40)
  return row
}
