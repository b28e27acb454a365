/**
 * The object store in a bucket of an S3 server: AWS, MinIO, Ceph, Backblaze, Garage and the like. This file is the port's
 * methods; `s3-store/` holds how each is done. It retries nothing and limits nothing: `retrying-store.ts` and
 * `throttled-store.ts` stand around it.
 */
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { S3Abilities } from '../contract/s3-server.ts'
import { assertObjectName, assertObjectPrefix } from './object-name.ts'
import type {
  CallOptions,
  GetOptions,
  ObjectBody,
  ObjectInfo,
  ObjectLocks,
  ObjectStore,
  PutOptions,
  StoreCapabilities,
  SweepOptions,
  VersionRepair,
} from './object-store.ts'
import { repairVersions } from './s3-store/repair-versions.ts'
import { formatS3Address, parseS3Address } from './s3-store/s3-address.ts'
import { openS3Connection, type S3Connection, type S3Server } from './s3-store/s3-connection.ts'
import { skewWords } from './s3-store/s3-errors.ts'
import { listObjects } from './s3-store/s3-list.ts'
import { extendLock } from './s3-store/s3-lock.ts'
import { lookAtKey, readObjectBytes, requireBucket } from './s3-store/s3-look.ts'
import { probeServer, remarksOn } from './s3-store/s3-probe.ts'
import { likelyAbilities, Putter } from './s3-store/s3-put.ts'
import { sweepUploads } from './s3-store/s3-upload.ts'
import { removeEveryVersion } from './s3-store/s3-versions.ts'

export interface S3StoreOptions extends S3Server {
  /** `s3://bucket/prefix`. */
  readonly url: string
  /** What the last probe found; left out: the likely. */
  readonly abilities?: S3Abilities
  /** Objects that this applies to are locked for `lengthMs` from when they are put; see `ObjectLocks`. */
  readonly lock?: {
    readonly leastMs: number
    readonly lengthMs: number
    readonly appliesTo: (name: string) => boolean
  }
  /** A request on which nothing moves for so long is given up; 60 s when left out. */
  readonly stallMs?: number
}

const mayNotDelete = 'its credentials may not delete, as "tharsis vault test" has found'

/** From here on servers refuse requests (15 min), and a person should know before. */
const worrySkewMs = 120_000

/**
 * Opens the store of a bucket; no request is made. Throws `usage.invalid` for a URL that is no address.
 */
export async function openS3Store(options: S3StoreOptions, deps: { readonly clock: Clock }): Promise<ObjectStore> {
  const address = parseS3Address(options.url)
  const shownAddress = formatS3Address(address)
  return new S3Store(await openS3Connection({ ...options, address, shownAddress }, deps.clock), options)
}

class S3Store implements ObjectStore {
  readonly kind = 's3'
  readonly address: string
  readonly locks?: ObjectLocks
  readonly #connection: S3Connection
  readonly #putter: Putter
  #abilities: S3Abilities

  constructor(connection: S3Connection, { abilities, lock }: S3StoreOptions) {
    this.address = connection.address
    this.#connection = connection
    this.#abilities = abilities ?? likelyAbilities
    if (lock !== undefined) {
      const { leastMs, lengthMs } = lock
      this.locks = { leastMs, lengthMs, extend: (...given) => this.#extendLock(...given) }
    }
    this.#putter = new Putter(connection, () => ({
      abilities: this.#abilities,
      retainUntilMs: (name) => (lock?.appliesTo(name) ? connection.clock.nowMs() + lock.lengthMs : undefined),
    }))
  }

  get mayDelete(): boolean {
    return this.#abilities.mayDelete
  }

  async put(name: string, body: ObjectBody, options?: PutOptions): Promise<boolean> {
    assertObjectName(name)
    options?.signal?.throwIfAborted()
    return await this.#putter.put(name, body, options)
  }

  async get(name: string, options: GetOptions = {}): Promise<Buffer> {
    assertObjectName(name)
    const { range } = options
    if (range !== undefined && !(isWhole(range.offset) && isWhole(range.sizeBytes))) {
      throw new RangeError(`not a range: ${range.sizeBytes} bytes from ${range.offset}`)
    }
    return await this.#connection.run(`reading ${name}`, options.signal, (guard) =>
      readObjectBytes(this.#connection, name, options, guard),
    )
  }

  async stat(name: string, options?: CallOptions): Promise<ObjectInfo | undefined> {
    assertObjectName(name)
    const connection = this.#connection
    return await connection.run(`looking at ${name}`, options?.signal, async (guard) => {
      const found = await lookAtKey(connection, connection.prefix + name, guard)
      if (found === undefined) await requireBucket(connection, guard)
      return found && { name, sizeBytes: found.sizeBytes, modifiedAtMs: found.modifiedAtMs }
    })
  }

  async *list(
    prefix: string,
    options?: CallOptions & { readonly startAfter?: string },
  ): AsyncGenerator<ObjectInfo, void, undefined> {
    assertObjectPrefix(prefix)
    const { signal, startAfter = '' } = options ?? {}
    yield* listObjects(this.#connection, { prefix, startAfter, signal })
  }

  async delete(name: string, options?: CallOptions): Promise<void> {
    assertObjectName(name)
    const connection = this.#connection
    if (!this.mayDelete) throw new AgentError('vault.denied', { address: this.address, reason: mayNotDelete })
    const key = connection.prefix + name
    await connection.run(`deleting ${name}`, options?.signal, async (guard) => {
      if (this.#abilities.versions) return await removeEveryVersion(connection, key, guard)
      const { client, sdk, bucket } = connection
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: guard.signal })
    })
  }

  async sweep(olderThanMs: number, options?: SweepOptions): Promise<number> {
    const folder = options?.folder ?? ''
    if (folder !== '') assertObjectName(folder)
    options?.signal?.throwIfAborted()
    // Ending an upload is a deletion; the bucket's own rule for incomplete uploads does it then.
    if (!this.#abilities.mayDelete) return 0
    const connection = this.#connection
    const prefix = connection.prefix + (folder === '' ? '' : `${folder}/`)
    const beforeMs = connection.clock.nowMs() - olderThanMs
    const resumed = new Set([...(options?.resumed ?? [])].map((name) => connection.prefix + name))
    return await connection.run('clearing up', options?.signal, (guard) =>
      sweepUploads(connection, { prefix, beforeMs, resumed }, guard),
    )
  }

  async probe(options?: CallOptions): Promise<StoreCapabilities> {
    const connection = this.#connection
    const abilities = await connection.run('trying the bucket', options?.signal, (guard) =>
      probeServer(connection, guard),
    )
    this.#abilities = abilities
    const aheadMs = connection.serverAheadMs() ?? 0
    const skew = Math.abs(aheadMs) < worrySkewMs ? [] : [`This machine's clock is wrong: ${skewWords(aheadMs)}.`]
    return {
      publish: abilities.conditionalPut ? 'conditional-put' : 'put',
      keepsModes: true,
      syncsFolders: true,
      remarks: [...remarksOn(abilities), ...skew],
      s3: abilities,
    }
  }

  async repairVersions(options?: CallOptions): Promise<VersionRepair> {
    const connection = this.#connection
    return await connection.run('looking at versions', options?.signal, (guard) => repairVersions(connection, guard))
  }

  async close(): Promise<void> {
    this.#connection.close()
  }

  async #extendLock(name: string, untilMs: number, options?: CallOptions): Promise<void> {
    assertObjectName(name)
    const connection = this.#connection
    await connection.run(`locking ${name}`, options?.signal, (guard) => extendLock(connection, name, untilMs, guard))
  }
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
