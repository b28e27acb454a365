/**
 * One connection to a bucket: the SDK, loaded when the first store is opened, and a frame around every request that ends
 * it when it stalls, hands it the caller's signal, and translates its errors.
 */
import type * as Sdk from '@aws-sdk/client-s3'
import type { Clock } from '../../base/clock.ts'
import type { S3Keys } from '../../contract/s3-server.ts'
import type { S3Address } from './s3-address.ts'
import { translateS3Error } from './s3-errors.ts'
import { type Guard, guardStalls } from './stall-guard.ts'

export interface S3Server {
  /** URL; left out: AWS. */
  readonly endpoint?: string
  readonly region?: string
  readonly pathStyle: boolean
  /** Left out: the SDK looks for them in the AWS files, and where machines of AWS find theirs. */
  readonly keys?: S3Keys
  /** Profile of the AWS files. */
  readonly profile?: string
}

export interface S3Connection {
  readonly address: string
  readonly bucket: string
  readonly prefix: string
  readonly sdk: typeof Sdk
  readonly client: Sdk.S3Client
  readonly clock: Clock
  /** How far the server's clock is ahead of this machine's; undefined before the first answer. */
  serverAheadMs(): number | undefined
  /** Has the next request with this body sign that hash of it; returns the body. */
  signed<Body extends object>(body: Body, sha256: Buffer): Body
  /** Runs requests that belong together; throws the port's errors. */
  run<T>(doing: string, signal: AbortSignal | undefined, act: (guard: Guard) => Promise<T>): Promise<T>
  close(): void
}

/** Nothing moved for so long: the connection is dead. Longer than servers take to put parts together, mostly. */
const stallMs = 60_000
const connectTimeoutMs = 10_000
/** Enough for the lanes of a transfer with the parts of each. */
const maxSockets = 16
const silentLogger = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const defaultRegion = 'us-east-1'

export interface ConnectionOptions extends S3Server {
  readonly address: S3Address
  readonly shownAddress: string
  readonly stallMs?: number
}

export async function openS3Connection(options: ConnectionOptions, clock: Clock): Promise<S3Connection> {
  const sdk = await import('@aws-sdk/client-s3')
  const { endpoint, pathStyle, keys, profile } = options
  const region = options.region ?? (endpoint === undefined ? undefined : defaultRegion)
  const client = new sdk.S3Client({
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(keys !== undefined && { credentials: keys }),
    ...(profile !== undefined && { profile }),
    forcePathStyle: pathStyle,
    followRegionRedirects: endpoint === undefined,
    // Retries are the business of `retrying-store.ts`, which knows what was sent; checksums are given by the store.
    maxAttempts: 1,
    // It writes to the console by itself otherwise.
    logger: silentLogger,
    // Waiting for "100 Continue" costs a connection of its own, and seconds on servers that do not know it.
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Its own timer of an idle socket is off: the guard's deadline counts the pieces that move.
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      socketTimeout: 0,
      httpAgent: { maxSockets },
      httpsAgent: { maxSockets },
    },
  })
  const hashes = new WeakMap<object, string>()
  signBodies(client, hashes)
  let aheadMs: number | undefined
  noteServerTime(client, (serverMs) => {
    aheadMs = serverMs - clock.nowMs()
  })
  const place = { address: options.shownAddress, bucket: options.address.bucket, serverAheadMs: () => aheadMs }
  return {
    ...place,
    prefix: options.address.prefix,
    sdk,
    client,
    clock,
    signed: (body, sha256) => {
      hashes.set(body, sha256.toString('hex'))
      return body
    },
    run: async (doing, signal, act) => {
      try {
        return await guardStalls({ clock, stallMs: options.stallMs ?? stallMs, signal }, act)
      } catch (error) {
        if (signal?.aborted) throw signal.reason
        throw translateS3Error(error, doing, place)
      }
    },
    close: () => client.destroy(),
  }
}

/** Tells the time that each answer shows in its `Date`, errors too. */
function noteServerTime(client: Sdk.S3Client, note: (serverMs: number) => void): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> }
      const serverMs = Date.parse(headers?.['date'] ?? '')
      if (!Number.isNaN(serverMs)) note(serverMs)
      return result
    },
    // Below the step that makes errors of answers.
    { step: 'deserialize', priority: 'low', name: 'noteServerTime' },
  )
}

/** Signs the hash that was told of a body with its request; the SDK would read the body once more, or not sign it at all. */
function signBodies(client: Sdk.S3Client, hashes: WeakMap<object, string>): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { body, headers } = args.request as { readonly body?: unknown; readonly headers: Record<string, string> }
      const hash = typeof body === 'object' && body !== null ? hashes.get(body) : undefined
      if (hash !== undefined) headers['x-amz-content-sha256'] = hash
      return await next(args)
    },
    { step: 'build', name: 'signBodies' },
  )
}
