/**
 * One file from path to entry, inside a worker: open without following links, look, read and split,
 * look again. A file that changed meanwhile is read again, three times at most.
 */
import { closeSync, fstatSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import type { BaseDb } from '../cache/base-db.ts'
import { encodeEntry } from '../format/tree.ts'
import { anchoredPath } from '../platform/anchored-path.ts'
import { isNoDump, openForReading } from '../platform/posix.ts'
import { type FoundEntry, foundEntry } from '../source/found-entry.ts'
import { readMetadata } from '../source/read-metadata.ts'
import type { BlockSink, FileSplitter } from '../source/split-file.ts'
import type { FileOutcome, FileRequest } from './messages.ts'
import { previousBlocks } from './previous-parts.ts'

const attempts = 3

export interface CaptureDeps {
  readonly splitter: FileSplitter
  readonly sink: BlockSink
  readonly base: BaseDb
  readonly skipNoDump: boolean
}

/** Captures one file. Throws only what is no fault of the file: a full cache, a damaged base, a bug. */
export function captureFile(request: FileRequest, deps: CaptureDeps): FileOutcome {
  try {
    using path = anchoredPath(Buffer.from(request.path, 'latin1'))
    const fd = openForReading(path.path)
    try {
      return captureOpen(fd, request, deps)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    return outcomeOf(error)
  }
}

function captureOpen(fd: number, request: FileRequest, deps: CaptureDeps): FileOutcome {
  if (deps.skipNoDump && isNoDump(fd)) return { state: 'excluded' }
  for (let attempt = 1; ; attempt++) {
    const before = foundEntry(fstatSync(fd, { bigint: true }))
    if (before.type !== 'file') return { state: 'replaced' }
    const read = readContent(fd, before, request, deps)
    const { posix, problem } = readMetadata(before, fd)
    const after = foundEntry(fstatSync(fd, { bigint: true }))
    const isStable = isSameMoment(before, after)
    if (!isStable && attempt < attempts) continue
    return {
      state: 'captured',
      encoded: encodeEntry({
        name: Buffer.from(request.name, 'latin1'),
        type: 'file',
        mtime: before.mtime,
        ctime: before.ctime,
        ...(before.birth && { birth: before.birth }),
        inode: before.inode,
        posix,
        sizeBytes: read.sizeBytes,
        content: read.content,
        ...(before.linkCount > 1 && { linkGroup: { volume: request.volume, inode: before.inode } }),
      }),
      inode: before.inode,
      sizeBytes: read.sizeBytes,
      isRead: true,
      bytesRead: read.bytesRead,
      isChanging: !isStable,
      metadataProblem: problem,
    }
  }
}

function readContent(fd: number, found: FoundEntry, request: FileRequest, deps: CaptureDeps) {
  return deps.splitter.split({
    fd,
    name: Buffer.from(request.name, 'latin1'),
    sizeBytes: found.sizeBytes,
    previous: request.previous?.splitting,
    expectedAt: previousBlocks(request.previous, deps.base),
    sink: deps.sink,
  })
}

function isSameMoment(a: FoundEntry, b: FoundEntry): boolean {
  return (
    a.sizeBytes === b.sizeBytes &&
    a.mtime.sec === b.mtime.sec &&
    a.mtime.ns === b.mtime.ns &&
    a.ctime.sec === b.ctime.sec &&
    a.ctime.ns === b.ctime.ns
  )
}

/** The system's word on a file becomes an outcome; everything else is not the file's fault. */
function outcomeOf(error: unknown): FileOutcome {
  if (error instanceof AgentError) throw error
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) throw error
  if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'vanished' }
  // O_NOFOLLOW met a symbolic link, or a socket took the file's place.
  if (code === 'ELOOP' || code === 'ENXIO') return { state: 'replaced' }
  return { state: 'unreadable', reason: message }
}
