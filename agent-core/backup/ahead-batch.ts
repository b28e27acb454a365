import { statusRecordSizeBytes } from '../platform/file-status.ts'
import { type ListedAhead, unlisted } from './look-ahead.ts'

interface Listing {
  readonly path: Buffer
  readonly names: readonly string[]
  readonly records: Buffer
  readonly inode: bigint
  readonly device: number
}

/** The first batch is small, so that the walk can begin; a larger one costs fewer messages. */
const firstEntries = 64
const maxEntries = 1024

/** Gathers listings into messages. */
export class AheadBatch {
  readonly #walk: number
  readonly #send: (listed: ListedAhead, transfer: readonly ArrayBuffer[]) => void
  #entriesWanted = firstEntries
  #paths = ''
  #names = ''
  #counts: number[] = []
  #inodes: bigint[] = []
  #devices: number[] = []
  #records: Buffer[] = []
  #entries = 0

  constructor(walk: number, send: (listed: ListedAhead, transfer: readonly ArrayBuffer[]) => void) {
    this.#walk = walk
    this.#send = send
  }

  add({ path, names, records, inode, device }: Listing): void {
    this.#put(path, names.length, inode, device)
    if (names.length > 0) this.#names += `${names.join('\0')}\0`
    this.#records.push(records)
    this.#entries += names.length
    this.#flushIfFull()
  }

  /** A directory that the walk must list by itself. */
  addUnlisted(path: Buffer): void {
    this.#put(path, unlisted, 0n, 0)
    this.#flushIfFull()
  }

  /** Sends what is left. */
  end(): void {
    this.#flush(true)
  }

  #put(path: Buffer, count: number, inode: bigint, device: number): void {
    this.#paths += `${path.toString('latin1')}\0`
    this.#counts.push(count)
    this.#inodes.push(inode)
    this.#devices.push(device)
  }

  #flushIfFull(): void {
    // A directory counts like an entry: empty ones must not pile up.
    if (this.#entries + this.#counts.length < this.#entriesWanted) return
    this.#entriesWanted = Math.min(this.#entriesWanted * 2, maxEntries)
    this.#flush(false)
  }

  #flush(isLast: boolean): void {
    const records = new Uint8Array(this.#entries * statusRecordSizeBytes)
    let at = 0
    for (const piece of this.#records) {
      records.set(piece, at)
      at += piece.length
    }
    const listed: ListedAhead = {
      type: 'listed',
      walk: this.#walk,
      paths: this.#paths,
      counts: Int32Array.from(this.#counts),
      inodes: BigUint64Array.from(this.#inodes),
      devices: Float64Array.from(this.#devices),
      names: this.#names,
      records,
      isLast,
    }
    this.#send(listed, [records.buffer])
    this.#paths = ''
    this.#names = ''
    this.#counts = []
    this.#inodes = []
    this.#devices = []
    this.#records = []
    this.#entries = 0
  }
}
