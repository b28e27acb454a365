/** Reading an object's body piece by piece, whichever way it was handed over. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AgentError } from '../base/agent-error.ts'
import { asBuffer } from '../base/bytes.ts'
import { errnoOf } from './file-errors.ts'
import type { ObjectBody } from './object-store.ts'

export const PIECE_BYTES = 1024 * 1024

export function sizeOfBody(body: ObjectBody): number {
  return body instanceof Uint8Array ? body.byteLength : body.sizeBytes
}

/**
 * The body's bytes in pieces of at most 1 MiB, in order. A piece from a file is valid until the next
 * one is asked for. Throws `store.failed` (about `address`) when the file cannot be read or is not
 * exactly as long as promised; rejects with the signal's reason.
 */
export async function* readBody(body: ObjectBody, address: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  if (body instanceof Uint8Array) {
    const bytes = asBuffer(body)
    for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
      signal?.throwIfAborted()
      yield bytes.subarray(offset, offset + PIECE_BYTES)
    }
    return
  }
  const handle = await openBodyFile(body.path, address)
  try {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, body.sizeBytes + 1))
    let offset = 0
    for (;;) {
      signal?.throwIfAborted()
      const sizeBytes = await readBodyPiece(handle, piece, body.path, address)
      if (sizeBytes === 0) break
      offset += sizeBytes
      if (offset > body.sizeBytes) break
      yield piece.subarray(0, sizeBytes)
    }
    if (offset !== body.sizeBytes) {
      throw bodyFailed(address, body.path, `it has not the ${body.sizeBytes} bytes promised`)
    }
  } finally {
    await handle.close()
  }
}

/** The whole body in a fresh buffer; throws as `readBody` does. */
export async function readWholeBody(body: ObjectBody, address: string, signal?: AbortSignal): Promise<Buffer> {
  const whole = Buffer.allocUnsafeSlow(sizeOfBody(body))
  let offset = 0
  for await (const piece of readBody(body, address, signal)) offset += piece.copy(whole, offset)
  return whole
}

/** Opens a body's file for reading; `store.failed` names the file, so that the vault is not blamed. */
export async function openBodyFile(path: string, address: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY)
  } catch (error) {
    throw bodyFailed(address, path, `it cannot be opened (${errnoOf(error)})`, error)
  }
}

export function bodyFailed(address: string, path: string, reason: string, cause?: unknown): AgentError {
  return new AgentError('store.failed', { address, reason: `the file to be stored, ${path}: ${reason}` }, cause)
}

async function readBodyPiece(handle: FileHandle, piece: Buffer, path: string, address: string): Promise<number> {
  try {
    return (await handle.read(piece, 0, piece.length)).bytesRead
  } catch (error) {
    throw bodyFailed(address, path, `it cannot be read (${errnoOf(error)})`, error)
  }
}

/** Throws `store.wrong-size` when an object of `sizeBytes` ends before `endOfRange` or is over `maxSizeBytes`. */
export function checkSize(
  object: string,
  sizeBytes: number,
  endOfRange: number,
  maxSizeBytes = Number.POSITIVE_INFINITY,
): void {
  if (endOfRange > sizeBytes) {
    throw new AgentError('store.wrong-size', { object, sizeBytes, reason: `it ends before ${endOfRange}` })
  }
  if (sizeBytes > maxSizeBytes) {
    throw new AgentError('store.wrong-size', {
      object,
      sizeBytes,
      reason: `no such object is over ${maxSizeBytes} bytes`,
    })
  }
}
