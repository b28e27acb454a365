/** Requests on objects: put, get, head, delete, and what Object Lock adds. */
import { header } from './request-signature.ts'
import { bytesOf, rangeOf, type StubVersion, sizeOf } from './stub-bucket.ts'
import { StubError } from './stub-error.ts'
import { type StubAnswer, type StubRequest, xmlAnswer } from './stub-request.ts'
import { xmlTexts } from './stub-xml.ts'

/** One of them comes with an object that is locked when it is put, as AWS wants it. */
const proofNames = ['content-md5', 'x-amz-sdk-checksum-algorithm']

export async function putObject(request: StubRequest): Promise<StubAnswer> {
  const { bucket, key, message, nowMs } = request
  refuseUnknown(request)
  const retainUntilMs = lockOf(request)
  const proofs = proofNames.map((name) => header(message, name))
  if (retainUntilMs !== undefined && proofs.every((proof) => proof === '')) {
    throw new StubError(
      400,
      'InvalidRequest',
      `${proofNames.join(' or ')} header required to upload an object with a retention period`,
    )
  }
  const received = await request.receive()
  // Looked at after the body has come: of two puts side by side one finds the other's object.
  requireFree(request)
  const made = bucket.add(key, { ...received, modifiedMs: nowMs, retainUntilMs })
  if (header(message, 'content-length') === '') throw new StubError(411, 'MissingContentLength')
  return { status: 200, headers: { ...factsOf(made), 'content-length': '0' } }
}

export function copyObject({ bucket, key, message, nowMs }: StubRequest): StubAnswer {
  const [, source = '', versionId = ''] =
    /^[^/]+\/(.*)\?versionId=(.*)$/.exec(header(message, 'x-amz-copy-source')) ?? []
  const copied = bucket.version(decodeURIComponent(source), decodeURIComponent(versionId))
  const { body, etag, checksum } = copied
  bucket.add(key, { body, etag, checksum, modifiedMs: nowMs, retainUntilMs: undefined })
  return xmlAnswer('CopyObjectResult', { ETag: etag, LastModified: new Date(nowMs).toISOString() })
}

/** Throws 412 where the request must not replace an object and there is one. */
export function requireFree({ message, bucket, key }: StubRequest): void {
  const condition = header(message, 'if-none-match')
  if (condition !== '' && condition !== '*') throw new StubError(501, 'NotImplemented')
  if (condition === '*' && bucket.current(key) !== undefined) throw new StubError(412, 'PreconditionFailed')
}

/** A server that does not know a header refuses it. */
export function refuseUnknown({ message, knowsConditions, knowsChecksums }: StubRequest): void {
  if (!knowsConditions && header(message, 'if-none-match') !== '') throw new StubError(501, 'NotImplemented')
  const hasChecksum = Object.keys(message.headers).some((name) => name.startsWith('x-amz-checksum-'))
  if (!knowsChecksums && hasChecksum) throw new StubError(501, 'NotImplemented')
}

/** Until when the request locks the object. */
export function lockOf({ message, bucket, nowMs }: StubRequest): number | undefined {
  const date = header(message, 'x-amz-object-lock-retain-until-date')
  if (date === '') return undefined
  if (!bucket.hasLock) throw new StubError(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration')
  if (header(message, 'x-amz-object-lock-mode') !== 'GOVERNANCE') throw new StubError(400, 'InvalidArgument')
  const untilMs = Date.parse(date)
  if (!(untilMs > nowMs)) throw new StubError(400, 'InvalidArgument', 'The retain until date must be in the future!')
  return untilMs
}

export function getObject(request: StubRequest): StubAnswer {
  const { bucket, key, query, message } = request
  const found = bucket.version(key, query.get('versionId'))
  const sizeBytes = sizeOf(found.body)
  const range = header(message, 'range')
  const facts = { ...factsOf(found), 'last-modified': new Date(found.modifiedMs).toUTCString() }
  if (request.operation === 'HeadObject') {
    const checksum = header(message, 'x-amz-checksum-mode') === 'ENABLED' ? found.checksum : undefined
    return {
      status: 200,
      headers: {
        ...facts,
        'content-length': String(sizeBytes),
        ...(checksum !== undefined && { 'x-amz-checksum-sha256': checksum }),
      },
    }
  }
  if (range === '') return { status: 200, headers: facts, body: bytesOf(found.body) }
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
  const start = Number(from)
  if (from === '' || start >= sizeBytes) throw new StubError(416, 'InvalidRange')
  const end = Math.min(Number(to), sizeBytes - 1)
  return {
    status: 206,
    headers: { ...facts, 'content-range': `bytes ${start}-${end}/${sizeBytes}` },
    body: rangeOf(found.body, start, end + 1),
  }
}

function factsOf({ etag, id, retainUntilMs }: StubVersion): Record<string, string> {
  return {
    etag,
    ...(id !== 'null' && { 'x-amz-version-id': id }),
    ...(retainUntilMs !== undefined && {
      'x-amz-object-lock-mode': 'GOVERNANCE',
      'x-amz-object-lock-retain-until-date': new Date(retainUntilMs).toISOString(),
    }),
  }
}

export function deleteObject({ bucket, key, query, nowMs }: StubRequest): StubAnswer {
  const marker = bucket.delete(key, query.get('versionId'), nowMs)
  return { status: 204, ...(marker && { headers: { 'x-amz-version-id': marker.id, 'x-amz-delete-marker': 'true' } }) }
}

export async function putRetention(request: StubRequest): Promise<StubAnswer> {
  const { bucket, key, query } = request
  const version = bucket.version(key, query.get('versionId'))
  if (!bucket.hasLock) throw new StubError(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration')
  const xml = bytesOf((await request.receive()).body).toString()
  const untilMs = Date.parse(xmlTexts(xml, 'RetainUntilDate')[0] ?? '')
  if (Number.isNaN(untilMs)) throw new StubError(400, 'MalformedXML')
  if (version.retainUntilMs !== undefined && untilMs < version.retainUntilMs) throw new StubError(403, 'AccessDenied')
  version.retainUntilMs = untilMs
  return { status: 200 }
}
