/** What the engine is asked about a file, and what it answers. */
import type { Content } from '../format/tree.ts'

/** A file to capture. */
export interface FileRequest {
  /**
   * Absolute; raw bytes, one character each (latin1): a small buffer would be sent with the whole pool it lies in.
   * The last component is the entry's name.
   */
  readonly path: string
  /** As the walk saw it; decides how the work is divided and nothing else. */
  readonly sizeBytes: number
  /** Number of the file's volume, the same in every point, for hard-link groups. */
  readonly volume: number
  /** Content in the last point, if it was there. */
  readonly previous: Content | undefined
}

/** What became of a file. */
export type FileOutcome =
  | CapturedFile
  | { readonly state: 'vanished' | 'excluded' }
  /** Another kind of entry stands there now: the file is gone. */
  | { readonly state: 'replaced' }
  | { readonly state: 'unreadable'; readonly reason: string }

export interface CapturedFile {
  readonly state: 'captured'
  /** The whole entry. */
  readonly encoded: Uint8Array
  readonly sizeBytes: number
  readonly bytesRead: number
  /** It changed during each of the readings. */
  readonly isChanging: boolean
  readonly metadataProblem: string | undefined
}
