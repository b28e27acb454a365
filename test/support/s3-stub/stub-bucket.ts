/** What a bucket holds: objects with their versions, and uploads in parts. */
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { StubError } from './stub-error.ts'

/** The bytes of an object or part: in memory, or a file of the folder that the server was given. */
export type StoredBytes = { readonly bytes: Buffer } | { readonly path: string; readonly sizeBytes: number }

export interface StubVersion {
  readonly id: string
  readonly isMarker: boolean
  readonly body: StoredBytes
  readonly etag: string
  /** As the header says it; `…-N` of an object in parts. */
  readonly checksum: string | undefined
  readonly modifiedMs: number
  retainUntilMs: number | undefined
}

export interface StubPart {
  readonly body: StoredBytes
  readonly etag: string
  readonly checksum: string | undefined
}

export interface StubUpload {
  readonly id: string
  readonly key: string
  readonly hasChecksums: boolean
  readonly begunMs: number
  readonly retainUntilMs: number | undefined
  readonly parts: Map<number, StubPart>
}

const leastPartBytes = 5 * 1024 * 1024

export class StubBucket {
  readonly hasVersions: boolean
  readonly hasLock: boolean
  readonly uploads = new Map<string, StubUpload>()
  /** Newest first. */
  readonly #versions = new Map<string, StubVersion[]>()
  /** Undefined when keys have come or gone since. */
  #sortedKeys: readonly string[] | undefined

  constructor(options: { readonly versions?: boolean; readonly lock?: boolean }) {
    this.hasLock = options.lock === true
    this.hasVersions = options.versions === true || this.hasLock
  }

  keys(): readonly string[] {
    // Byte order: UTF-16 order is the same for the ASCII keys of the tests.
    this.#sortedKeys ??= [...this.#versions.keys()].sort()
    return this.#sortedKeys
  }

  /** Keys behind `after` that begin with `prefix`, in their order. */
  *keysFrom(prefix: string, after: string): Generator<string, void, undefined> {
    const keys = this.keys()
    let at = firstAtOrBehind(keys, after > prefix ? after : prefix)
    if (keys[at] === after) at++
    for (let key = keys[at]; key?.startsWith(prefix) === true; key = keys[++at]) yield key
  }

  versionsOf(key: string): readonly StubVersion[] {
    return this.#versions.get(key) ?? []
  }

  current(key: string): StubVersion | undefined {
    const newest = this.versionsOf(key)[0]
    return newest === undefined || newest.isMarker ? undefined : newest
  }

  version(key: string, id: string | null): StubVersion {
    const found = id === null ? this.current(key) : this.versionsOf(key).find((version) => version.id === id)
    if (found === undefined) throw new StubError(404, id === null ? 'NoSuchKey' : 'NoSuchVersion')
    if (found.isMarker) throw new StubError(405, 'MethodNotAllowed')
    return found
  }

  add(key: string, version: Omit<StubVersion, 'id' | 'isMarker'>): StubVersion {
    const made = { ...version, id: this.hasVersions ? newId() : 'null', isMarker: false }
    const before = this.versionsOf(key)
    if (!this.hasVersions) for (const old of before) dropBytes(old.body)
    if (before.length === 0) this.#sortedKeys = undefined
    this.#versions.set(key, [made, ...(this.hasVersions ? before : [])])
    return made
  }

  /** Deletes one version, or puts a marker where the bucket keeps versions; returns the marker. */
  delete(key: string, id: string | null, nowMs: number): StubVersion | undefined {
    const versions = this.versionsOf(key)
    if (id === null && this.hasVersions) {
      const body = { bytes: Buffer.alloc(0) }
      const marker = {
        id: newId(),
        isMarker: true,
        body,
        etag: '',
        checksum: undefined,
        modifiedMs: nowMs,
        retainUntilMs: undefined,
      }
      if (versions.length === 0) this.#sortedKeys = undefined
      this.#versions.set(key, [marker, ...versions])
      return marker
    }
    const gone = versions.filter((version) => id === null || version.id === id)
    if (gone.some(({ retainUntilMs }) => retainUntilMs !== undefined && retainUntilMs > nowMs)) {
      throw new StubError(403, 'AccessDenied', 'Access Denied because object protected by object lock.')
    }
    for (const { body } of gone) dropBytes(body)
    const kept = versions.filter((version) => !gone.includes(version))
    if (kept.length === 0) {
      if (this.#versions.delete(key)) this.#sortedKeys = undefined
    } else this.#versions.set(key, kept)
    return undefined
  }

  startUpload(upload: Omit<StubUpload, 'id' | 'parts'>): StubUpload {
    const started = { ...upload, id: newId(), parts: new Map<number, StubPart>() }
    this.uploads.set(started.id, started)
    return started
  }

  upload(key: string, id: string): StubUpload {
    const found = this.uploads.get(id)
    if (found === undefined || found.key !== key) throw new StubError(404, 'NoSuchUpload')
    return found
  }

  /** Checks what the client says of the parts against what came, and returns the object's bytes and checksum. */
  complete(
    upload: StubUpload,
    named: readonly { readonly number: number; readonly etag: string; readonly checksum: string | undefined }[],
  ) {
    const parts = named.map(({ number, etag, checksum }, at) => {
      const part = upload.parts.get(number)
      if (part === undefined || part.etag !== etag) throw new StubError(400, 'InvalidPart')
      const isProved = !upload.hasChecksums || part.checksum === checksum
      if (!isProved) throw new StubError(400, 'InvalidPart', 'The checksum differs.')
      if (number !== at + 1) throw new StubError(400, 'InvalidPartOrder')
      if (at < named.length - 1 && sizeOf(part.body) < leastPartBytes) throw new StubError(400, 'EntityTooSmall')
      return part
    })
    const bytes = Buffer.concat(parts.map(({ body }) => bytesOf(body)))
    const checksum = upload.hasChecksums
      ? `${createHash('sha256')
          .update(Buffer.concat(parts.map((part) => Buffer.from(part.checksum ?? '', 'base64'))))
          .digest('base64')}-${parts.length}`
      : undefined
    return { bytes, checksum }
  }
}

/** Index of the first key that is not before `wanted`. */
function firstAtOrBehind(keys: readonly string[], wanted: string): number {
  let from = 0
  let to = keys.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((keys[middle] as string) < wanted) from = middle + 1
    else to = middle
  }
  return from
}

export function sizeOf(body: StoredBytes): number {
  return 'bytes' in body ? body.bytes.length : body.sizeBytes
}

export function bytesOf(body: StoredBytes): Buffer {
  return 'bytes' in body ? body.bytes : readFileSync(body.path)
}

/** The bytes from `start` up to `end`, which is not among them. */
export function rangeOf(body: StoredBytes, start: number, end: number): Buffer {
  if ('bytes' in body) return body.bytes.subarray(start, end)
  const fd = openSync(body.path, 'r')
  try {
    const bytes = Buffer.allocUnsafe(end - start)
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, start))
  } finally {
    closeSync(fd)
  }
}

function dropBytes(body: StoredBytes): void {
  if ('path' in body) rmSync(body.path, { force: true })
}

function newId(): string {
  return randomBytes(8).toString('hex')
}
