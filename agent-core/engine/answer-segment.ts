/** A worker's part in the capture of a large file: one question, one answer. The file is opened for each. */
import { fileStatus } from '../platform/file-status.ts'
import { type FoundEntry, foundEntry } from '../source/found-entry.ts'
import { readMetadata } from '../source/read-metadata.ts'
import { type CaptureDeps, isSameMoment, lookAtOpen, nameOf, withOpenFile } from './capture-file.ts'
import { chooseGridOffset } from './grid-offset.ts'
import { previousBlocks } from './previous-parts.ts'
import { packParts, type SegmentAnswer, type SegmentQuestion } from './segment-messages.ts'

/** Answers a question. Throws only what is no fault of the file. */
export function answerSegment(question: SegmentQuestion, deps: CaptureDeps): SegmentAnswer {
  return withOpenFile<SegmentAnswer>(
    question.path,
    (fd) => answerOpen(fd, question, deps),
    (outcome) => ({ kind: 'lost', outcome }),
  )
}

function answerOpen(fd: number, question: SegmentQuestion, deps: CaptureDeps): SegmentAnswer {
  switch (question.kind) {
    case 'look': {
      const file = lookAtOpen(fd, deps.skipNoDump)
      if ('state' in file) return { kind: 'lost', outcome: file }
      const { path, previous } = question
      const { sizeBytes } = file
      return {
        kind: 'looked',
        file,
        splitting: deps.splitter.choose({ fd, name: nameOf(path), sizeBytes, previous: previous?.splitting }),
        gridOffset: chooseGridOffset(fd, sizeBytes, previous, deps),
      }
    }
    case 'split':
      return isSameFile(question.file, statusNow(fd)) ? splitOpen(fd, question, deps) : { kind: 'changed' }
    case 'settle': {
      const { posix, problem } = readMetadata(question.file, fd)
      const now = statusNow(fd)
      if (!isSameFile(question.file, now)) return { kind: 'changed' }
      return { kind: 'settled', isStable: isSameMoment(question.file, now), posix, problem }
    }
  }
}

function splitOpen(
  fd: number,
  question: Extract<SegmentQuestion, { readonly kind: 'split' }>,
  { splitter, sink, base }: CaptureDeps,
): SegmentAnswer {
  const { file, splitting, gridOffset, from, until, beginsAtCut, previous } = question
  const { parts, ...segment } = splitter.splitSegment({
    fd,
    sizeBytes: file.sizeBytes,
    splitting,
    gridOffset,
    from,
    until,
    beginsAtCut,
    expectedAt: previousBlocks(previous, base, from),
    putBlock: sink.putBlock,
  })
  return { kind: 'split', parts: packParts(parts), ...segment }
}

function statusNow(fd: number): FoundEntry {
  return foundEntry(fileStatus(fd))
}

function isSameFile(a: FoundEntry, b: FoundEntry): boolean {
  return a.inode === b.inode && a.device === b.device
}
