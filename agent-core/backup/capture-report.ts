import { type FileWarningCode, fileWarning } from '../base/file-warning.ts'
import type { ProgressStep, Task } from '../base/task.ts'
import type { CborValue } from '../format/cbor.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import type { FileReport } from './file-capturer.ts'

/** So many warnings are listed in a point; all are counted. */
const maxListed = 10_000

/** Progress is told in steps of so many files or bytes: to tell of each file costs more than to look at it. */
const filesPerStep = 64
const bytesPerStep = 16 * 1024 ** 2

interface Told {
  readonly path: Buffer
  readonly code: FileWarningCode
  readonly reason: string
}

/** Collects what a capture has to tell: warnings for the job and the point, progress for those who watch. */
export class CaptureReport implements FileReport {
  readonly #task: Task
  readonly #onTrouble: (path: Buffer) => void
  readonly #told: Told[] = []
  readonly #missing: Buffer[] = []
  failedFiles = 0
  #seenFiles = 0
  #seenBytes = 0

  /** `onTrouble` hears of each path that a warning is about. */
  constructor(task: Task, onTrouble: (path: Buffer) => void) {
    this.#task = task
    this.#onTrouble = onTrouble
  }

  seen(found: FoundEntry, path: () => Buffer): void {
    this.#seenFiles++
    if (found.type === 'file') this.#seenBytes += found.sizeBytes
    if (this.#seenFiles < filesPerStep && this.#seenBytes < bytesPerStep) return
    this.#tellSeen({ current: path().toString() })
  }

  seenUnchanged({ files, bytes }: { readonly files: number; readonly bytes: number }, current: Buffer): void {
    this.#seenFiles += files
    this.#seenBytes += bytes
    const isStep = this.#seenFiles >= filesPerStep || this.#seenBytes >= bytesPerStep
    if (isStep) this.#tellSeen({ current: current.toString() })
  }

  /** The walk is over: tells what makes no whole step. */
  end(): void {
    this.#tellSeen({})
  }

  vanished(path: Buffer): void {
    this.#tell('file.vanished', path, '')
  }

  changing(path: Buffer): void {
    this.#tell('file.changing', path, '')
  }

  unreadable(path: Buffer, reason: string): void {
    this.failedFiles++
    this.#missing.push(Buffer.from(path))
    this.#tell('file.unreadable', path, reason)
  }

  metadataUnreadable(path: Buffer, reason: string): void {
    this.#tell('file.metadata-unreadable', path, reason)
  }

  /** Warnings as the point lists them: [path, code, reason]. */
  warningElements(): { readonly key: Uint8Array; readonly value: CborValue }[] {
    return this.#told.map(({ path, code, reason }) => ({ key: path, value: [path, code, reason] }))
  }

  /** All that belongs to the point and is not in it: [path, code]. */
  missingElements(): { readonly key: Uint8Array; readonly value: CborValue }[] {
    return this.#missing.map((path) => ({ key: path, value: [path, 'file.unreadable'] }))
  }

  #tellSeen(step: Pick<ProgressStep, 'current'>): void {
    this.#task.add({ ...step, files: this.#seenFiles, bytes: this.#seenBytes })
    this.#seenFiles = 0
    this.#seenBytes = 0
  }

  #tell(code: FileWarningCode, path: Buffer, reason: string): void {
    if (this.#told.length < maxListed) this.#told.push({ path: Buffer.from(path), code, reason })
    this.#task.warn(fileWarning(code, path, reason))
    this.#onTrouble(path)
  }
}
