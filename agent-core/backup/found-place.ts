import type { FoundEntry } from '../source/found-entry.ts'

/** An entry where it was found. */
export interface FoundPlace {
  readonly name: Uint8Array
  /** Short enough for the system (anchored-path). */
  readonly path: Buffer
  /** Absolute, raw bytes. */
  readonly fullPath: Buffer
  readonly found: FoundEntry
  /** Number of the volume, for entries with several names. */
  readonly volume: number
}
