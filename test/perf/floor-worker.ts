/** A thread of floors.ts: does one floor's work for its share of the files. */
import { createSecretKey } from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  futimesSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
  writevSync,
} from 'node:fs'
import { join } from 'node:path'
import { workerData } from 'node:worker_threads'
import { blockId } from '../../agent-core/codec/block-id.ts'
import { openExtent, sealExtent } from '../../agent-core/codec/seal-extent.ts'
import { decodeExtentHeader, extentHeaderSizeBytes } from '../../agent-core/format/chunk-file.ts'

/** A file, or a stretch of one that is long. */
export interface Stretch {
  readonly path: string
  readonly offset: number
  readonly sizeBytes: number
}

export interface FloorShare {
  readonly floor: 'read' | 'seal' | 'write' | 'restore'
  readonly files: readonly Stretch[]
  /** Where this thread makes files. */
  readonly folder: string
  /** The file of extents, which `seal` writes and `restore` reads. */
  readonly sealed: string
}

export const pieceSizeBytes = 1024 * 1024
export const filesPerFolder = 200
const extentSizeBytes = 256 * 1024
const key = Buffer.alloc(32, 7)
const cipherKey = createSecretKey(key)
const sameBytes = Buffer.alloc(pieceSizeBytes, 'what is written')

if (workerData !== null) workOn(workerData as FloorShare)

function workOn({ floor, files, folder, sealed }: FloorShare): void {
  if (floor === 'read') readAll(files, () => {})
  else if (floor === 'seal') sealAll(files, sealed)
  else if (floor === 'write') writeAll(files, folder, writeSame)
  else restoreAll(files, folder, sealed)
}

function readAll(files: readonly Stretch[], take: (piece: Uint8Array) => void): void {
  const buffer = Buffer.allocUnsafeSlow(pieceSizeBytes)
  for (const { path, offset, sizeBytes } of files) {
    const fd = openSync(path, 'r')
    for (let at = 0; at < sizeBytes; ) {
      const got = readSync(fd, buffer, 0, Math.min(pieceSizeBytes, sizeBytes - at), offset + at)
      if (got === 0) break
      take(buffer.subarray(0, got))
      at += got
    }
    closeSync(fd)
  }
}

function sealAll(files: readonly Stretch[], target: string): void {
  const fd = openSync(target, 'w')
  const packed = Buffer.allocUnsafeSlow(extentSizeBytes)
  let filled = 0
  let lengths: number[] = []
  let number = 0
  const seal = (): void => {
    if (filled > 0) writevSync(fd, sealExtent(cipherKey, number++, packed.subarray(0, filled), lengths, 'lz4').pieces)
    filled = 0
    lengths = []
  }
  readAll(files, (piece) => {
    blockId(key, piece)
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + extentSizeBytes - filled)
      packed.set(part, filled)
      filled += part.length
      lengths.push(part.length)
      at += part.length
      if (filled === extentSizeBytes) seal()
    }
  })
  seal()
  fsyncSync(fd)
  closeSync(fd)
}

function restoreAll(files: readonly Stretch[], folder: string, sealed: string): void {
  const source = openSync(sealed, 'r')
  const blocks = openedBlocks(source)
  writeAll(files, folder, (fd, sizeBytes) => {
    for (let left = sizeBytes; left > 0; ) {
      const block = blocks.next()
      if (block.done === true) throw new Error('a file has become shorter meanwhile')
      blockId(key, block.value)
      writeSync(fd, block.value)
      left -= block.value.length
    }
  })
  closeSync(source)
}

/** All blocks in the order in which they were sealed; none lies in two files. */
function* openedBlocks(source: number): Generator<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(2 * extentSizeBytes)
  let offset = 0
  for (let number = 0; readSync(source, bytes, 0, extentHeaderSizeBytes, offset) > 0; number++) {
    const { storedSizeBytes } = decodeExtentHeader(bytes, 'sealed', offset)
    readSync(source, bytes, extentHeaderSizeBytes, storedSizeBytes, offset + extentHeaderSizeBytes)
    const extent = bytes.subarray(0, extentHeaderSizeBytes + storedSizeBytes)
    yield* openExtent(cipherKey, number, extent, 'sealed', offset).blocks
    offset += extent.length
  }
}

function writeSame(fd: number, sizeBytes: number): void {
  for (let at = 0; at < sizeBytes; at += pieceSizeBytes) {
    writeSync(fd, sameBytes, 0, Math.min(pieceSizeBytes, sizeBytes - at))
  }
}

function writeAll(
  files: readonly Stretch[],
  folder: string,
  writeContent: (fd: number, sizeBytes: number) => void,
): void {
  mkdirSync(folder)
  const date = new Date(0)
  let last = 0
  for (const [index, { sizeBytes }] of files.entries()) {
    const target = join(folder, String(Math.floor(index / filesPerFolder)))
    if (index % filesPerFolder === 0) mkdirSync(target)
    const path = join(target, `${index}.part`)
    const fd = openSync(path, 'wx')
    writeContent(fd, sizeBytes)
    fchmodSync(fd, 0o644)
    futimesSync(fd, date, date)
    closeSync(fd)
    renameSync(path, join(target, String(index)))
    last = index
  }
  if (files.length === 0) return
  // One file's sync brings the file system's journal to the disk with all that was made before it.
  const fd = openSync(join(folder, String(Math.floor(last / filesPerFolder)), String(last)), 'r')
  fsyncSync(fd)
  closeSync(fd)
}
