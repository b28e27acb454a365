/** Whether the program that runs has been replaced on the disk: what an agent has not loaded yet is gone then, or of another version. */
import { statSync } from 'node:fs'
import type { Clock } from './clock.ts'

const lookMs = 15_000

export interface ProgramWatch {
  /** The file that was started. */
  readonly path: string
  readonly clock: Clock
  readonly isIdle: () => boolean
  readonly signal: AbortSignal
}

/** Resolves with true once another file has taken the place of the one that is there now, and `isIdle`; with false when aborted. */
export async function isReplacedOnDisk({ path, clock, isIdle, signal }: ProgramWatch): Promise<boolean> {
  const started = stampOf(path)
  while (!signal.aborted) {
    await clock.delay(lookMs, signal).catch(() => undefined)
    const stamp = stampOf(path)
    // In the midst of an update it is not there.
    const isReplaced = stamp !== undefined && stamp !== started
    if (isReplaced && isIdle() && !signal.aborted) return true
  }
  return false
}

function stampOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats && `${stats.dev} ${stats.ino} ${stats.mtimeMs}`
}
