/** One request as the handlers see it, and the answer they give. */
import type { IncomingMessage } from 'node:http'
import type { ReceivedBody } from './receive-body.ts'
import type { StubBucket } from './stub-bucket.ts'
import type { StubOperation } from './stub-faults.ts'
import { formatXml, type XmlTree } from './stub-xml.ts'

export interface StubRequest {
  readonly operation: StubOperation
  readonly message: IncomingMessage
  readonly key: string
  readonly query: URLSearchParams
  readonly bucket: StubBucket
  readonly nowMs: number
  /** What the server knows; false: it refuses what it does not know. */
  readonly knowsConditions: boolean
  readonly knowsChecksums: boolean
  /** Entries of a listing that come at a time. */
  readonly pageSize: number
  receive(): Promise<ReceivedBody>
}

export interface StubAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

export function xmlAnswer(root: string, tree: XmlTree): StubAnswer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: Buffer.from(formatXml(root, tree)) }
}

/** Which operation a request is; undefined: none that this server knows. */
export function operationOf(
  message: IncomingMessage,
  isBucket: boolean,
  query: URLSearchParams,
): StubOperation | undefined {
  const { method } = message
  const has = (name: string): boolean => query.has(name)
  if (isBucket) {
    if (method === 'HEAD') return 'HeadBucket'
    if (method !== 'GET') return undefined
    if (has('versioning')) return 'GetBucketVersioning'
    if (has('object-lock')) return 'GetObjectLockConfiguration'
    if (has('uploads')) return 'ListMultipartUploads'
    if (has('versions')) return 'ListObjectVersions'
    return query.get('list-type') === '2' ? 'ListObjectsV2' : undefined
  }
  if (has('retention')) return method === 'PUT' ? 'PutObjectRetention' : undefined
  if (method === 'HEAD') return 'HeadObject'
  if (method === 'GET') return has('uploadId') ? 'ListParts' : 'GetObject'
  if (method === 'PUT' && 'x-amz-copy-source' in message.headers) return 'CopyObject'
  if (method === 'PUT') return has('uploadId') ? 'UploadPart' : 'PutObject'
  if (method === 'DELETE') return has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
  if (method === 'POST' && has('uploads')) return 'CreateMultipartUpload'
  return method === 'POST' && has('uploadId') ? 'CompleteMultipartUpload' : undefined
}
