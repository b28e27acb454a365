/** `s3://bucket/prefix`: reading and writing the address of a vault in a bucket. */
import { AgentError } from '../../base/agent-error.ts'

export interface S3Address {
  readonly bucket: string
  /** Put before each object name: empty, or segments that end with a slash. */
  readonly prefix: string
}

/** Bucket names as AWS rules them (3 to 63 of `a-z 0-9 . -`), which other servers accept too. */
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
/** What needs no encoding anywhere, so that a prefix is the same bytes in every listing. */
const prefixSegment = /^[A-Za-z0-9_-](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?$/
/** With the longest object name (200 bytes) it stays far below S3's 1,024. */
const maxPrefixLength = 500

/** Throws `usage.invalid`. */
export function parseS3Address(url: string): S3Address {
  const match = /^s3:\/\/([^/]*)\/?(.*)$/.exec(url)
  const [, bucket = '', rest = ''] = match ?? []
  const segments = rest.split('/').filter((segment) => segment !== '')
  const prefix = segments.map((segment) => `${segment}/`).join('')
  if (match === null || !bucketName.test(bucket)) throw wrongAddress(url, 'it names no bucket')
  if (!segments.every((segment) => prefixSegment.test(segment))) {
    throw wrongAddress(url, 'a prefix is made of letters, digits, ".", "_" and "-" between slashes')
  }
  if (prefix.length > maxPrefixLength) throw wrongAddress(url, 'its prefix is too long')
  return { bucket, prefix }
}

/** The one way in which an address is written. */
export function formatS3Address({ bucket, prefix }: S3Address): string {
  return `s3://${bucket}${prefix === '' ? '' : `/${prefix.slice(0, -1)}`}`
}

function wrongAddress(url: string, reason: string): AgentError {
  return new AgentError('usage.invalid', {
    problem: `"${url.slice(0, 200)}" is no address of a vault in S3: ${reason}.`,
    advice: 'Write it like s3://bucket or s3://bucket/prefix; the server is named with --endpoint.',
  })
}
