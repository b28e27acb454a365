/**
 * A small S3 server on loopback for the tests, strict where others are not: it checks every signature and every body, knows
 * conditional puts, parts, versions and Object Lock, refuses what it does not know, keeps a journal of all requests, and
 * fails as it is told. One bucket, by path or by host.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { listObjects, listUploads, listVersions } from './list-requests.ts'
import { copyObject, deleteObject, getObject, putObject, putRetention } from './object-requests.ts'
import { receiveBody } from './receive-body.ts'
import { checkSignature, type StubCredentials } from './request-signature.ts'
import { StubBucket } from './stub-bucket.ts'
import { StubError } from './stub-error.ts'
import {
  createFaultScript,
  type FaultScript,
  type StubFault,
  type StubFaultKind,
  type StubOperation,
} from './stub-faults.ts'
import { operationOf, type StubAnswer, type StubRequest, xmlAnswer } from './stub-request.ts'
import { formatXml } from './stub-xml.ts'
import { abortUpload, completeUpload, createUpload, listParts, uploadPart } from './upload-requests.ts'

export interface StubOptions {
  readonly bucket?: string
  readonly credentials?: StubCredentials
  readonly versions?: boolean
  readonly lock?: boolean
  /** False: every deletion is refused. */
  readonly mayDelete?: boolean
  readonly knowsConditions?: boolean
  readonly knowsChecksums?: boolean
  /** False: bodies are stored as they come. */
  readonly checksBodies?: boolean
  readonly faults?: readonly StubFault[]
  /** Bodies are kept as files in it instead of in memory. */
  readonly folder?: string
  /** Hears of each piece of a body that came. */
  readonly onReceived?: (sizeBytes: number) => void
  /** Entries of a listing that come at a time; left out: 100, so that tests meet many pages. */
  readonly pageSize?: number
  /** Each request is answered so much later, as over a long line. */
  readonly latencyMs?: number
  /** The server's clock; the system's when left out. */
  readonly nowMs?: () => number
}

export interface JournalEntry {
  readonly operation: StubOperation
  /** Of a listing the prefix that was asked for. */
  readonly key: string
  readonly partNumber: number | undefined
  /** Bytes of the body that came. */
  receivedBytes: number
  /** Bytes of the answer's body. */
  sentBytes: number
  /** Undefined while, or because, no answer was sent. */
  status: number | undefined
}

export interface S3Stub extends AsyncDisposable {
  readonly endpoint: string
  readonly bucketName: string
  readonly bucket: StubBucket
  readonly credentials: StubCredentials
  readonly journal: JournalEntry[]
  readonly faults: FaultScript
  /** Replaces the script. */
  setFaults(faults: readonly StubFault[]): void
  /** Refuses deletions from now on, or no more. */
  setMayDelete(mayDelete: boolean): void
  /** The bucket is gone (true) or back (false). */
  setAbsent(isAbsent: boolean): void
  /** How many requests of each kind there were. */
  counts(): Partial<Record<StubOperation, number>>
}

const stubCredentials: StubCredentials = { accessKeyId: 'TESTACCESSKEY', secretAccessKey: 'test/secret+key' }

const handlers: Readonly<Record<StubOperation, (request: StubRequest) => StubAnswer | Promise<StubAnswer>>> = {
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: getObject,
  DeleteObject: deleteObject,
  ListObjectsV2: listObjects,
  ListObjectVersions: listVersions,
  HeadBucket: () => ({ status: 200 }),
  GetBucketVersioning: ({ bucket }) =>
    xmlAnswer('VersioningConfiguration', { Status: bucket.hasVersions ? 'Enabled' : undefined }),
  GetObjectLockConfiguration: ({ bucket }) => {
    if (!bucket.hasLock) throw new StubError(404, 'ObjectLockConfigurationNotFoundError')
    return xmlAnswer('ObjectLockConfiguration', { ObjectLockEnabled: 'Enabled' })
  },
  PutObjectRetention: putRetention,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
  ListMultipartUploads: listUploads,
  ListParts: listParts,
}

export async function startS3Stub(options: StubOptions = {}): Promise<S3Stub> {
  const bucketName = options.bucket ?? 'vaults'
  const credentials = options.credentials ?? stubCredentials
  const bucket = new StubBucket(options)
  const journal: JournalEntry[] = []
  const state = {
    faults: createFaultScript(options.faults ?? []),
    mayDelete: options.mayDelete ?? true,
    isAbsent: false,
  }
  const nowMs = options.nowMs ?? Date.now

  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { operation, key, query } = parse(message, bucketName)
    const fault = state.faults.strike(operation, key)
    const part = query.get('partNumber')
    const entry: JournalEntry = {
      operation,
      key: key === '' ? (query.get('prefix') ?? '') : key,
      partNumber: part === null ? undefined : Number(part),
      receivedBytes: 0,
      sentBytes: 0,
      status: undefined,
    }
    journal.push(entry)
    if (fault?.kind === 'stall') return
    const receive = async () =>
      await receiveBody(message, {
        folder: operation === 'CompleteMultipartUpload' ? undefined : options.folder,
        checks: options.checksBodies ?? true,
        onBytes: (sizeBytes) => {
          entry.receivedBytes += sizeBytes
          options.onReceived?.(sizeBytes)
          if (fault?.kind === 'reset' && entry.receivedBytes >= fault.afterBytes) message.socket.resetAndDestroy()
        },
      })
    let given: StubAnswer
    try {
      if (fault?.kind === 'status') throw faultError(fault)
      checkSignature(message, credentials, nowMs())
      if (state.isAbsent) throw new StubError(404, 'NoSuchBucket')
      if (!state.mayDelete && message.method === 'DELETE') throw new StubError(403, 'AccessDenied', 'Access Denied')
      given = await handlers[operation]({
        operation,
        message,
        key,
        query,
        bucket,
        nowMs: nowMs(),
        knowsConditions: options.knowsConditions ?? true,
        knowsChecksums: options.knowsChecksums ?? true,
        pageSize: options.pageSize ?? 100,
        receive,
      })
    } catch (error) {
      if (!(error instanceof StubError)) throw error
      given = errorAnswer(error, message.method === 'HEAD')
      // What of the body has not come yet would be taken for the next request.
      message.resume()
    }
    if (fault?.kind === 'lost-answer') {
      message.socket.resetAndDestroy()
      return
    }
    entry.status = given.status
    entry.sentBytes = message.method === 'HEAD' ? 0 : (given.body?.length ?? 0)
    response.setHeader('date', new Date(nowMs()).toUTCString())
    send(response, given, fault, message.method === 'HEAD')
  }

  const server = createServer((message, response) => {
    // The client went away in the middle: nothing to answer, and the journal shows it.
    const answerLater = async () => {
      if (options.latencyMs !== undefined) await delay(options.latencyMs)
      await answer(message, response)
    }
    answerLater().catch(() => message.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucketName,
    bucket,
    credentials,
    journal,
    get faults() {
      return state.faults
    },
    setFaults: (faults) => {
      state.faults = createFaultScript(faults)
    },
    setMayDelete: (mayDelete) => {
      state.mayDelete = mayDelete
    },
    setAbsent: (isAbsent) => {
      state.isAbsent = isAbsent
    },
    counts: () => countOperations(journal),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function parse(message: IncomingMessage, bucketName: string) {
  const url = new URL(message.url ?? '/', 'http://host')
  const path = decodeURIComponent(url.pathname)
  const isByHost = message.headers.host?.startsWith(`${bucketName}.`) === true
  const [, named = '', ...rest] = isByHost ? ['', bucketName, ...path.split('/').slice(1)] : path.split('/')
  const key = rest.join('/')
  const operation = operationOf(message, key === '', url.searchParams)
  if (named !== bucketName || operation === undefined) throw new Error(`not known: ${message.method} ${message.url}`)
  return { operation, key, query: url.searchParams }
}

function faultError(fault: Extract<StubFaultKind, { kind: 'status' }>): StubError {
  const { status, code, retryAfterSeconds } = fault
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  return new StubError(status, code, `${code} (planned)`, headers)
}

function errorAnswer(error: StubError, isHead: boolean): StubAnswer {
  const { status, code, message, headers } = error
  const body = Buffer.from(formatXml('Error', { Code: code, Message: message }))
  return { status, headers: { ...headers, 'content-type': 'application/xml' }, ...(!isHead && { body }) }
}

function send(response: ServerResponse, given: StubAnswer, fault: StubFaultKind | undefined, isHead: boolean): void {
  const { status, headers = {}, body = Buffer.alloc(0) } = given
  const length = headers['content-length'] ?? String(body.length)
  response.writeHead(status, { ...headers, ...(status !== 204 && { 'content-length': length }) })
  if (fault?.kind === 'stall-body' || fault?.kind === 'short-body') {
    response.write(body.subarray(0, body.length >> 1), () => {
      if (fault.kind === 'short-body') response.destroy()
    })
    return
  }
  if (fault?.kind === 'wrong-body' && body.length > 0) {
    const spoilt = Buffer.from(body)
    const at = spoilt.length >> 1
    spoilt.writeUInt8(spoilt.readUInt8(at) ^ 1, at)
    response.end(spoilt)
    return
  }
  response.end(isHead ? undefined : body)
}

function countOperations(journal: readonly JournalEntry[]): Partial<Record<StubOperation, number>> {
  const counts: Partial<Record<StubOperation, number>> = {}
  for (const { operation } of journal) counts[operation] = (counts[operation] ?? 0) + 1
  return counts
}
