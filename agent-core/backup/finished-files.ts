/**
 * What an interrupted capture has left in its log (capture-log.ts): files that need not be read again. Only where each
 * record lies is kept in memory, 12 bytes for a file or page; the record is read, and proven, when it is asked for.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { asBuffer } from '../base/bytes.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { VaultId } from '../contract/ids.ts'
import { decodeCbor } from '../format/cbor.ts'
import { decodePage, type ListRef } from '../format/paged-list.ts'
import { decodeEntry, decodePart, type Entry, type Part } from '../format/tree.ts'
import { comparedStatus, isUnchanged } from '../source/compare-entry.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { entryRecord, pageRecord, recordHeadSizeBytes, runRecord } from './capture-log.ts'
import type { Settled } from './directory-builder.ts'

/** Longer records are none: pages and entries are far shorter. */
const maxRecordSizeBytes = 4 * 1024 * 1024
const windowSizeBytes = 1024 * 1024

export interface FinishedFilesDeps {
  readonly base: BaseDb
  /** The vaults that the blocks must be in, or wait for. */
  readonly vaults: readonly VaultId[]
  /** Stores a page of parts, and keeps it. */
  readonly putPage: (page: Uint8Array) => void
}

export class FinishedFiles implements Disposable {
  readonly #deps: FinishedFilesDeps
  readonly #fd: number
  readonly #places: RecordPlaces
  readonly #known: ReadonlySet<number>
  /** Files that were taken over. */
  taken = 0

  private constructor(fd: number, places: RecordPlaces, deps: FinishedFilesDeps) {
    this.#fd = fd
    this.#places = places
    this.#deps = deps
    const known = deps.vaults.map((vault) => deps.base.placedChunks(vault).union(deps.base.waitingChunks(vault)))
    this.#known = known.reduce((common, one) => common.intersection(one))
  }

  /** Opens the log that was scanned; undefined when it cannot be read any more. Dispose it. */
  static open(path: string, places: RecordPlaces, deps: FinishedFilesDeps): FinishedFiles | undefined {
    try {
      return new FinishedFiles(openSync(path, 'r'), places, deps)
    } catch (error) {
      if (error instanceof Error && 'syscall' in error) return undefined
      throw error
    }
  }

  /** The file's entry, when it was captured and is as it was then, and all of its blocks are there; its pages are put again. */
  find(path: Buffer, found: FoundEntry): Settled | undefined {
    const record = this.#read(entryRecord, path)
    if (record === undefined) return undefined
    const encoded = record.bytes
    const entry = decodeEntry(decodeCbor(encoded, 'a finished file'), 'a finished file')
    const isSame = isUnchanged(comparedStatus(found), comparedOf(entry), record.scanStartedMs)
    if (!isSame || entry.content === undefined) return undefined
    const { parts } = entry.content
    const pages: Buffer[] = []
    if (!('id' in parts ? this.#holdsList(parts, pages) : this.#holds(parts))) return undefined
    for (const page of pages) this.#deps.putPage(page)
    this.taken++
    return { encoded, sizeBytes: entry.sizeBytes ?? 0, entriesBelow: 0 }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  #holds(parts: readonly Part[]): boolean {
    return parts.every(
      ({ id, sizeBytes }) =>
        id === null ||
        this.#deps.base.locate(id).some((place) => this.#known.has(place.chunk) && place.sizeBytes === sizeBytes),
    )
  }

  /** Also gathers the list's pages, those below first. */
  #holdsList({ id, level }: Pick<ListRef, 'id' | 'level'>, pages: Buffer[]): boolean {
    const record = this.#read(pageRecord, id)
    if (record === undefined) return false
    const page = decodePage(record.bytes, level, 'a page of parts')
    const isHeld =
      'links' in page
        ? page.links.every((link) => this.#holdsList({ id: link.id, level: level - 1 }, pages))
        : this.#holds(page.elements.map(({ value }) => decodePart(value, 'a page of parts')))
    if (isHeld) pages.push(record.bytes)
    return isHeld
  }

  /** What the last whole record of that kind and key holds; undefined when there is none. */
  #read(kind: number, key: Uint8Array): { readonly bytes: Buffer; readonly scanStartedMs: number } | undefined {
    for (const place of this.#places.find(hashOf(kind, key))) {
      const payload = readRecord(this.#fd, place.offset)
      const content = payload && contentOf(payload, kind, key)
      if (content !== undefined) return { bytes: content, scanStartedMs: place.scanStartedMs }
    }
    return undefined
  }
}

function comparedOf(entry: Entry) {
  return {
    type: entry.type,
    inode: entry.inode ?? 0n,
    sizeBytes: entry.sizeBytes ?? 0,
    mtimeSec: entry.mtime.sec,
    mtimeNs: entry.mtime.ns,
    ctimeSec: entry.ctime?.sec ?? 0,
    ctimeNs: entry.ctime?.ns ?? -1,
    hasContent: entry.content !== undefined,
  }
}

/** What stands behind the key of a payload of this kind; undefined when it has another key. */
function contentOf(payload: Buffer, kind: number, key: Uint8Array): Buffer | undefined {
  if (payload[0] !== kind) return undefined
  const keyAt = kind === entryRecord ? 5 : 1
  const keySizeBytes = kind === entryRecord ? payload.readUInt32LE(1) : 32
  const content = payload.subarray(keyAt + keySizeBytes)
  return payload.subarray(keyAt, keyAt + keySizeBytes).equals(asBuffer(key)) ? content : undefined
}

function hashOf(kind: number, key: Uint8Array): number {
  return crc32(key, kind)
}

/** The payload of the record at `offset`; undefined when it is not whole. */
function readRecord(fd: number, offset: number): Buffer | undefined {
  const head = Buffer.alloc(recordHeadSizeBytes)
  if (readSync(fd, head, 0, head.length, offset) < head.length) return undefined
  const sizeBytes = head.readUInt32LE(0)
  if (sizeBytes === 0 || sizeBytes > maxRecordSizeBytes) return undefined
  const payload = Buffer.allocUnsafe(sizeBytes)
  if (readSync(fd, payload, 0, sizeBytes, offset + head.length) < sizeBytes) return undefined
  return crc32(payload) === head.readUInt32LE(4) ? payload : undefined
}

/** Reads the log at `path` once, to the first record that is not whole; undefined when there is none that can be read. */
export function scanCaptureLog(path: string): RecordPlaces | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    // Whatever the reason: everything is read again.
    return undefined
  }
  try {
    return scanRecords(fd)
  } finally {
    closeSync(fd)
  }
}

function scanRecords(fd: number): RecordPlaces {
  const places = new RecordPlaces()
  const endBytes = fstatSync(fd).size
  let window = Buffer.alloc(0)
  let windowAt = 0
  for (let offset = 0; offset + recordHeadSizeBytes < endBytes; ) {
    const take = (sizeBytes: number): Buffer => {
      if (offset + sizeBytes > windowAt + window.length) {
        window = Buffer.allocUnsafe(Math.min(Math.max(sizeBytes, windowSizeBytes), endBytes - offset))
        window = window.subarray(0, readSync(fd, window, 0, window.length, offset))
        windowAt = offset
      }
      return window.subarray(offset - windowAt, offset - windowAt + sizeBytes)
    }
    const sizeBytes = take(recordHeadSizeBytes).readUInt32LE(0)
    const recordSizeBytes = recordHeadSizeBytes + sizeBytes
    if (sizeBytes === 0 || sizeBytes > maxRecordSizeBytes || offset + recordSizeBytes > endBytes) break
    const record = take(recordSizeBytes)
    const payload = record.subarray(recordHeadSizeBytes)
    if (payload.length < sizeBytes || crc32(payload) !== record.readUInt32LE(4)) break
    const kind = payload[0]
    if (kind === runRecord) places.beginRun(payload.readDoubleLE(1))
    else if (kind === entryRecord) places.add(hashOf(kind, payload.subarray(5, 5 + payload.readUInt32LE(1))), offset)
    else if (kind === pageRecord) places.add(hashOf(kind, payload.subarray(1, 33)), offset)
    offset += recordSizeBytes
    places.endBytes = offset
  }
  return places
}

/** Where records lie, by hashes of their keys: open addressing, the newest first. */
export class RecordPlaces {
  /** Where the last whole record ends. */
  endBytes = 0
  readonly #runs: { readonly firstRecord: number; readonly scanStartedMs: number }[] = []
  #hashes = new Uint32Array(1024)
  #offsets = new Float64Array(1024)
  #count = 0
  /** Record number + 1, or 0. */
  #slots = new Uint32Array(2048)

  beginRun(scanStartedMs: number): void {
    this.#runs.push({ firstRecord: this.#count, scanStartedMs })
  }

  add(hash: number, offset: number): void {
    if (this.#count === this.#hashes.length) this.#grow()
    this.#hashes[this.#count] = hash
    this.#offsets[this.#count] = offset
    this.#place(this.#count++)
  }

  find(hash: number): { readonly offset: number; readonly scanStartedMs: number }[] {
    const records: number[] = []
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const record = (this.#slots[slot] as number) - 1
      if (this.#hashes[record] === hash) records.push(record)
    }
    return records
      .toSorted((a, b) => b - a)
      .flatMap((record) => {
        const run = this.#runs.findLast(({ firstRecord }) => firstRecord <= record)
        return run === undefined ? [] : [{ offset: this.#offsets[record] as number, scanStartedMs: run.scanStartedMs }]
      })
  }

  #place(record: number): void {
    const mask = this.#slots.length - 1
    let slot = (this.#hashes[record] as number) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = record + 1
  }

  #grow(): void {
    const { length } = this.#hashes
    const hashes = new Uint32Array(length * 2)
    const offsets = new Float64Array(length * 2)
    hashes.set(this.#hashes)
    offsets.set(this.#offsets)
    this.#hashes = hashes
    this.#offsets = offsets
    this.#slots = new Uint32Array(length * 4)
    for (let record = 0; record < this.#count; record++) this.#place(record)
  }
}
