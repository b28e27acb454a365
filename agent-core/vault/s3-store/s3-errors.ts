/** From what the SDK and the network throw to the port's errors (rule 8 of `object-store.ts`). */
import { AgentError } from '../../base/agent-error.ts'
import { StallError } from './stall-guard.ts'

/** What of an SDK error is of interest: a service's answer has a status, a network error a code. */
interface S3Failure {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly Code?: string
  readonly Region?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>>; readonly statusCode?: number }
  readonly cause?: unknown
}

const expiredCodes = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired'])
const credentialCodes = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'CredentialsProviderError',
  'TokenProviderError',
])
const skewCodes = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture'])
const fullCodes = new Set([
  'QuotaExceeded',
  'StorageFull',
  'XMinioStorageFull',
  'InsufficientStorage',
  'EntityTooLarge',
])
const absentBucketCodes = new Set(['NoSuchBucket', 'PermanentRedirect', 'IllegalLocationConstraintException'])
const busyCodes = new Set(['SlowDown', 'ServiceUnavailable', 'TooManyRequests', 'Throttling', 'ThrottlingException'])
const absentHostCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
])
const brokenCodes = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'])

/** The service's code, or the network's. */
export function s3CodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const failure = error as S3Failure
  return failure.Code ?? failure.code ?? failure.name
}

/** The HTTP status of an answer that was an error. */
export function s3StatusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const failure = error as S3Failure
  return failure.$metadata?.httpStatusCode ?? failure.$response?.statusCode
}

/** True when the answer says that the server does not know what it was asked for. */
export function isNotImplemented(error: unknown): boolean {
  return s3StatusOf(error) === 501 || s3CodeOf(error) === 'NotImplemented'
}

/** True when an object, a version or an upload of that name is not there; a missing bucket is something else. */
export function isAbsent(error: unknown): boolean {
  const code = s3CodeOf(error)
  return s3StatusOf(error) === 404 && code !== 'NoSuchBucket'
}

export interface S3ErrorPlace {
  readonly address: string
  readonly bucket: string
  /** By how much the server's clock is ahead of this machine's, as its last answer told; undefined: no answer yet. */
  readonly serverAheadMs: () => number | undefined
}

/**
 * The error to throw instead of `error`, which arose while `doing` (`writing a/b`). An AgentError and what is no Error of the
 * service or the network (the reason of an abort, a bug) come back as they are.
 */
export function translateS3Error(error: unknown, doing: string, place: S3ErrorPlace): unknown {
  if (!(error instanceof Error) || error instanceof AgentError) return error
  const { address } = place
  if (error instanceof StallError) {
    return new AgentError('store.interrupted', { address, reason: `${error.message} (${doing})` }, error)
  }
  const failure = error as S3Failure
  const code = s3CodeOf(error) ?? ''
  const status = s3StatusOf(error)
  if (status === undefined) return translateNetworkError(failure, code, doing, address)
  if (expiredCodes.has(code)) return new AgentError('vault.credentials-expired', { address }, error)
  if (credentialCodes.has(code)) return credentialsError(failure, code, address)
  if (skewCodes.has(code)) {
    return new AgentError('vault.clock-skew', { address, difference: skewWords(place.serverAheadMs()) }, error)
  }
  if (fullCodes.has(code) || status === 507) return new AgentError('vault.full', { address }, error)
  if (absentBucketCodes.has(code) || status === 301) return absentBucket(failure, code, place)
  const said = saidOf(failure, code, status)
  if (status === 401 || status === 403) {
    return new AgentError('vault.denied', { address, reason: `${said} (${doing})` }, error)
  }
  const reason = `${doing}: ${said}`
  if (status === 429 || status >= 500 || busyCodes.has(code) || code === 'RequestTimeout') {
    const retryAfterMs = retryAfterOf(failure)
    return new AgentError('store.busy', { address, reason, ...(retryAfterMs !== undefined && { retryAfterMs }) }, error)
  }
  return new AgentError('store.failed', { address, reason }, error)
}

function translateNetworkError(failure: S3Failure, code: string, doing: string, address: string): unknown {
  if (credentialCodes.has(code)) return credentialsError(failure, code, address)
  if (absentHostCodes.has(code) || /certificate|self.signed/i.test(`${code} ${failure.message}`)) {
    return new AgentError('vault.unreachable', { address, reason: networkWords(failure, code) }, failure)
  }
  if (
    brokenCodes.has(code) ||
    code === 'TimeoutError' ||
    code === 'AbortError' ||
    /aborted|hang up/.test(failure.message)
  ) {
    return new AgentError(
      'store.interrupted',
      { address, reason: `${networkWords(failure, code)} (${doing})` },
      failure,
    )
  }
  if (/region is missing/i.test(failure.message)) {
    const advice = 'Give --region, or set it in the AWS files or AWS_REGION.'
    return new AgentError('usage.invalid', { problem: `No region is known for ${address}.`, advice }, failure)
  }
  return failure
}

function credentialsError(failure: S3Failure, code: string, address: string): AgentError {
  if (/expired/i.test(failure.message)) return new AgentError('vault.credentials-expired', { address }, failure)
  const reason =
    code === 'SignatureDoesNotMatch'
      ? 'the secret key does not fit the access key'
      : code === 'InvalidAccessKeyId' || code === 'InvalidClientTokenId'
        ? 'the access key is not known there'
        : code === 'CredentialsProviderError'
          ? 'there are none: neither stored, nor in the environment, nor in the AWS files'
          : code
  return new AgentError('vault.credentials', { address, reason }, failure)
}

function absentBucket(failure: S3Failure, code: string, { address, bucket }: S3ErrorPlace): AgentError {
  const region = failure.Region ?? failure.$response?.headers?.['x-amz-bucket-region']
  const reason =
    code === 'NoSuchBucket'
      ? `there is no bucket "${bucket}"`
      : `the bucket "${bucket}" lies in another region${region === undefined ? '' : ` (${region})`}`
  return new AgentError('vault.unreachable', { address, reason }, failure)
}

/** `SlowDown: Please reduce your request rate`; a HEAD has no body, and so only a status. */
function saidOf(failure: S3Failure, code: string, status: number): string {
  const message = failure.message.split('\n')[0]?.trim() ?? ''
  if (code === '' || code === String(status) || message === '' || message === 'UnknownError') return `status ${status}`
  return message === code ? code : `${code}: ${message.replace(/\.$/, '')}`
}

/** `Retry-After` in seconds; the other form, a date, is not used by S3 servers. */
function retryAfterOf(failure: S3Failure): number | undefined {
  const seconds = Number(failure.$response?.headers?.['retry-after'] ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}

function networkWords(failure: S3Failure, code: string): string {
  const message = failure.message.split('\n')[0] ?? ''
  return message.includes(code) || code === 'Error' ? message : `${code}: ${message}`
}

/** `it is 23 min behind the server's`. */
export function skewWords(serverAheadMs: number | undefined): string {
  if (serverAheadMs === undefined) return "it differs too much from the server's"
  const seconds = Math.round(Math.abs(serverAheadMs) / 1000)
  const amount = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
  return `it is ${amount} ${serverAheadMs > 0 ? 'behind' : 'ahead of'} the server's`
}
