/** Requests on uploads in parts. */
import { createHash } from 'node:crypto'
import { lockOf, refuseUnknown, requireFree } from './object-requests.ts'
import { header } from './request-signature.ts'
import { bytesOf, sizeOf } from './stub-bucket.ts'
import { StubError } from './stub-error.ts'
import { type StubAnswer, type StubRequest, xmlAnswer } from './stub-request.ts'
import { xmlTexts } from './stub-xml.ts'

export function createUpload(request: StubRequest): StubAnswer {
  const { bucket, key, message, nowMs } = request
  const algorithm = header(message, 'x-amz-checksum-algorithm')
  const isKnown = algorithm === '' || (algorithm === 'SHA256' && request.knowsChecksums)
  if (!isKnown) throw new StubError(501, 'NotImplemented')
  const hasChecksums = algorithm === 'SHA256'
  const upload = bucket.startUpload({ key, hasChecksums, begunMs: nowMs, retainUntilMs: lockOf(request) })
  return xmlAnswer('InitiateMultipartUploadResult', { Key: key, UploadId: upload.id })
}

export async function uploadPart(request: StubRequest): Promise<StubAnswer> {
  const { bucket, key, query } = request
  const number = Number(query.get('partNumber'))
  if (!(number >= 1 && number <= 10_000)) throw new StubError(400, 'InvalidArgument')
  const upload = bucket.upload(key, query.get('uploadId') ?? '')
  refuseUnknown(request)
  if (upload.hasChecksums && header(request.message, 'x-amz-checksum-sha256') === '') {
    throw new StubError(400, 'InvalidRequest', 'The upload was created with a checksum algorithm.')
  }
  const part = await request.receive()
  upload.parts.set(number, part)
  return {
    status: 200,
    headers: { etag: part.etag, ...(part.checksum !== undefined && { 'x-amz-checksum-sha256': part.checksum }) },
  }
}

export async function completeUpload(request: StubRequest): Promise<StubAnswer> {
  const { bucket, key, query, nowMs } = request
  const upload = bucket.upload(key, query.get('uploadId') ?? '')
  refuseUnknown(request)
  const xml = bytesOf((await request.receive()).body).toString()
  const named = xmlTexts(xml, 'Part').map((part) => ({
    number: Number(xmlTexts(part, 'PartNumber')[0]),
    etag: xmlTexts(part, 'ETag')[0] ?? '',
    checksum: xmlTexts(part, 'ChecksumSHA256')[0],
  }))
  if (named.length === 0) throw new StubError(400, 'MalformedXML')
  requireFree(request)
  const { bytes, checksum } = bucket.complete(upload, named)
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}-${named.length}"`
  const { retainUntilMs } = upload
  const made = bucket.add(key, { body: { bytes }, etag, checksum, modifiedMs: nowMs, retainUntilMs })
  bucket.uploads.delete(upload.id)
  return xmlAnswer('CompleteMultipartUploadResult', { Key: key, ETag: made.etag, ChecksumSHA256: checksum })
}

export function abortUpload({ bucket, key, query }: StubRequest): StubAnswer {
  bucket.uploads.delete(bucket.upload(key, query.get('uploadId') ?? '').id)
  return { status: 204 }
}

export function listParts({ bucket, key, query }: StubRequest): StubAnswer {
  const upload = bucket.upload(key, query.get('uploadId') ?? '')
  const after = Number(query.get('part-number-marker') ?? 0)
  const page = 2
  const numbers = [...upload.parts.keys()].filter((number) => number > after).sort((a, b) => a - b)
  const shown = numbers.slice(0, page)
  return xmlAnswer('ListPartsResult', {
    IsTruncated: numbers.length > page,
    NextPartNumberMarker: shown.at(-1),
    Part: shown.map((number) => {
      const part = upload.parts.get(number)
      return part && { PartNumber: number, ETag: part.etag, Size: sizeOf(part.body), ChecksumSHA256: part.checksum }
    }),
  })
}
