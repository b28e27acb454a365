/** Looking at objects: what stands under a key, and whether it is what somebody wants to put there. */
import { createHash } from 'node:crypto'
import { AgentError } from '../../base/agent-error.ts'
import { checkSize } from '../object-body.ts'
import type { ByteRange, GetOptions } from '../object-store.ts'
import { answerPieces, readAnswer } from './s3-body.ts'
import type { S3Connection } from './s3-connection.ts'
import { isAbsent, s3StatusOf } from './s3-errors.ts'
import type { Guard } from './stall-guard.ts'

export interface FoundObject {
  readonly sizeBytes: number
  readonly modifiedAtMs: number
  /** Of the whole object, where the server keeps one. */
  readonly sha256: Buffer | undefined
  readonly versionId: string | undefined
}

/** What stands under `key`; undefined: nothing, or no bucket (a HEAD cannot tell the two apart). */
export async function lookAtKey(connection: S3Connection, key: string, guard: Guard): Promise<FoundObject | undefined> {
  const { client, sdk, bucket } = connection
  try {
    const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' })
    const found = await client.send(command, { abortSignal: guard.signal })
    return {
      sizeBytes: found.ContentLength ?? 0,
      modifiedAtMs: found.LastModified?.getTime() ?? 0,
      sha256: wholeChecksum(found.ChecksumSHA256),
      versionId: found.VersionId,
    }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** A checksum of parts ends in `-<count>` and says nothing of the whole. */
function wholeChecksum(checksum: string | undefined): Buffer | undefined {
  return checksum === undefined || checksum.includes('-') ? undefined : Buffer.from(checksum, 'base64')
}

/** Throws the SDK's NoSuchBucket where a HEAD said only 404. */
export async function requireBucket({ client, sdk, bucket }: S3Connection, guard: Guard): Promise<void> {
  try {
    await client.send(new sdk.HeadBucketCommand({ Bucket: bucket }), { abortSignal: guard.signal })
  } catch (error) {
    if (s3StatusOf(error) !== 404) throw error
    throw Object.assign(new Error('NoSuchBucket', { cause: error }), {
      name: 'NoSuchBucket',
      $metadata: { httpStatusCode: 404 },
    })
  }
}

/** True when the object's bytes have this hash: by its checksum where there is one, else by reading it. */
export async function holdsBytes(
  connection: S3Connection,
  key: string,
  found: FoundObject,
  wanted: { readonly sizeBytes: number; readonly sha256: Buffer },
  guard: Guard,
): Promise<boolean> {
  if (found.sizeBytes !== wanted.sizeBytes) return false
  const sha256 = found.sha256 ?? (await hashOfKey(connection, key, guard))
  return sha256.equals(wanted.sha256)
}

/** SHA-256 of an object's bytes, of its newest or the given version, read piece by piece. */
export async function hashOfKey(
  { client, sdk, bucket }: S3Connection,
  key: string,
  guard: Guard,
  versionId?: string,
): Promise<Buffer> {
  const command = new sdk.GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(versionId !== undefined && { VersionId: versionId }),
  })
  const { Body } = await client.send(command, { abortSignal: guard.signal })
  const hash = createHash('sha256')
  for await (const piece of answerPieces(Body, guard)) hash.update(piece)
  return hash.digest()
}

/** The bytes of an object or of a range of it (rule 4). */
export async function readObjectBytes(
  connection: S3Connection,
  name: string,
  { range, maxSizeBytes }: GetOptions,
  guard: Guard,
): Promise<Buffer> {
  const { client, sdk, bucket, prefix, address } = connection
  const key = prefix + name
  if (range?.sizeBytes === 0) return await readNothing(connection, name, range, guard)
  const end = range && range.offset + range.sizeBytes
  try {
    const command = new sdk.GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(range !== undefined && { Range: `bytes=${range.offset}-${range.offset + range.sizeBytes - 1}` }),
    })
    const answer = await client.send(command, { abortSignal: guard.signal })
    try {
      const bodyBytes = answer.ContentLength ?? 0
      const sizeBytes = range === undefined ? bodyBytes : totalOf(answer.ContentRange, bodyBytes)
      checkSize(name, sizeBytes, end ?? 0, range === undefined ? maxSizeBytes : undefined)
      return await readAnswer(answer.Body, range?.sizeBytes ?? sizeBytes, guard, address)
    } finally {
      // Also when its size was refused: the connection would wait for somebody to read it.
      ;(answer.Body as { destroy?: () => void } | undefined)?.destroy?.()
    }
  } catch (error) {
    if (isAbsent(error)) throw absentObject(name, error)
    if (s3StatusOf(error) !== 416 || range === undefined) throw error
    return await readNothing(connection, name, range, guard)
  }
}

/** Of `bytes 0-9/1000`; a server that ignores the range answers with the whole object. */
function totalOf(contentRange: string | undefined, bodyBytes: number): number {
  return Number(/\/(\d+)$/.exec(contentRange ?? '')?.[1] ?? bodyBytes)
}

/** A range of no bytes, or past the end: the object's size decides. */
async function readNothing(connection: S3Connection, name: string, range: ByteRange, guard: Guard): Promise<Buffer> {
  const found = await lookAtKey(connection, connection.prefix + name, guard)
  if (found === undefined) {
    await requireBucket(connection, guard)
    throw absentObject(name)
  }
  checkSize(name, found.sizeBytes, range.offset + range.sizeBytes)
  if (range.sizeBytes === 0) return Buffer.alloc(0)
  throw new AgentError('store.failed', { address: connection.address, reason: `it does not answer a range of ${name}` })
}

function absentObject(name: string, cause?: unknown): AgentError {
  return new AgentError('store.not-found', { object: name }, cause)
}
