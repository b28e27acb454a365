/**
 * One file from path to entry, inside a worker: open without following links, look, read and split,
 * look again. A file that changed meanwhile is read again, three times at most.
 */
import { closeSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { encodeEntry } from '../format/tree.ts'
import { anchoredPath } from '../platform/anchored-path.ts'
import { fileStatus } from '../platform/file-status.ts'
import { isNoDump, openForReading } from '../platform/posix.ts'
import { type FoundEntry, foundEntry } from '../source/found-entry.ts'
import { readMetadata } from '../source/read-metadata.ts'
import type { BlockSink, FileSplitter, SplitFile } from '../source/split-file.ts'
import type { FileOutcome, FileRequest } from './file-outcome.ts'
import { chooseGridOffset, type GridDeps } from './grid-offset.ts'
import { previousBlocks } from './previous-parts.ts'

/** A file that changes while it is read is read so many times at most. */
export const captureAttempts = 3

export interface CaptureDeps extends GridDeps {
  readonly splitter: FileSplitter
  readonly sink: BlockSink
  readonly skipNoDump: boolean
}

export type NotCaptured = Exclude<FileOutcome, { readonly state: 'captured' }>

/** Captures one file. Throws only what is no fault of the file: a full cache, a damaged base, a bug. */
export function captureFile(request: Omit<FileRequest, 'sizeBytes'>, deps: CaptureDeps): FileOutcome {
  return withOpenFile<FileOutcome>(
    request.path,
    (fd) => captureOpen(fd, request, deps),
    (outcome) => outcome,
  )
}

/**
 * Opens a file (`path` as in FileRequest) for `work`, and closes it. The system's word on the file goes to `refused`;
 * everything else is not the file's fault and is thrown.
 */
export function withOpenFile<Result>(
  path: string,
  work: (fd: number) => Result,
  refused: (outcome: NotCaptured) => Result,
): Result {
  try {
    using anchored = anchoredPath(Buffer.from(path, 'latin1'))
    const fd = openForReading(anchored.path)
    try {
      return work(fd)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    return refused(outcomeOf(error))
  }
}

/** The file behind `fd`, if a backup takes it. */
export function lookAtOpen(fd: number, skipNoDump: boolean): FoundEntry | NotCaptured {
  const found = foundEntry(fileStatus(fd))
  if (found.type !== 'file') return { state: 'replaced' }
  if (skipNoDump && (found.isNoDump ?? isNoDump(fd))) return { state: 'excluded' }
  return found
}

/** The entry's name: the last component of a request's path. */
export function nameOf(path: string): Buffer {
  return Buffer.from(path.slice(path.lastIndexOf('/') + 1), 'latin1')
}

export function isSameMoment(a: FoundEntry, b: FoundEntry): boolean {
  return (
    a.sizeBytes === b.sizeBytes &&
    a.mtime.sec === b.mtime.sec &&
    a.mtime.ns === b.mtime.ns &&
    a.ctime.sec === b.ctime.sec &&
    a.ctime.ns === b.ctime.ns
  )
}

function captureOpen(fd: number, request: Omit<FileRequest, 'sizeBytes'>, deps: CaptureDeps): FileOutcome {
  let before = lookAtOpen(fd, deps.skipNoDump)
  for (let attempt = 1; ; attempt++) {
    if ('state' in before) return before
    const read = readContent(fd, before, request, deps)
    const { posix, problem } = readMetadata(before, fd)
    const after = foundEntry(fileStatus(fd))
    const isStable = isSameMoment(before, after)
    if (!isStable && attempt < captureAttempts) {
      before = after
      continue
    }
    return {
      state: 'captured',
      encoded: encodeEntry({
        name: nameOf(request.path),
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
      sizeBytes: read.sizeBytes,
      bytesRead: read.bytesRead,
      isChanging: !isStable,
      metadataProblem: problem,
    }
  }
}

function readContent(
  fd: number,
  found: FoundEntry,
  request: Omit<FileRequest, 'sizeBytes'>,
  deps: CaptureDeps,
): SplitFile {
  return deps.splitter.split({
    fd,
    gridOffset: chooseGridOffset(fd, found.sizeBytes, request.previous, deps),
    name: nameOf(request.path),
    sizeBytes: found.sizeBytes,
    previous: request.previous?.splitting,
    expectedAt: previousBlocks(request.previous, deps.base),
    mayHaveHoles: found.allocatedBytes < found.sizeBytes,
    sink: deps.sink,
  })
}

/** The system's word on a file becomes an outcome; everything else is not the file's fault. */
function outcomeOf(error: unknown): NotCaptured {
  if (error instanceof AgentError) throw error
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) throw error
  if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'vanished' }
  // O_NOFOLLOW met a symbolic link, or a socket took the file's place.
  if (code === 'ELOOP' || code === 'ENXIO') return { state: 'replaced' }
  return { state: 'unreadable', reason: message }
}
