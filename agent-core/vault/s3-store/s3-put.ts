/**
 * Putting an object without replacing another: in one request, or in parts (`s3-upload.ts`) where that request would take
 * more than a minute. Where the server knows no conditional put, the name is looked at before; then two writers at the
 * same instant can still replace one another.
 */
import { AgentError } from '../../base/agent-error.ts'
import type { Pace } from '../../base/pace.ts'
import type { S3Abilities } from '../../contract/s3-server.ts'
import type { ObjectBody, PutOptions } from '../object-store.ts'
import { leastPartBytes, type ObjectTerms, type PutOutcome, refusedPut } from './put-outcome.ts'
import { type OpenBody, openBody } from './s3-body.ts'
import type { S3Connection } from './s3-connection.ts'
import { extendLock } from './s3-lock.ts'
import { holdsBytes, lookAtKey } from './s3-look.ts'
import { uploadInParts } from './s3-upload.ts'
import type { Guard } from './stall-guard.ts'

const MIB = 1024 * 1024
/** At most so much in one request. */
const mostWholeBytes = 64 * MIB
const mostPartBytes = 16 * MIB
const mostParts = 10_000
const wholeMs = 60_000
const partMs = 30_000
/** From here on a look is cheaper than sending what may be there already. */
const lookFirstBytes = 4 * MIB
/** Shorter puts tell nothing of how fast the line is. */
const measuredBytes = MIB
const conflictPauseMs = 200
const maxAttempts = 5

export interface PutTerms {
  readonly abilities: S3Abilities
  /** Until when an object that is put now is locked; undefined: not at all. */
  readonly retainUntilMs: (name: string) => number | undefined
}

export class Putter {
  readonly #connection: S3Connection
  readonly #terms: () => PutTerms
  /** Bytes a second of the last put that was long enough to tell. */
  #measuredRate: number | undefined

  constructor(connection: S3Connection, terms: () => PutTerms) {
    this.#connection = connection
    this.#terms = terms
  }

  /** True when this call made the object, false when the same bytes were there, whose lock is made as long then. Throws `store.conflict`. */
  async put(name: string, body: ObjectBody, options: PutOptions = {}): Promise<boolean> {
    const { signal, pace } = options
    const connection = this.#connection
    await using open = await openBody(body, connection.address)
    const { abilities, retainUntilMs } = this.#terms()
    return await connection.run(`writing ${name}`, signal, async (guard) => {
      const sha256 = await hashToSign(body, open, abilities, guard)
      const wanted = { sizeBytes: open.sizeBytes, sha256 }
      const key = connection.prefix + name
      let mustLook = open.sizeBytes >= lookFirstBytes || !abilities.conditionalPut
      for (let attempt = 1; attempt <= maxAttempts; attempt++) {
        const found = mustLook ? await lookAtKey(connection, key, guard) : undefined
        if (found !== undefined) {
          if (await holdsBytes(connection, key, found, wanted, guard)) {
            const untilMs = retainUntilMs(name)
            if (untilMs !== undefined) await extendLock(connection, name, untilMs, guard)
            return false
          }
          throw new AgentError('store.conflict', { object: name })
        }
        const outcome = await this.#send(name, open, { sha256, pace }, guard)
        if (outcome === 'made') return true
        mustLook = true
        if (outcome === 'contended') await connection.clock.delay(conflictPauseMs * attempt, guard.signal)
      }
      throw new AgentError('store.busy', { address: connection.address, reason: `other writers contend for ${name}` })
    })
  }

  async #send(
    name: string,
    body: OpenBody,
    { sha256, pace }: { readonly sha256: Buffer; readonly pace: Pace | undefined },
    guard: Guard,
  ): Promise<PutOutcome> {
    const { abilities, retainUntilMs } = this.#terms()
    const untilMs = retainUntilMs(name)
    const terms: ObjectTerms =
      untilMs === undefined ? {} : { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date(untilMs) }
    const { clock, prefix } = this.#connection
    const startMs = clock.nowMs()
    const { wholeBytes, partBytes } = sizesFor(body.sizeBytes, this.#expectedRate(pace))
    const parameters = { key: prefix + name, body, abilities, terms, pace }
    const outcome =
      body.sizeBytes <= wholeBytes
        ? await putWhole(this.#connection, { ...parameters, sha256 }, guard)
        : await uploadInParts(this.#connection, { ...parameters, partBytes }, guard)
    const tookMs = clock.nowMs() - startMs
    if (body.sizeBytes >= measuredBytes && tookMs > 0) this.#measuredRate = (body.sizeBytes * 1000) / tookMs
    return outcome
  }

  #expectedRate(pace: Pace | undefined): number {
    return Math.min(this.#measuredRate ?? Number.POSITIVE_INFINITY, pace?.bytesPerSecond ?? Number.POSITIVE_INFINITY)
  }
}

/** What goes in one request, and how large parts are, for a line of so many bytes a second. */
export function sizesFor(
  sizeBytes: number,
  bytesPerSecond: number,
): { readonly wholeBytes: number; readonly partBytes: number } {
  const inTime = (ms: number, least: number, most: number): number =>
    Math.round(Math.min(most, Math.max(least, (bytesPerSecond * ms) / 1000)))
  return {
    wholeBytes: inTime(wholeMs, leastPartBytes, mostWholeBytes),
    partBytes: Math.max(inTime(partMs, leastPartBytes, mostPartBytes), Math.ceil(sizeBytes / mostParts)),
  }
}

/** The hash to sign: the caller's own where the server checks it against the bytes that arrive. */
async function hashToSign(body: ObjectBody, open: OpenBody, abilities: S3Abilities, guard: Guard): Promise<Buffer> {
  if (!(body instanceof Uint8Array) && body.sha256 !== undefined && abilities.checksPayload) {
    return Buffer.from(body.sha256, 'hex')
  }
  return await open.hash(0, open.sizeBytes, guard.signal)
}

interface WholePut {
  readonly key: string
  readonly body: OpenBody
  readonly sha256: Buffer
  readonly abilities: Pick<S3Abilities, 'checksums' | 'conditionalPut'>
  readonly terms: ObjectTerms
  readonly pace: Pace | undefined
}

async function putWhole(
  connection: S3Connection,
  { key, body, sha256, abilities, terms, pace }: WholePut,
  guard: Guard,
): Promise<PutOutcome> {
  const { client, sdk, bucket } = connection
  const { sizeBytes } = body
  const command = new sdk.PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: connection.signed(body.send({ offset: 0, sizeBytes }, guard, pace), sha256),
    ContentLength: sizeBytes,
    ...(abilities.checksums && { ChecksumSHA256: sha256.toString('base64') }),
    ...(abilities.conditionalPut && { IfNoneMatch: '*' }),
    ...terms,
    // Servers refuse a lock beside a checksum whose algorithm is not named.
    ...(abilities.checksums && terms.ObjectLockMode && { ChecksumAlgorithm: 'SHA256' as const }),
  })
  try {
    await client.send(command, { abortSignal: guard.signal })
    return 'made'
  } catch (error) {
    return refusedPut(error)
  }
}

/** Abilities of a server that was not tried yet: what nearly all of them do; the probe tells the truth. */
export const likelyAbilities: S3Abilities = {
  conditionalPut: true,
  checksums: true,
  checksPayload: false,
  versions: false,
  objectLock: false,
  mayDelete: true,
}
