/** Bodies on their way to a server and from it: hashed, sent piece by piece with the pace that was asked for, read whole. */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AgentError } from '../../base/agent-error.ts'
import { asBuffer } from '../../base/bytes.ts'
import type { Pace } from '../../base/pace.ts'
import { bodyFailed, openBodyFile } from '../object-body.ts'
import type { ObjectBody } from '../object-store.ts'
import type { Guard } from './stall-guard.ts'

/** Pieces that were sent lie in memory until V8 collects them: with 256 KiB a backup takes some 28 MiB more. */
const filePieceBytes = 64 * 1024
const hashedPieceBytes = 256 * 1024

/** A body that can be read from any place, several times. Close it. */
export interface OpenBody extends AsyncDisposable {
  readonly sizeBytes: number
  /** SHA-256 of a stretch. */
  hash(offset: number, sizeBytes: number, signal?: AbortSignal): Promise<Buffer>
  /** MD5 of a stretch, for servers that tell nothing better. */
  md5(offset: number, sizeBytes: number, signal?: AbortSignal): Promise<string>
  /** A stretch for the SDK to send. */
  send(stretch: { readonly offset: number; readonly sizeBytes: number }, guard: Guard, pace?: Pace): Buffer | Readable
}

/** Throws `store.failed` for a file that cannot be read or has not the length promised. */
export async function openBody(body: ObjectBody, address: string): Promise<OpenBody> {
  if (body instanceof Uint8Array) {
    const bytes = asBuffer(body)
    return bodyOver(
      bytes.length,
      async (offset, sizeBytes) => bytes.subarray(offset, offset + sizeBytes),
      async () => {},
    )
  }
  const { path, sizeBytes } = body
  const handle = await openBodyFile(path, address)
  const { size } = await handle.stat()
  if (size !== sizeBytes) {
    await handle.close()
    throw bodyFailed(address, path, `it has not the ${sizeBytes} bytes promised`)
  }
  const read: ReadStretch = async (offset, wanted, into = Buffer.allocUnsafeSlow(wanted)) =>
    await readExactly(handle, offset, into.subarray(0, wanted), path, address)
  return bodyOver(sizeBytes, read, async () => await handle.close())
}

/** Into `into` where it is given and the bytes are not in memory already. */
type ReadStretch = (offset: number, sizeBytes: number, into?: Buffer) => Promise<Buffer>

function bodyOver(sizeBytes: number, read: ReadStretch, close: () => Promise<void>): OpenBody {
  const digest = async (algorithm: string, offset: number, length: number, signal?: AbortSignal): Promise<Buffer> => {
    const hash = createHash(algorithm)
    const piece = Buffer.allocUnsafeSlow(Math.min(hashedPieceBytes, length))
    for (let at = 0; at < length; at += hashedPieceBytes) {
      signal?.throwIfAborted()
      hash.update(await read(offset + at, Math.min(hashedPieceBytes, length - at), piece))
    }
    return hash.digest()
  }
  return {
    sizeBytes,
    hash: (offset, length, signal) => digest('sha256', offset, length, signal),
    md5: async (offset, length, signal) => (await digest('md5', offset, length, signal)).toString('hex'),
    send: ({ offset, sizeBytes: length }, guard, pace) =>
      length === 0
        ? Buffer.alloc(0)
        : Readable.from(pieces(read, { offset, sizeBytes: length }, guard, pace), {
            objectMode: false,
            highWaterMark: 1,
          }),
    [Symbol.asyncDispose]: close,
  }
}

async function* pieces(
  read: ReadStretch,
  { offset, sizeBytes }: { readonly offset: number; readonly sizeBytes: number },
  guard: Guard,
  pace: Pace | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const pieceBytes = pace?.pieceBytes ?? filePieceBytes
  try {
    for (let at = 0; at < sizeBytes; at += pieceBytes) {
      guard.signal.throwIfAborted()
      const piece = await read(offset + at, Math.min(pieceBytes, sizeBytes - at))
      await pace?.take(piece.length, guard.signal)
      guard.beat()
      yield piece
    }
  } catch (error) {
    // The stream's end alone would leave the request waiting for the rest.
    guard.fail(error)
  }
}

/** Fills `bytes` from `offset` on. */
async function readExactly(
  handle: FileHandle,
  offset: number,
  bytes: Buffer,
  path: string,
  address: string,
): Promise<Buffer> {
  for (let readBytes = 0; readBytes < bytes.length; ) {
    let got: number
    try {
      got = (await handle.read(bytes, readBytes, bytes.length - readBytes, offset + readBytes)).bytesRead
    } catch (error) {
      throw bodyFailed(address, path, 'it cannot be read', error)
    }
    if (got === 0) throw bodyFailed(address, path, 'it became shorter while it was read')
    readBytes += got
  }
  return bytes
}

/**
 * Reads an answer's body into a buffer of its own. One that ends early or goes on is `store.interrupted`; each piece is a
 * beat of the guard.
 */
export async function readAnswer(body: unknown, sizeBytes: number, guard: Guard, address: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes)
  let readBytes = 0
  for await (const piece of answerPieces(body, guard)) {
    const isTooLong = readBytes + piece.length > sizeBytes
    if (isTooLong) throw brokenAnswer(address, `more than the ${sizeBytes} bytes of an answer came`)
    readBytes += piece.copy(bytes, readBytes)
  }
  if (readBytes !== sizeBytes) throw brokenAnswer(address, `${readBytes} of ${sizeBytes} bytes of an answer came`)
  return bytes
}

/** The pieces of an answer's body. */
export async function* answerPieces(body: unknown, guard: Guard): AsyncGenerator<Buffer, void, undefined> {
  const stream = body as Readable
  const end = (): void => void stream.destroy(guard.signal.reason as Error)
  guard.signal.addEventListener('abort', end, { once: true })
  try {
    for await (const piece of stream) {
      guard.beat()
      yield piece as Buffer
    }
  } finally {
    guard.signal.removeEventListener('abort', end)
    stream.destroy()
  }
}

function brokenAnswer(address: string, reason: string): AgentError {
  return new AgentError('store.interrupted', { address, reason })
}
