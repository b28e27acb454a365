/**
 * An object in parts (multipart upload): parts go in parallel, and those that an interrupted upload of the same key has
 * brought there already are found in the server's list and not sent again.
 *
 *   1. the newest open upload of this key, with its parts; else a new one
 *   2. every part that is not there with the same bytes
 *   3. complete it, without replacing an object
 */
import type { CompletedPart, Part } from '@aws-sdk/client-s3'
import { AgentError } from '../../base/agent-error.ts'
import type { Pace } from '../../base/pace.ts'
import type { S3Abilities } from '../../contract/s3-server.ts'
import { leastPartBytes, type ObjectTerms, type PutOutcome, refusedPut } from './put-outcome.ts'
import type { OpenBody } from './s3-body.ts'
import type { S3Connection } from './s3-connection.ts'
import { isAbsent } from './s3-errors.ts'
import { decodeKey } from './s3-list.ts'
import type { Guard } from './stall-guard.ts'

/** Parts of one object on their way at the same time. */
const lanes = 3

export interface PartsPut {
  readonly key: string
  readonly body: OpenBody
  /** Size of each part but the last, for a new upload. */
  readonly partBytes: number
  readonly abilities: S3Abilities
  readonly terms: ObjectTerms
  readonly pace: Pace | undefined
}

interface Upload {
  readonly id: string
  readonly partBytes: number
  readonly there: ReadonlyMap<number, Part>
}

export async function uploadInParts(connection: S3Connection, put: PartsPut, guard: Guard): Promise<PutOutcome> {
  const upload = (await findUpload(connection, put, guard)) ?? (await startUpload(connection, put, guard))
  try {
    const parts = await sendParts(connection, put, upload, guard)
    return await complete(connection, put, { upload, parts }, guard)
  } catch (error) {
    if (!isAbsent(error)) throw error
    // Completed by a request whose answer was lost, or swept as abandoned: the next attempt sees which.
    const reason = 'an upload in parts was ended by somebody else'
    throw new AgentError('store.interrupted', { address: connection.address, reason }, error)
  }
}

async function startUpload(
  { client, sdk, bucket }: S3Connection,
  { key, abilities, terms, partBytes }: PartsPut,
  guard: Guard,
): Promise<Upload> {
  const command = new sdk.CreateMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    ...(abilities.checksums && { ChecksumAlgorithm: 'SHA256' }),
    ...terms,
  })
  const { UploadId: id } = await client.send(command, { abortSignal: guard.signal })
  if (id === undefined) throw new Error('an upload was started without an id')
  return { id, partBytes, there: new Map() }
}

async function findUpload(connection: S3Connection, put: PartsPut, guard: Guard): Promise<Upload | undefined> {
  const { client, sdk, bucket } = connection
  const command = new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: put.key, EncodingType: 'url' })
  const { Uploads = [], EncodingType } = await client.send(command, { abortSignal: guard.signal })
  const own = Uploads.filter(({ Key }) => decodeKey(Key ?? '', EncodingType) === put.key)
  const newest = own.reduce<(typeof own)[number] | undefined>(
    (best, next) => ((next.Initiated?.getTime() ?? 0) >= (best?.Initiated?.getTime() ?? 0) ? next : best),
    undefined,
  )
  if (newest?.UploadId === undefined) return undefined
  const there = await listParts(connection, put.key, newest.UploadId, guard)
  return { id: newest.UploadId, partBytes: partBytesOf(there, put), there }
}

async function listParts(
  { client, sdk, bucket }: S3Connection,
  key: string,
  id: string,
  guard: Guard,
): Promise<ReadonlyMap<number, Part>> {
  const parts = new Map<number, Part>()
  let marker: string | undefined
  do {
    const command = new sdk.ListPartsCommand({
      Bucket: bucket,
      Key: key,
      UploadId: id,
      ...(marker !== undefined && { PartNumberMarker: marker }),
    })
    const page = await client.send(command, { abortSignal: guard.signal })
    for (const part of page.Parts ?? []) parts.set(part.PartNumber ?? 0, part)
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined
  } while (marker !== undefined)
  return parts
}

/** The size that the parts of an upload have: one that fits all that are there, else as if it were new. */
export function partBytesOf(there: ReadonlyMap<number, Part>, put: Pick<PartsPut, 'body' | 'partBytes'>): number {
  const { sizeBytes } = put.body
  const [first] = there.values()
  const largest = Math.max(0, ...[...there.values()].map(({ Size = 0 }) => Size))
  const beforeLast = there.size === 1 && first !== undefined ? lastPartGrid(first, sizeBytes) : 0
  const fits = (partBytes: number): boolean =>
    partBytes >= leastPartBytes &&
    [...there].every(([number, { Size }]) => Size === Math.min(partBytes, sizeBytes - (number - 1) * partBytes))
  return [put.partBytes, largest, beforeLast].find(fits) ?? put.partBytes
}

/** Where only the last, shorter part is there: what the others are. */
function lastPartGrid({ PartNumber = 1, Size = 0 }: Part, sizeBytes: number): number {
  const partBytes = (sizeBytes - Size) / (PartNumber - 1)
  return Number.isInteger(partBytes) ? partBytes : 0
}

async function sendParts(
  connection: S3Connection,
  put: PartsPut,
  upload: Upload,
  guard: Guard,
): Promise<readonly CompletedPart[]> {
  const count = Math.ceil(put.body.sizeBytes / upload.partBytes)
  const parts: CompletedPart[] = Array.from({ length: count })
  let next = 1
  const lane = async (): Promise<void> => {
    while (next <= count) {
      const number = next++
      parts[number - 1] = await sendPart(connection, put, { upload, number }, guard)
    }
  }
  const running = Array.from({ length: Math.min(lanes, count) }, async () => {
    try {
      await lane()
    } catch (error) {
      // The other lanes end with it: what they have sent whole is found again.
      next = count + 1
      throw error
    }
  })
  const ended = await Promise.allSettled(running)
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return parts
}

async function sendPart(
  connection: S3Connection,
  { key, body, abilities, pace }: PartsPut,
  { upload, number }: { readonly upload: Upload; readonly number: number },
  guard: Guard,
): Promise<CompletedPart> {
  const { client, sdk, bucket } = connection
  const offset = (number - 1) * upload.partBytes
  const sizeBytes = Math.min(upload.partBytes, body.sizeBytes - offset)
  const sha256 = await body.hash(offset, sizeBytes, guard.signal)
  // Hashing is progress too.
  guard.beat()
  const checksum = sha256.toString('base64')
  const there = upload.there.get(number)
  if (
    there?.Size === sizeBytes &&
    (await isSamePart(there, checksum, () => body.md5(offset, sizeBytes, guard.signal)))
  ) {
    return completedPart(number, there.ETag, there.ChecksumSHA256)
  }
  const command = new sdk.UploadPartCommand({
    Bucket: bucket,
    Key: key,
    UploadId: upload.id,
    PartNumber: number,
    Body: connection.signed(body.send({ offset, sizeBytes }, guard, pace), sha256),
    ContentLength: sizeBytes,
    ...(abilities.checksums && { ChecksumSHA256: checksum }),
  })
  const { ETag } = await client.send(command, { abortSignal: guard.signal })
  return completedPart(number, ETag, abilities.checksums ? checksum : undefined)
}

/** By the checksum that the server keeps of the part, else by its ETag, which is an MD5 on most servers. */
async function isSamePart(there: Part, checksum: string, md5: () => Promise<string>): Promise<boolean> {
  if (there.ChecksumSHA256 !== undefined) return there.ChecksumSHA256 === checksum
  const etag = there.ETag?.replaceAll('"', '')
  return etag !== undefined && /^[0-9a-f]{32}$/.test(etag) && etag === (await md5())
}

function completedPart(number: number, etag: string | undefined, checksum: string | undefined): CompletedPart {
  return {
    PartNumber: number,
    ...(etag !== undefined && { ETag: etag }),
    ...(checksum !== undefined && { ChecksumSHA256: checksum }),
  }
}

async function complete(
  connection: S3Connection,
  { key, abilities }: PartsPut,
  { upload, parts }: { readonly upload: Upload; readonly parts: readonly CompletedPart[] },
  guard: Guard,
): Promise<PutOutcome> {
  const { client, sdk, bucket } = connection
  // Servers put large objects together in silence: as long as that takes, the request is alive.
  const command = new sdk.CompleteMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    UploadId: upload.id,
    MultipartUpload: { Parts: [...parts] },
    ...(abilities.conditionalPut && { IfNoneMatch: '*' }),
  })
  try {
    await client.send(command, { abortSignal: guard.signal })
    return 'made'
  } catch (error) {
    const outcome = refusedPut(error)
    if (outcome === 'taken' && abilities.mayDelete) await abortUpload(connection, key, upload.id, guard)
    return outcome
  }
}

async function abortUpload(
  { client, sdk, bucket }: S3Connection,
  key: string,
  id: string,
  guard: Guard,
): Promise<void> {
  try {
    const command = new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id })
    await client.send(command, { abortSignal: guard.signal })
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

/** Which uploads `sweepUploads` ends. */
export interface SweptUploads {
  /** A whole key or the beginning of one. */
  readonly prefix: string
  /** Only what was begun before. */
  readonly beforeMs: number
  /** Keys whose uploads stay, to be gone on with. */
  readonly resumed?: ReadonlySet<string>
}

/** Returns how many it ended. */
export async function sweepUploads(
  connection: S3Connection,
  { prefix, beforeMs, resumed }: SweptUploads,
  guard: Guard,
): Promise<number> {
  const { client, sdk, bucket } = connection
  let swept = 0
  let marker: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {}
  while (marker !== undefined) {
    const command: InstanceType<typeof sdk.ListMultipartUploadsCommand> = new sdk.ListMultipartUploadsCommand({
      Bucket: bucket,
      Prefix: prefix,
      EncodingType: 'url',
      ...marker,
    })
    const page = await client.send(command, { abortSignal: guard.signal })
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || (Initiated?.getTime() ?? 0) > beforeMs) continue
      const key = decodeKey(Key, page.EncodingType)
      if (resumed?.has(key)) continue
      await abortUpload(connection, key, UploadId, guard)
      guard.beat()
      swept++
    }
    marker = page.IsTruncated === true ? markerOf(page, page.EncodingType) : undefined
  }
  return swept
}

function markerOf(
  page: { readonly NextKeyMarker?: string | undefined; readonly NextUploadIdMarker?: string | undefined },
  encoding: string | undefined,
) {
  const { NextKeyMarker, NextUploadIdMarker } = page
  return {
    ...(NextKeyMarker !== undefined && { KeyMarker: decodeKey(NextKeyMarker, encoding) }),
    ...(NextUploadIdMarker !== undefined && { UploadIdMarker: NextUploadIdMarker }),
  }
}
