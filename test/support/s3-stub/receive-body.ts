/** Receiving a request's body: hashed as it comes, kept in memory or in a file, refused where it is not what was signed. */
import { createHash, randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { header } from './request-signature.ts'
import type { StoredBytes } from './stub-bucket.ts'
import { StubError } from './stub-error.ts'

export interface ReceivedBody {
  readonly body: StoredBytes
  readonly etag: string
  /** The checksum that the client gave, proved. */
  readonly checksum: string | undefined
}

export interface ReceiveOptions {
  /** Bodies become files in it; left out: they stay in memory. */
  readonly folder: string | undefined
  /** False: a server that stores whatever comes. */
  readonly checks: boolean
  readonly onBytes: (sizeBytes: number) => void
}

export async function receiveBody(request: IncomingMessage, options: ReceiveOptions): Promise<ReceivedBody> {
  const hash = createHash('sha256')
  const pieces: Buffer[] = []
  const path = options.folder === undefined ? undefined : join(options.folder, randomBytes(12).toString('hex'))
  const file = path === undefined ? undefined : await open(path, 'wx')
  let sizeBytes = 0
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      options.onBytes(piece.length)
      sizeBytes += piece.length
      hash.update(piece)
      if (file === undefined) pieces.push(piece)
      else await file.write(piece)
    }
  } finally {
    await file?.close()
  }
  const length = header(request, 'content-length')
  if (length !== '' && Number(length) !== sizeBytes) throw new StubError(400, 'IncompleteBody')
  const digest = hash.digest()
  const checksum = header(request, 'x-amz-checksum-sha256')
  if (options.checks) {
    if (header(request, 'x-amz-content-sha256') !== digest.toString('hex')) {
      throw new StubError(400, 'XAmzContentSHA256Mismatch')
    }
    if (checksum !== '' && checksum !== digest.toString('base64')) throw new StubError(400, 'BadDigest')
  }
  return {
    body: path === undefined ? { bytes: Buffer.concat(pieces) } : { path, sizeBytes },
    etag: `"${digest.toString('hex').slice(0, 32)}"`,
    checksum: checksum === '' ? undefined : checksum,
  }
}
