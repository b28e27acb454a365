/**
 * AWS Signature Version 4 in the Authorization header, checked as AWS documents it ("Authenticating Requests: Using the
 * Authorization Header"): canonical request, string to sign, derived key.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { StubError } from './stub-error.ts'

export interface StubCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** The session is over. */
  readonly isExpired?: boolean
}

const longestSkewMs = 15 * 60_000

/** Throws the error that S3 answers with. `nowMs` is the server's time. */
export function checkSignature(request: IncomingMessage, credentials: StubCredentials, nowMs: number): void {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    )
  if (match === null) throw new StubError(403, 'AccessDenied', 'There is no signature.')
  const [, accessKeyId = '', day = '', region = '', signedHeaders = '', signature = ''] = match
  if (accessKeyId !== credentials.accessKeyId) throw new StubError(403, 'InvalidAccessKeyId')
  const isOfSession = header(request, 'x-amz-security-token') === (credentials.sessionToken ?? '')
  if (!isOfSession) throw new StubError(400, 'InvalidToken')
  if (credentials.isExpired) throw new StubError(400, 'ExpiredToken', 'The provided token has expired.')
  const time = header(request, 'x-amz-date')
  if (Math.abs(parseTime(time) - nowMs) > longestSkewMs) throw new StubError(403, 'RequestTimeTooSkewed')
  const names = signedHeaders.split(';')
  for (const name of ['host', 'x-amz-content-sha256', 'x-amz-date']) {
    if (!names.includes(name)) throw new StubError(403, 'SignatureDoesNotMatch', `${name} is not signed.`)
  }
  const unsigned = Object.keys(request.headers).find((name) => name.startsWith('x-amz-') && !names.includes(name))
  if (unsigned !== undefined) throw new StubError(403, 'SignatureDoesNotMatch', `${unsigned} is not signed.`)
  const scope = `${day}/${region}/s3/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonicalRequest(request, names))].join('\n')
  const key = ['aws4_request', 's3', region, day].reduceRight<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  )
  const fits = timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'))
  if (!fits) throw new StubError(403, 'SignatureDoesNotMatch')
}

function canonicalRequest(request: IncomingMessage, names: readonly string[]): string {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2)
  const parameters = query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => (part.includes('=') ? part : `${part}=`))
    .sort()
  const headers = names.map((name) => `${name}:${header(request, name).trim().replace(/ +/g, ' ')}\n`)
  const hash = header(request, 'x-amz-content-sha256')
  return [request.method, path, parameters.join('&'), headers.join(''), names.join(';'), hash].join('\n')
}

export function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

/** `20261126T013000Z` */
function parseTime(time: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
