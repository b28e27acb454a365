import { z } from 'zod'
import { bytes, count, list, path, text, time, type Value } from '../bounds.ts'
import { chunkFileName } from './point.ts'

export const chunkDocument = z.object({
  file: path,
  name: chunkFileName,
  kind: text,
  fileId: text,
  parentFileId: text.nullable(),
  keyspace: text,
  epoch: count,
  createdAt: time,
  sizeBytes: bytes,
  extents: count,
  blocks: count,
  rawBytes: bytes,
  sha256: text,
})
export type ChunkDocument = Value<typeof chunkDocument>

export const chunkDump = chunkDocument.extend({
  extentList: list(
    z.object({
      number: count,
      offset: count,
      storedBytes: bytes,
      rawBytes: bytes,
      method: text,
      blocks: list(z.object({ id: text, sizeBytes: bytes }), 1_000_000).nullable(),
    }),
    1_000_000,
  ),
})
export type ChunkDump = Value<typeof chunkDump>

export const chunkVerification = z.object({
  file: path,
  whole: z.boolean(),
  /** Whether the blocks were opened with a key, or only the hash was checked. */
  opened: z.boolean(),
  damaged: list(z.object({ offset: z.number(), reason: text }), 1_000_000),
})
export type ChunkVerification = Value<typeof chunkVerification>
