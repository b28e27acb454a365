/** A limit on bytes a second, waited for piece by piece: smooth at 512 kbit/s and at 1 Gbit/s alike. */
import type { Clock } from './clock.ts'
import { createTokenBucket } from './token-bucket.ts'

export interface Pace {
  readonly bytesPerSecond: number
  /** Pieces of this size keep the flow smooth. */
  readonly pieceBytes: number
  /** Resolves when `sizeBytes` more may go; rejects with the signal's reason. */
  take(sizeBytes: number, signal?: AbortSignal): Promise<void>
}

/** About so much time passes with one piece. */
const pieceMs = 50
const leastPieceBytes = 4 * 1024
const mostPieceBytes = 64 * 1024
/** What may be caught up after a timer that came late. */
const burstMs = 50
/** Timers are no finer; less than this is waited for with the next piece. */
const leastWaitMs = 2

/** Shared by all that share the limit. */
export function createPace(bytesPerSecond: number, clock: Clock): Pace {
  const bucket = createTokenBucket({ ratePerSecond: bytesPerSecond, burst: (bytesPerSecond * burstMs) / 1000 })
  const piece = Math.round((bytesPerSecond * pieceMs) / 1000)
  return {
    bytesPerSecond,
    pieceBytes: Math.min(mostPieceBytes, Math.max(leastPieceBytes, piece)),
    take: async (sizeBytes, signal) => {
      const waitMs = bucket.take(sizeBytes, clock.nowMs())
      if (waitMs >= leastWaitMs) await clock.delay(waitMs, signal)
    },
  }
}
